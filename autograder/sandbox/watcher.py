"""Watches one sandbox from outside, in a thread, and ends it when it goes over a limit.

What Linux limits by itself (control groups, resource limits) it limits at once; the watcher sees to the rest, says
which limit it was, and keeps the end of what the sandbox wrote past Jupyter.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from autograder.sandbox.cgroups import Group
from autograder.sandbox.limits import Limits, Report, Stop
from autograder.sandbox.warm import Forked

_LAST_WORDS = 4096


def inner_processes(process: subprocess.Popen[bytes] | Forked) -> list[psutil.Process]:
    """Name the processes in a sandbox; the first is its init, whose end is the end of all."""
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.Error:
        return []


def end(process: subprocess.Popen[bytes] | Forked) -> None:
    """End a sandbox with all that is in it.

    The init of its process namespace is killed, and Linux kills the rest. Bubblewrap, outside, ends only when
    all of them are gone; so whoever sees it ended knows that nothing is left.
    """
    if process.poll() is not None:
        return
    try:
        inits = psutil.Process(process.pid).children()
    except psutil.Error:
        inits = []
    for init in inits:
        with contextlib.suppress(psutil.Error):
            init.kill()
    if not inits:
        process.kill()


def _proportional(processes: list[psutil.Process]) -> float:
    """Add up the memory of processes; what several share is counted in shares."""
    memory = 0.0
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            try:
                memory += one.memory_full_info().pss
            except psutil.AccessDenied:
                memory += one.memory_info().rss
    return memory


class Watcher:
    """Watches one sandbox until it ends."""

    def __init__(
        self,
        process: subprocess.Popen[bytes] | Forked,
        limits: Limits,
        group: Group,
        sockets: Path,
        told: Callable[[Report], None],
    ) -> None:
        self._process = process
        self._limits = limits
        self._group = group
        self._sockets = sockets
        self._told = told
        self._started = time.monotonic()
        # Where control groups do not limit memory, a hog must be seen soon.
        self._pause = 0.25 if group.folders else 0.1
        self._group_counts = group.limits_memory
        self._stop: Stop | None = None
        self._words = b""
        self._threads = [
            threading.Thread(target=self._listen, name="sandbox-words", daemon=True),
            threading.Thread(target=self._watch, name="sandbox-watcher", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def report(self) -> Report:
        """What is known by now."""
        code = self._process.poll()
        stop = self._stop or (self._found_dead(code) if code is not None else None)
        # The words are untrusted, and may be meant for a terminal.
        words = "".join(
            c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}"
            for c in self._words.decode("utf-8", "replace")
        )
        return Report(stop, self._limits.sentence(stop) if stop else "", code, words)

    def finish(self) -> None:
        """Wait until the sandbox, which has ended or is about to, is seen off."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)

    def _listen(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream, contextlib.suppress(OSError, ValueError):
            while part := os.read(stream.fileno(), 65536):
                self._words = (self._words + part)[-_LAST_WORDS:]

    def _watch(self) -> None:
        while self._process.poll() is None:
            stop = self._over_limit()
            if stop is not None:
                # The first reason counts; what follows is the sandbox coming down.
                self._stop = stop
                end(self._process)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=5)
                break
            time.sleep(self._pause)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._stop = self._stop or self._found_dead(self._process.wait())
        if self._stop is not None:
            self._told(self.report)

    def _over_limit(self) -> Stop | None:
        if time.monotonic() - self._started > self._limits.wall_seconds:
            return "wall time"
        if self._tampered():
            return "sockets"
        if self._group.ran_out_of_memory():
            return "memory"
        if self._group.ran_out_of_processes():
            return "processes"
        memory = seconds = tasks = 0.0
        processes = inner_processes(self._process)
        for one in processes:
            with contextlib.suppress(psutil.Error), one.oneshot():
                memory += one.memory_info().rss
                seconds += sum(one.cpu_times()[:4])  # its own, and of children that have ended
                tasks += one.num_threads()
        # What forked processes share is counted once for each here, and is not much until they write to it.
        too_much = not self._group_counts and memory > self._limits.memory_bytes
        if too_much and _proportional(processes) > self._limits.memory_bytes:
            return "memory"
        if seconds > self._limits.processor_seconds:
            return "processor time"
        # Linux refuses one more; a program that goes on trying would never end.
        if tasks >= self._limits.processes:
            return "processes"
        return None

    def _found_dead(self, code: int) -> Stop | None:
        """Say which limit ended a sandbox that was not ended by us."""
        if self._group.ran_out_of_memory():
            return "memory"
        if code == 128 + signal.SIGXCPU:
            return "processor time"
        return None

    def _tampered(self) -> bool:
        """Say whether there is anything but sockets in the one folder that the kernel shares."""
        try:
            entries = list(os.scandir(self._sockets))
        except OSError:
            return not self._sockets.is_dir()
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if not stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                    return True
        return len(entries) > 16
