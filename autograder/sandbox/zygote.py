"""The warmed parent of sandboxed kernels: it has imported what a lab needs, and forks a kernel a submission.

It is the first program in a sandbox of its own, and no student's code ever runs in it. Each child gets fresh
namespaces (user, process, mount, IPC, network, host name) before it becomes a kernel: private folders in memory, a
/proc and terminals of its own, the folder of its own run and no other's; no capability is left, and no
further user namespace can be made; the session keyring is fresh, and the filter of system calls is loaded, which
the parent cannot do without the calls that it forbids. See namespaces(7), user_namespaces(7), mount_namespaces(7),
seccomp(2).

Outside, `autograder.sandbox.warm` asks for a child over a socket and follows it.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import json
import os
import re
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from autograder.sandbox.command import HOME, UID, WORK, of_the_machine
from autograder.sandbox.inside import copy_submission, set_limits
from autograder.sandbox.keyring import join_fresh

READY = b"ready"
# What a lab's kernel imports first. A module that leaves threads behind has no place here: a fork loses them.
PRELOADED = (
    "torch",
    "torch.nn.functional",
    "numpy.random",
    "matplotlib.figure",
    "matplotlib.font_manager",
    "matplotlib.backends.backend_agg",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "IPython.core.completer",
    "jedi",
    "autograder.student.publishing",
    "llmlab.model",
    "llmlab.widgets",
    # Exercises import it; a file beside a notebook may have its name.
    "statistics",
)

_CLONE_NEWUSER = 0x10000000
# Mounts, control groups, host name, IPC, processes, network.
_CLONE_REST = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 8, 32, 4096
_MS_REC, _MS_PRIVATE = 16384, 1 << 18
_SAFE = _MS_NOSUID | _MS_NODEV
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION = 0x20080522
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _do(name: str, *arguments: Any) -> None:
    """Call a function of the C library that returns -1 on failure.

    Raises:
        OSError: It failed.
    """
    if getattr(_libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    texts = [os.fsencode(text) for text in (source, target, kind, options)]
    try:
        _do("mount", texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    except OSError as error:
        error.filename = target
        raise


def _enter_namespaces() -> None:
    _do("unshare", _CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{UID} {UID} 1")
    Path("/proc/self/gid_map").write_text(f"{UID} {UID} 1")
    _do("unshare", _CLONE_REST)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", _IFF_UP)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def _see_own_files_only(run: str, scratch_bytes: int) -> None:
    """Mount what this kernel may write, and hide every other run's folder."""
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    for folder in (HOME, "/tmp", "/dev/shm"):  # noqa: S108 - of this sandbox
        _cover(folder, f"size={scratch_bytes},mode=0755")
    # The machine has some thousands of terminals for all.
    terminals = "newinstance,ptmxmode=0666,max=64"
    _mount("devpts", "/dev/pts", "devpts", _MS_NOSUID | _MS_NOEXEC, terminals)
    aside, runs = f"{HOME}/run", str(Path(run).parent)
    os.mkdir(aside)
    _mount(run, aside, "", _MS_BIND)
    _mount("tmpfs", runs, "tmpfs", _SAFE, "mode=0755")
    os.mkdir(run)
    _mount(aside, run, "", _MS_BIND)
    _mount(f"{run}/sockets", f"{run}/sockets", "", _MS_BIND)
    _mount("none", run, "", _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _SAFE)
    _mount("none", runs, "", _MS_BIND | _MS_REMOUNT | _MS_RDONLY | _SAFE)
    _do("umount2", os.fsencode(aside), 0)
    os.rmdir(aside)
    os.mkdir(WORK)


