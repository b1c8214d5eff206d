"""Follows a warmed parent of kernels (`autograder.sandbox.zygote`) and its children, from outside."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from autograder.sandbox import command as bwrap
from autograder.sandbox.cgroups import Group
from autograder.sandbox.errors import SandboxUnavailable
from autograder.sandbox.filter import number, program
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import READY

_SECONDS = 120.0
_DESCRIPTORS = 2**16


class Forked:
    """A sandbox forked from a warmed parent, followed as `subprocess.Popen` follows a child."""

    stdin = None
    stderr = None

    def __init__(self, line: socket.socket, words: int, pid: int) -> None:
        self.pid = pid
        self.stdout: IO[bytes] = open(words, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
        self.returncode: int | None = None
        self._line = line
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return the exit code.

        Raises:
            subprocess.TimeoutExpired: It still runs.
        """
        with self._lock:
            if self.returncode is not None:
                return self.returncode
            ready, _, _ = select.select([self._line], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired("sandbox", timeout or 0)
            # Where the messenger itself was killed, the line ends without a word.
            code = self._line.recv(64)
            self._line.close()
            self.returncode = int(code) if code else 128 + signal.SIGKILL
            return self.returncode

    def kill(self) -> None:
        """End the messenger, and with it the first process of the sandbox, and with that all."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Zygote:
    """A warmed parent: it starts once, and forks sandboxed kernels until it is closed.

    Args:
        environment: All variables of the kernels' environment.
        readable: Further files and folders that the kernels may read.

    Raises:
        SandboxUnavailable: It does not start, or cannot make sandboxes in its own.
    """

    def __init__(self, environment: Mapping[str, str], readable: Sequence[str] = ()) -> None:
        forbidden, keyctl = program(), number("keyctl")
        self.folder = Path(tempfile.mkdtemp(prefix="llmlab-", dir=_short_folder()))
        self._count = 0
        _allow_descriptors()
        (self.folder / "runs").mkdir(mode=0o700)
        (self.folder / "passwd").write_text(bwrap.PASSWD)
        (self.folder / "hosts").write_text(bwrap.HOSTS)
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = bwrap.arguments(
            Limits(), environment, readable, private=str(self.folder), nests=True
        )
        rules = bwrap.memory_file(forbidden)
        given = [str(theirs.fileno()), str(rules), str(keyctl)]
        try:
            with bwrap.begun(arguments, filtered=False) as (before, files):
                self._process = subprocess.Popen(  # noqa: S603
                    [*before, sys.executable, "-m", "autograder.sandbox.zygote", *given],
                    cwd="/",
                    env={},
                    pass_fds=(*files, rules, theirs.fileno()),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
        finally:
            os.close(rules)
            theirs.close()
        atexit.register(self.close)
        ready, _, _ = select.select([self._requests], [], [], _SECONDS)
        if not ready or self._requests.recv(16) != READY:
            words = self._last_words()
            self.close()
            raise SandboxUnavailable(f"The warmed parent of kernels did not start ({words}).")

    def _last_words(self) -> str:
        self._process.kill()
        stream = self._process.stderr
        lines = stream.read().decode("utf-8", "replace").split("\n") if stream else []
        return next((line for line in reversed(lines) if line.strip()), "it said nothing").strip()

    @property
    def alive(self) -> bool:
        """Whether it can still be asked for a kernel."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def new_run(self) -> Path:
        """Make the folder of one more run, which its kernel alone will see."""
        self._count += 1
        folder = self.folder / "runs" / str(self._count)
        folder.mkdir(mode=0o700)
        (folder / "sockets").mkdir(mode=0o700)
        return folder

    def fork(self, run: Path, job: dict[str, Any], group: Group) -> Forked:
        """Start a kernel.

        Args:
            run: Its folder, made by `new_run`.
            job: Its `limits`, `environment`, `arguments`, and whether there is a `submission` in its folder.
            group: The control groups that it is put into before it begins.

        Raises:
            SandboxUnavailable: The sandbox could not be made.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words, their_words = os.pipe()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        ours.settimeout(_SECONDS)
        try:
            socket.send_fds(self._requests, [b"fork"], [theirs.fileno(), their_words])
        finally:
            theirs.close()
            os.close(their_words)
        try:
            message, ancillary, _, _ = ours.recvmsg(16, socket.CMSG_SPACE(12))
            if message != READY:
                raise SandboxUnavailable("The warmed parent of kernels has ended.")
            pid = struct.unpack("3i", ancillary[0][2])[0]
            group.add(pid)
            ours.send(json.dumps(job | {"run": str(run)}).encode())
        except BaseException:
            ours.close()
            os.close(words)
            raise
        return Forked(ours, words, pid)

    def try_out(self) -> None:
        """Make one sandbox, in which nothing is run.

        Raises:
            SandboxUnavailable: Linux does not let a sandbox make another in its own.
        """
        nothing: dict[str, Any] = {"environment": {}, "arguments": [], "submission": False}
        limits = {"limits": dataclasses.asdict(Limits())}
        process = self.fork(self.new_run(), nothing | limits, Group())
        try:
            code = process.wait(_SECONDS)
            words = process.stdout.read().decode("utf-8", "replace").strip()
        except subprocess.TimeoutExpired:
            process.kill()
            code, words = 1, "it did not end"
        finally:
            process.stdout.close()
        if code:
            raise SandboxUnavailable(f"No sandbox can be made in another here ({words}).")

    def close(self) -> None:
        """End it with all of its children, and remove its folder."""
        atexit.unregister(self.close)
        self._requests.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _allow_descriptors() -> None:
    """Let this process hand on descriptors whatever its kernels do.

    Linux counts those on their way between processes for all of a user together, against the limit of open files of
    whoever sends. A kernel that sends and never receives stops at its own limit, which is below this one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _short_folder() -> str:
    """Name a folder for sockets: the name of a Unix socket has at most 107 bytes."""
    found = os.path.realpath(tempfile.gettempdir())
    return found if len(os.fsencode(found)) <= 60 else "/tmp"  # noqa: S108


_zygotes: dict[tuple[Any, ...], Zygote] = {}


def zygote(environment: Mapping[str, str], readable: Sequence[str]) -> Zygote:
    """Find the warmed parent of this process for these settings, or start it.

    Raises:
        SandboxUnavailable: It does not start.
    """
    key = (os.getpid(), tuple(sorted(environment.items())), tuple(readable))
    known = _zygotes.get(key)
    if known is None or not known.alive:
        known = Zygote(environment, readable)
        try:
            known.try_out()
        except BaseException:
            known.close()
            raise
        _zygotes[key] = known
    return known
