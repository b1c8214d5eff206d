"""A Jupyter kernel provisioner that runs the kernel in a bubblewrap sandbox.

Every program that starts kernels through jupyter_client, nbclient and nbgrader among them, uses it by the name of
a kernel whose kernel.json names this provisioner; see `autograder.sandbox.kernelspec`.

The kernel has no network. It talks over Unix sockets in a folder that exists, under the same name, outside and
inside; outside, only this user may enter it. The kernel makes the sockets, so it may also remove and replace them.
That gains it nothing:

- It speaks for itself on any socket there, with the key that it was given for it. A client must doubt what a
  kernel says in any case.
- A link in a socket's place would have the client connect to another socket of this machine. A ZeroMQ client sends
  64 fixed bytes, and nothing more until its peer has answered in kind; another kernel would refuse the message,
  since it is signed with a key that is not its own. The watcher ends a kernel with a link, a file or a folder there.
- The connection file lies outside that folder, read-only: it cannot be made to lead the client elsewhere.
- Nothing outside reads a file in that folder, and it is removed without following links.

See https://jupyter-client.readthedocs.io/en/stable/provisioning.html.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Dict, Int, List, Unicode

from autograder.sandbox import command as bwrap
from autograder.sandbox.cgroups import Group, make_group
from autograder.sandbox.errors import SandboxMisconfigured, SandboxUnavailable
from autograder.sandbox.inside import copy_submission
from autograder.sandbox.limits import Limits, Report
from autograder.sandbox.warm import Zygote, zygote
from autograder.sandbox.watcher import Watcher, end, inner_processes

# A Unix socket's name has at most 107 bytes.
_LONGEST_FOLDER = 80


class BubblewrapProvisioner(LocalProvisioner):
    """Runs a kernel in a sandbox: no network, a read-only machine, private folders, limits."""

    limits = Dict(
        key_trait=Unicode(),
        value_trait=Int(),
        help="Limits to change, by name: wall_seconds, processor_seconds, memory_bytes, processes, "
        "open_files, file_bytes, scratch_bytes.",
    ).tag(config=True)

    readable = List(
        Unicode(),
        help="Further files and folders that the kernel may read, such as a folder of data.",
    ).tag(config=True)

    environment = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        help="Variables of the kernel's environment; nothing of this process's own is handed on.",
    ).tag(config=True)

    threads = Int(2, min=1, help="Threads that numerical libraries may use.").tag(config=True)

    warm = Bool(
        False,
        help="Fork kernels from a warmed parent, which is started once and has imported what labs need. Where "
        "Linux does not let it make sandboxes in its own, each kernel is started by itself.",
    ).tag(config=True)

    _folder: Path | None = None
    _zygote: Zygote | None = None
    _group = Group()
    _watcher: Watcher | None = None
    _last_report = Report()

    @property
    def report(self) -> Report:
        """How the kernel is doing, or how the last one ended and which limit it reached."""
        return self._watcher.report if self._watcher is not None else self._last_report

    @property
    def strangers(self) -> list[str]:
        """The names of the processes in the sandbox besides its init and the kernel; untrusted text."""
        names = []
        # Of a kernel that bubblewrap starts and of one that is forked, the first two are ours.
        for one in inner_processes(self.process)[2:] if self.process is not None else ():
            with contextlib.suppress(psutil.Error):
                names.append(one.name())
        return names

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the private folder and point the kernel's manager to sockets in it.

        Raises:
            SandboxUnavailable: No sandbox can be started here.
            SandboxMisconfigured: A limit or the submission's folder cannot be used.
        """
        bwrap.sandbox_works()
        limits = Limits.of(self.limits)
        if kwargs.get("cwd") is not None:
            _check_submission(str(kwargs["cwd"]), limits)
        if self._folder is None:
            self._zygote = self._warmed() if self.warm else None
            self._folder = self._zygote.new_run() if self._zygote else _private_folder()
            self._remove_folder = weakref.finalize(self, _remove, self._folder)
            manager: Any = self.parent
            manager.cache_ports = False
            manager.transport = "ipc"
            manager.ip = str(self._folder / "sockets" / "kernel")
            manager.connection_file = str(self._folder / "connection.json")
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the sandbox and the kernel in it."""
        assert self._folder is not None  # noqa: S101 - pre_launch made it
        self._see_off()
        limits = Limits.of(self.limits)
        submission = kwargs.pop("cwd", None)
        asked = {name: kwargs["env"][name] for name in self.kernel_spec.env}
        group = make_group(limits)
        try:
            if self._zygote:
                self._fork(self._zygote, cmd, limits, asked, submission, group)
            else:
                await self._start(cmd, limits, asked, submission, group, kwargs)
        except BaseException:
            group.remove()
            raise
        self._group = group
        process: Any = self.process
        self._watcher = Watcher(
            process,
            limits,
            group,
            self._folder / "sockets",
            functools.partial(_tell, weakref.ref(self)),
        )
        return self.connection_info

    async def _start(
        self,
        cmd: list[str],
        limits: Limits,
        asked: dict[str, str],
        submission: str | None,
        group: Group,
        others: dict[str, Any],
    ) -> None:
        """Start bubblewrap with the kernel in it."""
        arguments = bwrap.arguments(
            limits,
            self._environment() | asked,
            self.readable,
            None if submission is None else str(Path(submission).resolve()),
            str(self._folder),
        )
        settings = {
            "limits": dataclasses.asdict(limits),
            "submission": None if submission is None else bwrap.SUBMISSION,
        }
        inside = str(Path(bwrap.__file__).with_name("inside.py"))
        launcher = [sys.executable, "-I", "-S", inside, json.dumps(settings), *cmd]
        with bwrap.begun(arguments) as (before, files):
            changes = {
                "cwd": "/",
                # Bubblewrap's own environment can be read inside.
                "env": {},
                "pass_fds": files,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.STDOUT,
            }
            await super().launch_kernel(group.joined([*before, *launcher]), **others | changes)

    def _warmed(self) -> Zygote | None:
        """Find the warmed parent, or None where there can be none."""
        try:
            return zygote(self._environment(), self.readable)
        except SandboxUnavailable as error:
            self.log.warning("%s Each kernel is started by itself.", error)
            return None

    def _fork(
        self,
        parent: Zygote,
        cmd: list[str],
        limits: Limits,
        asked: dict[str, str],
        submission: str | None,
        group: Group,
    ) -> None:
        """Have the warmed parent fork the kernel."""
        assert self._folder is not None  # noqa: S101 - pre_launch made it
        if submission is not None:
            copy_submission(submission, str(self._folder / "submission"))
        job = {
            "limits": dataclasses.asdict(limits),
            "environment": asked,
            # What stands before the connection file starts Python with the kernel's module.
            "arguments": cmd[cmd.index("-f") :],
            "submission": submission is not None,
        }
        process: Any = parent.fork(self._folder, job, group)
        self.process, self.pid, self.pgid = process, process.pid, None

    def _environment(self) -> dict[str, str]:
        return _environment(self.threads) | self.environment

    async def send_signal(self, signum: int) -> None:
        """Pass a signal on to the kernel; one that should end it ends the whole sandbox."""
        if self.process is None:
            return
        if signum in (signal.SIGKILL, signal.SIGTERM):
            end(self.process)
        elif signum:
            # The init of the sandbox ignores signals; the kernel is its first child.
            for one in inner_processes(self.process)[1:2]:
                with contextlib.suppress(psutil.Error):
                    one.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """End the sandbox with everything in it."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """End the sandbox with everything in it; the kernel was asked before."""
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        """Make sure that nothing of the sandbox is left, on the machine or on the disk."""
        self._see_off()
        if not restart and self._folder is not None:
            self._remove_folder()
            self._folder = None
        await super().cleanup(restart)

    def _see_off(self) -> None:
        """End what may still run, remember the report, remove the control groups."""
        if self._watcher is None:
            return
        if self.process is not None:
            end(self.process)
        self._watcher.finish()
        self._last_report = self._watcher.report
        self._watcher = None
        self._group.remove()
        self._group = Group()

    def resolve_path(self, path_str: str) -> str | None:
        """Resolve nothing: the kernel's folders are not of this machine."""
        return None


