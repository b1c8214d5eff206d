"""The command line of bubblewrap: what a sandboxed kernel sees of the machine.

It sees the system's programs and libraries, this Python with its packages, `llmlab`, and of `autograder` what tries an
answer, all read-only; three private folders in memory; the copy of one submission. Nothing else of the disk is there:
no home, no course, no other submission, no solutions, no exercises. Which system calls are left,
`autograder.sandbox.filter` says. See bwrap(1), version 0.8.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autograder.sandbox.errors import GO_ON, SandboxUnavailable
from autograder.sandbox.filter import number, program
from autograder.sandbox.limits import Limits

HOME = "/home/student"
WORK = f"{HOME}/work"
SUBMISSION = "/submission"
UID = 1000

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# The loader's cache, Debian's choice of BLAS, fonts for plots, the time zone.
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "fonts", "localtime")
_PACKAGES = ("autograder", "llmlab")
# Of `autograder`, what tries an answer and hands over what it did; what is right or often wrong is elsewhere.
_SHOWN = ("errors.py", "exercise", "probing", "sandbox", "student")
# What /proc tells of the whole machine to a grader who is root, or of this user's keys to any.
_OF_THE_MACHINE = (
    "kallsyms",
    "kcore",
    "key-users",
    "keys",
    "kmsg",
    "kpagecgroup",
    "kpagecount",
    "kpageflags",
    "latency_stats",
    "modules",
    "pagetypeinfo",
    "sched_debug",
    "slabinfo",
    "timer_list",
    "vmallocinfo",
)

PASSWD = f"student:x:{UID}:{UID}::{HOME}:/bin/sh\n"
HOSTS = "127.0.0.1 localhost\n::1 localhost\n"


def bubblewrap() -> str:
    """Find the program.

    Raises:
        SandboxUnavailable: It is not installed.
    """
    found = shutil.which("bwrap") if sys.platform == "linux" else None
    if not found:
        where = "" if sys.platform == "linux" else "use Linux and "
        raise SandboxUnavailable(
            f"There is no bubblewrap here; {where}install it (`apt install bubblewrap`, "
            f"`dnf install bubblewrap`, `conda install bubblewrap`); {GO_ON}."
        )
    return found


def python_folders() -> list[str]:
    """Name the folders that this Python and `llmlab` are read from."""
    folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    # An editable install is read from a checkout, of which no more than the package is shown.
    folders |= _package_folders("llmlab")
    folders |= {os.path.realpath(folder) for folder in folders}
    return _outermost(folders - {"/"})


def _package_folders(package: str) -> set[str]:
    """Name the folder that a package is read from, with and without links in its path."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return set()
    folder = str(Path(spec.origin).parent)
    return {folder, os.path.realpath(folder)}


def _quiet_package() -> Iterator[str]:
    """Write what lays, in the place of `autograder`, what tries answers under a package that says nothing."""
    for folder in sorted(_package_folders("autograder")):
        yield from ("--tmpfs", folder)
        for name in _SHOWN:
            yield from ("--ro-bind", f"{folder}/{name}", f"{folder}/{name}")
        yield from ("--ro-bind", f"{folder}/sandbox/quiet.py", f"{folder}/__init__.py")
        yield from ("--remount-ro", folder)


def module_path() -> str:
    """Name, for PYTHONPATH, the folders of the project's packages that Python would not look into."""
    specs = map(importlib.util.find_spec, _PACKAGES)
    found = [Path(spec.origin).parent.parent for spec in specs if spec and spec.origin]
    installed = [Path(sysconfig.get_paths()[name]) for name in ("purelib", "platlib")]
    return os.pathsep.join(dict.fromkeys(str(place) for place in found if place not in installed))


def _outermost(folders: Iterable[str]) -> list[str]:
    """Leave out what lies in another folder, and in /usr, which is always there."""
    kept: list[str] = []
    for folder in sorted(folders):
        if not any(Path(folder).is_relative_to(outer) for outer in ["/usr", *kept]):
            kept.append(folder)
    return kept


