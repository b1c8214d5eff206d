"""Computes something in a child process that cannot outlive its budget, nor disturb its parent.

The parent may be a kernel with sockets, threads and an event loop. The child is a copy of it in which only
the calling thread runs; it computes on one thread, prints to nobody, and ends without any cleaning up.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import torch

_MEMORY = 1 << 30
_NICE = 5


def computed_apart(compute: Callable[[float], bytes], size: int, seconds: float) -> bytes | None:
    """Compute a short message in a child process.

    Args:
        compute: Is given the time (`time.monotonic`) at which it should have ended.
        size: How many bytes the message has.
        seconds: How long the child may live, and how much processor time it may take.

    Returns:
        The message, or None where the child came to none in time, or where there are no such children
        (Windows).
    """
    if not hasattr(os, "fork") or not hasattr(select, "poll"):
        return None
    end = time.monotonic() + seconds
    reading, writing = os.pipe()
    sys.stdout.flush()
    with warnings.catch_warnings():
        # Python warns of children of processes with threads; this one takes no lock that they may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _live(compute, reading, writing, end, seconds)
    os.close(writing)
    try:
        return _received(reading, size, end)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _received(reading: int, size: int, end: float) -> bytes | None:
    waiting = select.poll()
    waiting.register(reading, select.POLLIN | select.POLLHUP)
    message = b""
    while len(message) < size:
        left = end - time.monotonic()
        if left <= 0 or not waiting.poll(math.ceil(left * 1000)):
            return None
        part = os.read(reading, size - len(message))
        if not part:
            return None
        message += part
    return message


def _live(
    compute: Callable[[float], bytes], reading: int, writing: int, end: float, seconds: float
) -> None:
    """Be the child: compute, send, and end at once, whatever happens."""
    try:
        os.close(reading)
        _settle(seconds)
        with _silence():
            message = compute(end - 0.05 * seconds)
        os.write(writing, message)
    finally:
        os._exit(0)


def _settle(seconds: float) -> None:
    """Leave alone what belongs to the parent, and take no more of the machine than is granted."""
    import resource

    # A signal would wake the parent's event loop through the descriptor that both hold.
    signal.set_wakeup_fd(-1)
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    # The parent's objects are never collected here: some would close its sockets.
    gc.freeze()
    torch.set_num_threads(1)
    os.nice(_NICE)
    soft = math.ceil(seconds)
    limits = [(resource.RLIMIT_CPU, soft), (resource.RLIMIT_CORE, 0)]
    with contextlib.suppress(OSError), open("/proc/self/statm") as sizes:
        pages = int(sizes.read().split()[0])
        limits.append((resource.RLIMIT_AS, pages * resource.getpagesize() + _MEMORY))
    for limit, value in limits:
        hard = resource.getrlimit(limit)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (soft, hard))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    # The file is left open: the process ends by itself.
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    warnings.simplefilter("ignore")
    yield