def _environment(threads: int) -> dict[str, str]:
    count = str(threads)
    return {
        "HOME": bwrap.HOME,
        "LANG": "C.UTF-8",
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        # The parent is the sandbox's init: the kernel need not watch it, nor explain how to end it.
        "JPY_PARENT_PID": "1",
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "PYTHONPATH": bwrap.module_path(),
        # There is no network: `!pip install`, which many notebooks begin with, need not wait for one.
        "PIP_RETRIES": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # A parent that imports matplotlib before the kernel begins has to know.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def warm_up(environment: Mapping[str, str], readable: Sequence[str], threads: int = 2) -> None:
    """Start the warmed parent of kernels with these settings, where there can be one."""
    with contextlib.suppress(SandboxUnavailable):
        zygote(_environment(threads) | dict(environment), readable)


def _tell(provisioner: weakref.ref[BubblewrapProvisioner], report: Report) -> None:
    found = provisioner()
    if found is not None:
        found.log.warning("The sandbox was ended: %s", report.sentence)


def _private_folder() -> Path:
    """Make a folder that only this user may enter."""
    places = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]  # noqa: S108
    for place in filter(None, places):
        with contextlib.suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="llmlab-", dir=os.path.realpath(place)))
            if len(os.fsencode(folder)) > _LONGEST_FOLDER:
                folder.rmdir()
                continue
            (folder / "sockets").mkdir(mode=0o700)
            (folder / "passwd").write_text(bwrap.PASSWD)
            (folder / "hosts").write_text(bwrap.HOSTS)
            return folder
    raise SandboxMisconfigured(
        "No folder for a kernel's sockets can be made; set TMPDIR to a folder that you may write to, "
        f"of at most {_LONGEST_FOLDER - 16} characters."
    )


def _remove(folder: Path) -> None:
    """Remove the private folder, whatever the kernel left in it, without following links."""
    for root, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(root, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _check_submission(folder: str, limits: Limits) -> None:
    """Make sure that a copy of the folder fits into the sandbox.

    Raises:
        SandboxMisconfigured: It is no folder, or too large.
    """
    if not Path(folder).is_dir():
        raise SandboxMisconfigured(f"There is no folder {folder} to run the notebook in.")
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(root, name))
                total += found.st_size if stat.S_ISREG(found.st_mode) else 0
        if total > limits.scratch_bytes:
            raise SandboxMisconfigured(
                f"{folder} is larger than a sandbox's private folder ({limits.scratch_bytes} bytes); put the "
                "submission into a folder of its own, or raise the limit scratch_bytes."
            )
