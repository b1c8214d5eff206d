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
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

HEARD_CHARACTERS = 2_000
_FUSED = "scaled_dot_product_attention"


class TimeLimitReached(BaseException):
    """The code ran for longer than it may; a BaseException, so that `except Exception` lets it by."""


class ForbiddenCall(BaseException):
    """The code called a function that the exercise forbids; the argument is its name."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitReached` inside the block once it has run for `seconds`.

    The alarm repeats, so that code which swallows it once does not escape. Where there is no alarm signal
    (Windows) or the caller is no main thread, the block is interrupted between two bytecodes instead.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and hasattr(signal, "setitimer"):

        def ring(signum: int, frame: FrameType | None) -> None:
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


@contextlib.contextmanager
def forbidding(functions: tuple[str, ...], reference: Any) -> Iterator[None]:
    """Raise `ForbiddenCall` when the block calls one of PyTorch's `functions`, or the reference."""
    codes = _codes(reference)

    def watch(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code in codes:
            raise ForbiddenCall(f"{reference.__module__}.{reference.__qualname__}")

    profile: Callable[..., object] | None = sys.getprofile()
    names = {name.rsplit(".", 1)[-1]: name for name in functions}
    with _Forbid(names) if names else contextlib.nullcontext():
        sys.setprofile(watch if codes else profile)
        try:
            yield
        finally:
            sys.setprofile(profile)