def _cover(folder: str, options: str) -> None:
    """Mount a fresh folder in memory over one; what was mounted below it stays where it was."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [re.sub(r"\\(\d{3})", _character, mount.split(" ")[4]) for mount in mounts]
    below = [point for point in points if Path(folder) in Path(point).parents]
    outermost = [one for one in below if not set(map(str, Path(one).parents)) & set(below)]
    held = [(point, os.open(point, os.O_PATH)) for point in outermost]
    _mount("tmpfs", folder, "tmpfs", _SAFE, options)
    for point, file in held:
        source = f"/proc/self/fd/{file}"
        Path(point if Path(source).is_dir() else Path(point).parent).mkdir(
            parents=True, exist_ok=True
        )
        if not Path(source).is_dir():
            Path(point).touch()
        _mount(source, point, "", _MS_BIND | _MS_REC)
        os.close(file)


def _character(code: re.Match[str]) -> str:
    return chr(int(code[1], 8))


def _own_proc() -> None:
    """Mount the /proc of this process namespace, forbid further user namespaces, make it read-only.

    Of the whole machine it tells no more than bubblewrap's.
    """
    flags = _SAFE | _MS_NOEXEC
    _mount("proc", "/proc", "proc", flags)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for path in of_the_machine():
        _mount("/dev/null", path, "", _MS_BIND)
    _mount("none", "/proc", "", _MS_BIND | _MS_REMOUNT | _MS_RDONLY | flags)


def _drop_capabilities() -> None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _do("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _do("capset", header, bytes(24))
    _do("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


class _Program(ctypes.Structure):
    """What Linux calls sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _load_filter(program: bytes) -> None:
    """Forbid system calls to this process and to all that it starts."""
    loaded = _Program(len(program) // 8, program)
    _do("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(loaded), 0, 0)


def _become_kernel(job: dict[str, Any], words: int) -> None:
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDONLY)
    for number, target in enumerate((nothing, words, words)):
        os.dup2(target, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.update(job["environment"])
    os.chdir(WORK)
    if job["submission"]:
        copy_submission(f"{job['run']}/submission", WORK)
    set_limits(job["limits"])
    if not job["arguments"]:
        return  # a trial: all is made ready, and no kernel is wanted
    sys.path[0] = ""
    sys.argv = ["ipykernel_launcher", *job["arguments"]]
    numpy_random = importlib.import_module("numpy.random")
    numpy_random.seed()
    kernelapp = importlib.import_module("ipykernel.kernelapp")
    kernelapp.launch_new_instance(argv=job["arguments"])


def _init(job: dict[str, Any], words: int, program: bytes) -> int:
    """Be the first process of the namespace: make it ready, and stay until the kernel ends."""
    _do("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _see_own_files_only(job["run"], job["limits"]["scratch_bytes"])
    _own_proc()
    _drop_capabilities()
    _load_filter(program)
    kernel = os.fork()
    if kernel == 0:
        _become_kernel(job, words)
        return 0
    os.close(words)
    while True:
        ended, status = os.wait()
        if ended == kernel:
            return _shell_code(status)


def _shell_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _child(line: socket.socket, words: int, program: bytes, keyctl: int) -> int:
    """Enter the namespaces, start their first process, and tell outside how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Whoever reads this learns our process's number outside, and answers once we are under its limits.
    line.send(READY)
    job = json.loads(line.recv(2**20))
    # Should the machine run out of memory all the same, it is the first to go.
    Path("/proc/self/oom_score_adj").write_text("1000")
    _enter_namespaces()
    join_fresh(keyctl)
    first = os.fork()
    if first == 0:
        line.close()
        return _init(job, words, program)
    os.close(words)
    _, status = os.waitpid(first, 0)
    code = _shell_code(status)
    line.send(str(code).encode())
    return code


def main(descriptor: str, rules: str, keyctl: str) -> None:
    """Import, then fork a child each time that one is asked for, until the other side is gone.

    Args:
        descriptor: Of the socket on which the other side asks.
        rules: The descriptor of a file with the filter of system calls.
        keyctl: The number of that system call.
    """
    with open(int(rules), "rb") as file:
        program = file.read()
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    requests = socket.socket(fileno=int(descriptor))
    requests.send(READY)
    while True:
        _, given, _, _ = socket.recv_fds(requests, 16, 2)
        if len(given) != 2:
            return
        if os.fork() == 0:
            code = 1
            try:
                requests.close()
                code = _child(socket.socket(fileno=given[0]), given[1], program, int(keyctl))
            except SystemExit as error:
                code = error.code if isinstance(error.code, int) else 1
            except BaseException as error:
                os.write(given[1], f"The sandbox was not made: {error!s}\n".encode())
            finally:
                os._exit(code)
        for one in given:
            os.close(one)


if __name__ == "__main__":
    main(*sys.argv[1:])
