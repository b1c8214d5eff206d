"""Computes something in a child process that cannot outlive its budget, nor disturb its parent.

The parent may be a kernel with sockets, threads and an event loop. The child is a copy of it in which only
the calling thread runs; it computes on one thread, prints to nobody, and ends without any cleaning up.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import math
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import torch

Send = Callable[[bytes], None]
Compute = Callable[[Send, float], None]
_MEMORY = 1 << 30
_NICE = 5


def computed_apart(
    compute: Compute,
    most: int,
    seconds: float,
    pause: float | None = None,
    polite: bool = True,
) -> bytes:
    """Compute in a child process, and collect what it sends.

    Args:
        compute: Is given the function to send bytes with, and the time (`time.monotonic`) at which it
            should have ended.
        most: How many bytes are listened to.
        seconds: How long the child may live, and how much processor time it may take.
        pause: How long it may send nothing; by default as long as it lives.
        polite: Whether it leaves the processor to others who want it.

    Returns:
        What was sent until the child ended or had to be ended; nothing where there are no such children
        (Windows), or no more of them are granted.
    """
    if not hasattr(os, "fork") or not hasattr(select, "poll"):
        return b""
    end = time.monotonic() + seconds
    reading, writing = os.pipe()
    try:
        with warnings.catch_warnings():
            # Python warns of a fork beside threads; their locks are waited for until the budget ends.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return b""
    if child == 0:
        _live(compute, reading, writing, end, seconds, polite)
    os.close(writing)
    try:
        return _received(reading, most, end, pause or seconds)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _received(reading: int, most: int, end: float, pause: float) -> bytes:
    waiting = select.poll()
    waiting.register(reading, select.POLLIN | select.POLLHUP)
    message = b""
    while len(message) < most:
        left = min(pause, end - time.monotonic())
        if left <= 0 or not waiting.poll(math.ceil(left * 1000)):
            break
        part = os.read(reading, most - len(message))
        if not part:
            break
        message += part
    return message


def _live(
    compute: Compute, reading: int, writing: int, end: float, seconds: float, polite: bool
) -> None:
    """Be the child: compute and end at once, whatever happens."""
    try:
        os.close(reading)
        _settle(seconds, polite)
        with _silence():
            compute(lambda message: _send(writing, message), end - 0.05 * seconds)
    finally:
        os._exit(0)


def _send(writing: int, message: bytes) -> None:
    while message:
        message = message[os.write(writing, message) :]


def _settle(seconds: float, polite: bool) -> None:
    """Leave alone what belongs to the parent, and take no more of the machine than is granted."""
    import resource

    # A debugger listens at the parent's sockets.
    sys.settrace(None)
    sys.setprofile(None)
    # A signal would wake the parent's event loop through the descriptor that both hold.
    signal.set_wakeup_fd(-1)
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    # The parent's objects are never collected here: some would close its sockets.
    gc.freeze()
    torch.set_num_threads(1)
    if polite:
        os.nice(_NICE)
    limits = [(resource.RLIMIT_CPU, math.ceil(seconds)), (resource.RLIMIT_CORE, 0)]
    with contextlib.suppress(OSError), open("/proc/self/statm") as sizes:
        pages = int(sizes.read().split()[0])
        limits.append((resource.RLIMIT_AS, pages * resource.getpagesize() + _MEMORY))
    for limit, value in limits:
        hard = resource.getrlimit(limit)[1]
        granted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (granted, hard))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    # The file is left open: the process ends by itself.
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    warnings.simplefilter("ignore")
    # A kernel logs each message that a child tries to send, to a stream of its own.
    logging.disable()
    yield
