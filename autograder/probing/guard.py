"""What surrounds a student's code while a probe runs it: a time limit, a bounded ear, forbidden calls.

These guards serve feedback: they turn an endless loop or a call to `torch.softmax` into a sentence.
They are no security boundary, since they live in the student's own process; grading draws that
boundary around the process.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

HEARD_CHARACTERS = 2_000
_IMPORT_SECONDS = 60.0
_FUSED = "scaled_dot_product_attention"


class TimeLimitReached(BaseException):
    """The code ran for longer than it may; a BaseException, so that `except Exception` lets it by."""


class ForbiddenCall(BaseException):
    """The code called a function that the exercise forbids; the argument is its name."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitReached` inside the block once it has run for `seconds`.

    The alarm repeats, so that code which swallows it once does not escape. While a library is being imported the
    clock stands still, for at most `_IMPORT_SECONDS`: the first optimizer of a process loads PyTorch's compiler, which
    is no fault of the code's. Where there is no alarm signal (Windows) or the caller is no main thread, the block is
    interrupted between two bytecodes instead.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and hasattr(signal, "setitimer"):
        latest = time.monotonic() + seconds + _IMPORT_SECONDS

        def ring(signum: int, frame: FrameType | None) -> None:
            if _is_importing(frame) and time.monotonic() < latest:
                signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
                return
            raise TimeLimitReached

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        return

    import ctypes

    target = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(
        seconds,
        ctypes.pythonapi.PyThreadState_SetAsyncExc,
        (target, ctypes.py_object(TimeLimitReached)),
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class _Bounded(io.TextIOBase):
    """Keeps the first characters written to it and counts the rest."""

    def __init__(self) -> None:
        self.kept = io.StringIO()
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = HEARD_CHARACTERS - self.written
        if room > 0:
            self.kept.write(text[:room])
        self.written += len(text)
        return len(text)


@dataclass
class Heard:
    """What the code printed (its beginning) and what warnings it gave."""

    printed: str = ""
    characters: int = 0
    warnings: list[str] = field(default_factory=list)


@contextlib.contextmanager
def listening() -> Iterator[Heard]:
    """Hold back what the block prints, on either stream, and its warnings."""
    heard, ear = Heard(), _Bounded()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(ear),
        contextlib.redirect_stderr(ear),
    ):
        warnings.simplefilter("always")
        try:
            yield heard
        finally:
            heard.printed, heard.characters = ear.kept.getvalue(), ear.written
            sentences = dict.fromkeys(str(warning.message)[:300] for warning in caught)
            heard.warnings.extend(list(sentences)[:5])


def _operation(function: Any) -> str:
    """Name the operation behind a PyTorch function, however it was reached.

    `torch.softmax`, `Tensor.softmax`, `torch.special.softmax`, `Tensor.softmax_` and
    `torch.ops.aten._softmax` are one operation.
    """
    name = getattr(function, "__name__", "")
    if name in ("__get__", "__set__"):
        return ""
    operation = name.split(".")[0].strip("_")
    for prefix in ("special_", "safe_", "native_"):
        operation = operation.removeprefix(prefix)
    # One function, and a kernel of its own for each kind of machine.
    return _FUSED if operation.startswith("scaled_dot_product_") else operation


class _ForbidInside(TorchDispatchMode):
    """Looks at the operations that a function of PyTorch's written in Python is made of."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names = names

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here, and skipping would import the compiler: more than a second.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        operation = _operation(func)
        if operation in self.names:
            raise ForbiddenCall(self.names[operation])
        return func(*args, **(kwargs or {}))


class _Forbid(TorchFunctionMode):
    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        operation = _operation(func)
        if operation in self.names:
            raise ForbiddenCall(self.names[operation])
        # This mode is off while a function runs: `softmin` would call `softmax` unseen.
        inside = hasattr(func, "__code__")
        with _ForbidInside(self.names) if inside else contextlib.nullcontext():
            return func(*args, **(kwargs or {}))


def _codes(implementation: Any) -> set[CodeType]:
    """Collect the code objects of a function, or of the methods that a class itself defines."""
    if isinstance(implementation, type):
        members = [getattr(member, "__func__", member) for member in vars(implementation).values()]
    else:
        members = [implementation]
    # Decorated functions share the wrapper's code; what tells them apart is inside.
    inner = [inspect.unwrap(member) for member in members if callable(member)]
    return {member.__code__ for member in inner if hasattr(member, "__code__")}


def _found(name: str) -> Any:
    """Find what a dotted name means, as `torch.nn.utils.clip_grad_norm_`; None if it means nothing here."""
    parts = name.split(".")
    value: Any = sys.modules.get(parts[0])
    for part in parts[1:]:
        value = getattr(value, part, None)
    return value


class _Watch:
    """Sees the calls of every thread: Python's functions by their code, PyTorch's own by what they do.

    The modes below look into PyTorch, and only in the thread that entered them; functions that PyTorch writes in
    Python (`clip_grad_norm_`) may never come by them.
    """

    def __init__(self, names: dict[str, str], functions: tuple[str, ...], reference: Any) -> None:
        self.names = names
        self.objects = [(_found(name), name) for name in functions]
        self.codes = {code: name for found, name in self.objects for code in _codes(found)}
        if reference is not None:
            name = f"{reference.__module__}.{reference.__qualname__}"
            self.codes |= dict.fromkeys(_codes(reference), name)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            if frame.f_code in self.codes:
                raise ForbiddenCall(self.codes[frame.f_code])
        elif event == "c_call" and self.names:
            for found, name in self.objects:
                if argument is found:
                    raise ForbiddenCall(name)
            if isinstance(getattr(argument, "__self__", None), Tensor):
                name = self.names.get(_operation(argument), "")
                if name:
                    raise ForbiddenCall(name)


@contextlib.contextmanager
def forbidding(functions: tuple[str, ...], reference: Any) -> Iterator[None]:
    """Raise `ForbiddenCall` when the block calls one of PyTorch's `functions`, or the reference.

    Threads that the block starts are watched too; in them, the exception ends the thread, and is raised here when
    the block is done.
    """
    names = {name.rsplit(".", 1)[-1].strip("_"): name for name in functions}
    watch = _Watch(names, functions, reference)
    before, threads = sys.getprofile(), threading.getprofile()
    seen: list[str] = []

    def watch_thread(frame: FrameType, event: str, argument: Any) -> None:
        try:
            watch(frame, event, argument)
        except ForbiddenCall as error:
            seen.append(str(error))
            raise SystemExit from None

    with _Forbid(names) if names else contextlib.nullcontext():
        if names or watch.codes:
            sys.setprofile(watch)
            threading.setprofile(watch_thread)
        try:
            yield
        finally:
            sys.setprofile(before)
            threading.setprofile(threads)
    if seen:
        raise ForbiddenCall(seen[0])
