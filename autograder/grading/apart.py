"""Does work on what students wrote in a child process with limits on time and memory.

A submission may be written so that whoever parses, reads, converts or shows it needs hours or gigabytes. So none of
that is done in the grader's own process. One child does it for many submissions; when it has come to a limit or was
ended, another takes its place, and the submission it worked on is the only one that suffers. What counts is processor
time, which a busy machine does not use up; the limit on wall time is for a disk or a database that no longer answers.

The child is forked by a server (`multiprocessing`'s forkserver) that has loaded what it needs once: a new one costs
milliseconds, and has none of the threads and open files of the process that asks.
"""

from __future__ import annotations

import contextlib
import functools
import math
import multiprocessing
import multiprocessing.reduction
import os
import resource
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from autograder.errors import Abandoned, AutograderError, GradingError, TooCostly
from autograder.sandbox.limits import MEBIBYTE, WholeNumbers

_P = ParamSpec("_P")
_T = TypeVar("_T")
# Loaded by the server, so that no child has to.
_PRELOADED = (
    *("autograder.grading.intake", "autograder.classroom.preprocessor"),
    *("autograder.classroom.feedback_page", "nbgrader.apps.baseapp", "nbgrader.converters"),
)
# A process that is ended by one of these did not come to terms with what it was given.
_CRASHES = frozenset(
    {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGTRAP}
)


@dataclass(frozen=True)
class Budget(WholeNumbers):
    """What one piece of work in the child may cost.

    Attributes:
        processor_seconds: User and system time.
        wall_seconds: How long it may take, waiting for disks and databases included.
        memory_bytes: What the child may take besides what it takes when it begins.
    """

    whose = "c.Judge.reading"
    error = GradingError

    processor_seconds: int = 30
    wall_seconds: int = 300
    memory_bytes: int = 2048 * MEBIBYTE


@dataclass(frozen=True)
class _Child:
    process: BaseProcess
    connection: Connection


class Apart:
    """Does one piece of work after the other in a child process, which is replaced when it has ended.

    Args:
        budget: What each piece of work may cost.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self._child: _Child | None = None
        self._one_at_a_time = threading.RLock()

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child:
            child.connection.close()
            child.process.kill()
            child.process.join()

    def warm(self) -> None:
        """Start the child now, so that the first piece of work does not wait for it."""
        if not self._child:
            self._child = _started(self.budget)

    def do(self, work: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        """Call a function in the child.

        It is called a second time, in a new child, where the first one ran out of memory, which earlier work may have
        left it little of, or was ended by somebody else.

        Args:
            work: A function of a module.
            arguments: What it is given; they are copied.
            named: The same, by name.

        Returns:
            What it returned, copied.

        Raises:
            TooCostly: It came to a limit, or brought the child down; that is the doing of what it worked on.
            Abandoned: It did not come to its end for another reason.
            AutograderError: The function raised one, or something else, which the message tells.
        """
        with self._one_at_a_time:
            try:
                return self._once(work, arguments, named)
            except _Again:
                pass
            try:
                return self._once(work, arguments, named)
            except _Again as error:
                raise error.reason from None

    def _once(self, work: Callable[..., _T], arguments: Any, named: Any) -> _T:
        self.warm()
        child, late = self._child, threading.Event()
        assert child is not None  # noqa: S101 - it was started just now

        def end() -> None:
            late.set()
            child.process.kill()

        timer = threading.Timer(self.budget.wall_seconds, end)
        timer.daemon = True
        timer.start()
        try:
            child.connection.send((work, arguments, named))
            kind, value = child.connection.recv()
        except (EOFError, OSError):
            # It has ended, be it in the middle of a message.
            timer.cancel()
            raise self._reason(child, late.is_set()) from None
        except BaseException:
            # Nothing that comes later may be taken for this work's result.
            self.close()
            raise
        finally:
            timer.cancel()
        if kind == "done":
            result: _T = value
            return result
        if kind == "memory":
            self.close()
            raise _Again(TooCostly(f"took more than {self._memory} of memory"))
        raise value

    @property
    def _memory(self) -> str:
        return f"{self.budget.memory_bytes // MEBIBYTE:,} MiB"

    def _reason(self, child: _Child, late: bool) -> Exception:
        """Say why a child has ended, and whether the work is worth another try."""
        child.process.kill()
        child.process.join()
        self._child = None
        code = child.process.exitcode or 0
        if code == -signal.SIGXCPU:
            seconds = self.budget.processor_seconds
            return TooCostly(f"took more than {seconds} seconds of processor time")
        if late:
            seconds = self.budget.wall_seconds
            return Abandoned(f"came to no end in {seconds} seconds; something it waits for is slow")
        if -code in _CRASHES:
            name = signal.Signals(-code).name
            return _Again(TooCostly(f"brought down the process that did it ({name})"))
        return _Again(Abandoned("was ended by the system, twice; look at its memory"))


@functools.cache
def shared(budget: Budget) -> Apart:
    """Give the child of this process for one budget, where nobody says when the last piece of work is done."""
    return Apart(budget)


class _Again(Exception):
    """The work is worth another try; where that fails too, this is the reason."""

    def __init__(self, reason: AutograderError) -> None:
        super().__init__(reason)
        self.reason = reason


def forked_afresh() -> ForkServerContext:
    """Give what starts processes by the server, which has loaded all that they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    return context


def _started(budget: Budget) -> _Child:
    context = forked_afresh()
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, budget), daemon=True, name="apart")
    try:
        process.start()
    except (OSError, EOFError) as error:
        raise GradingError(f"No process can be started beside this one ({error}).") from error
    theirs.close()
    return _Child(process, ours)


def _serve(connection: Connection, budget: Budget) -> None:
    """Be the child: do what comes, until whoever asks has gone."""
    _settle(budget)
    while True:
        try:
            work, arguments, named = connection.recv()
        except (EOFError, OSError):
            return
        _allow(budget.processor_seconds)
        connection.send_bytes(_answer(work, arguments, named))
        # What the last one left is freed before the next one comes.
        del work, arguments, named


def _answer(work: Callable[..., Any], arguments: Any, named: Any) -> memoryview:
    """Do a piece of work, and write down what came of it; a half-written answer never leaves."""
    pickled = multiprocessing.reduction.ForkingPickler.dumps
    try:
        return pickled(("done", work(*arguments, **named)))
    except MemoryError:
        answer: tuple[str, Any] = ("memory", None)
    except AutograderError as error:
        answer = ("raised", error)
    except Exception as error:
        sentence = f"{type(error).__name__}: {str(error)[:200]}"
        answer = ("raised", GradingError(sentence))
    return pickled(answer)


def _settle(budget: Budget) -> None:
    # Whoever presses Ctrl-C means the process that asks, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, name="end-with-parent", daemon=True).start()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - it is kept for ever
    warnings.simplefilter("ignore")
    _limit(resource.RLIMIT_CORE, 0)
    # Where there is no such file, there is no such limit either (macOS), and no sandbox to grade in.
    with contextlib.suppress(OSError), open("/proc/self/statm") as sizes:
        pages = int(sizes.read().split()[0])
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + budget.memory_bytes)


def _allow(seconds: int) -> None:
    """Give the process so much processor time from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + seconds)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    granted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (granted, hard))


def end_with_parent() -> None:
    """Wait until the process that asked has ended, which SIGKILL does without a word, and end as it did.

    The sandboxes that a worker made die with it, whatever it was doing; a child writes nothing into a course that
    another grader has taken over.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - whoever calls this has one
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)