def arguments(
    limits: Limits,
    environment: Mapping[str, str],
    readable: Iterable[str] = (),
    submission: str | None = None,
    private: str | None = None,
    nests: bool = False,
) -> list[str]:
    """Write bubblewrap's arguments up to the command.

    Args:
        limits: The size of the private folders is theirs.
        environment: All variables that the command sees.
        readable: Further files and folders to show, read-only, at their own place.
        submission: The folder whose copy becomes the working folder.
        private: A folder made by the provisioner: what it holds is shown read-only at its own place,
            but for `sockets` in it, where the kernel puts its sockets.
        nests: Whether the command is a warmed parent, which runs no student's code and makes a sandbox in this
            one for each of its children; it may write to `runs` in the private folder, and not to `sockets`.
    """
    scratch = ["--size", str(limits.scratch_bytes)]
    given = ["--unshare-all", "--unshare-user", "--cap-drop", "ALL"]
    given += [] if nests else ["--disable-userns"]
    given += ["--uid", str(UID), "--gid", str(UID), "--hostname", "sandbox"]
    given += ["--die-with-parent", "--new-session", "--clearenv"]
    for name, value in environment.items():
        given += ["--setenv", name, value]
    given += ["--ro-bind", "/usr", "/usr"]
    for path in _SYSTEM:
        if os.path.islink(path):
            given += ["--symlink", os.readlink(path), path]
        else:
            given += ["--ro-bind-try", path, path]
    for name in _ETC:
        given += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    # The settings in /proc/sys belong to the machine, and obey a grader who is root even with no capability
    # left (core_pattern names a program that Linux runs outside): no part of /proc is to be written.
    if nests:
        # Linux mounts a new /proc only where a whole one is seen, and bubblewrap's covers parts of it.
        given += ["--bind", "/proc", "/proc"]
    else:
        given += ["--proc", "/proc"]
        for path in of_the_machine():
            given += ["--dev-bind", "/dev/null", path]
        given += ["--remount-ro", "/proc"]
    given += ["--dev", "/dev", *scratch, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    given += [*scratch, "--tmpfs", "/tmp"]  # noqa: S108
    given += [*scratch, "--tmpfs", HOME, "--dir", WORK]
    for folder in python_folders():
        given += ["--ro-bind", folder, folder]
    given += _quiet_package()
    for path in readable:
        given += ["--ro-bind", path, path]
    if submission is not None:
        given += ["--ro-bind", submission, SUBMISSION]
    if private is not None:
        given += ["--ro-bind", private, private]
        shared = f"{private}/{'runs' if nests else 'sockets'}"
        given += ["--bind", shared, shared]
        given += ["--ro-bind", f"{private}/passwd", "/etc/passwd"]
        given += ["--ro-bind", f"{private}/hosts", "/etc/hosts"]
    return [*given, "--remount-ro", "/", "--chdir", WORK]


def of_the_machine() -> list[str]:
    """Name the files of /proc that are covered in a sandbox, and read as empty there."""
    return [path for name in _OF_THE_MACHINE if os.path.exists(path := f"/proc/{name}")]


@contextlib.contextmanager
def begun(given: list[str], filtered: bool = True) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """Write what stands before a sandbox's command, with the descriptors that it has to inherit.

    Args:
        given: Bubblewrap's arguments.
        filtered: Whether bubblewrap loads the filter of system calls; a warmed parent, which makes sandboxes itself,
            has its children do so.

    Raises:
        SandboxUnavailable: Bubblewrap or libseccomp is missing.
    """
    sandbox = bubblewrap()
    keyring = str(Path(__file__).with_name("keyring.py"))
    # Bubblewrap's own arguments can be read inside; as a file they cannot.
    data = {"--args": b"".join(os.fsencode(argument) + b"\0" for argument in given)}
    if filtered:
        data["--seccomp"] = program()
    with contextlib.ExitStack() as held:
        files = {option: memory_file(part) for option, part in data.items()}
        for file in files.values():
            held.callback(os.close, file)
        options = [part for option, file in files.items() for part in (option, str(file))]
        before = [sys.executable, "-I", "-S", keyring, str(number("keyctl"))]
        yield [*before, sandbox, *options, "--"], tuple(files.values())


def memory_file(data: bytes) -> int:
    """Write data into a file that has no name, and return its descriptor."""
    file = os.memfd_create("sandbox")
    with open(file, "wb", closefd=False) as stream:
        stream.write(data)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def sandbox_works() -> None:
    """Start a sandbox with this Python in it; the first success is remembered.

    Raises:
        SandboxUnavailable: It does not start; the message says what to install or allow.
    """
    _trial(bubblewrap())


@functools.cache
def _trial(_bubblewrap: str) -> None:
    try:
        with begun(arguments(Limits(), {})) as (before, files):
            done = subprocess.run(  # noqa: S603
                [*before, sys.executable, "-I", "-S", "-c", "pass"],
                env={},
                pass_fds=files,
                capture_output=True,
                text=True,
                timeout=60,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    else:
        if done.returncode == 0:
            return
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    raise SandboxUnavailable(
        f"Bubblewrap cannot start a sandbox here ({reason.rstrip('.')}); install bubblewrap 0.8 or newer and "
        "allow user namespaces (`sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu "
        "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, in a container "
        f"`--security-opt seccomp=unconfined`); {GO_ON}."
    )
