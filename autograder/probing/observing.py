"""Runs a probe on an implementation and writes down what happened, as plain data.

This is the half of checking that runs beside the student's code: in the notebook when they check, in the
sandboxed kernel when they are graded. It decides nothing. What it returns can cross a process
boundary (`autograder.probing.wire`); the judge reads it on the other side.
"""

from __future__ import annotations

import contextlib
import inspect
import linecache
import numbers
import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from autograder.errors import AuthoringError
from autograder.exercise.comparison import is_ordinary
from autograder.exercise.declaration import Exercise, Probe
from autograder.exercise.private import HIDDEN_FILE, PROBES_FILE
from autograder.probing.evidence import HUGE_DIGITS, Evidence, Failure, Returned, printable
from autograder.probing.guard import (
    ForbiddenCall,
    Heard,
    TimeLimitReached,
    forbidding,
    listening,
    time_limit,
)

SECONDS = 10.0
_HERE = Path(__file__).parent.parent
_PLACES = [Path(sysconfig.get_paths()[name]) for name in ("stdlib", "purelib", "platlib")]
_LIBRARIES = tuple(
    str(place.resolve()) + os.sep for place in (*_PLACES, _HERE, _HERE.parent / "llmlab")
)


class _Failed(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.kind)
        self.failure = failure


class _NotPlain(Exception):
    pass


def plain(value: Any, depth: int = 0) -> Any:
    """Turn a result into plain data: detached tensors, numbers, text, lists and dictionaries.

    Raises:
        _NotPlain: It holds something else, or is nested deeper than 16 levels.
    """
    if depth > 16:
        raise _NotPlain("something nested too deeply")
    if isinstance(value, Tensor):
        usual = value.layout == torch.strided and is_ordinary(value)
        if not usual or value.device.type == "meta":
            raise _NotPlain("a tensor without ordinary values")
        # The wire knows complex numbers of this one size.
        return value.detach().to(torch.complex64 if value.is_complex() else value.dtype, copy=True)
    if isinstance(value, str):
        return printable(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        if abs(int(value)) >= 10**HUGE_DIGITS:
            raise _NotPlain(f"a whole number of more than {HUGE_DIGITS} digits")
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {printable(str(key)): plain(item, depth + 1) for key, item in value.items()}
    raise _NotPlain(f"a `{type(value).__name__}`")


def _outline(value: Any) -> Returned:
    if isinstance(value, Tensor):
        real = value.is_floating_point() and value.device.type != "meta"
        return Returned(
            "tensor",
            tuple(value.shape),
            str(value.dtype).removeprefix("torch."),
            str(value.device),
            bool(real and value.isnan().any()),
        )
    return Returned("None" if value is None else type(value).__name__)


def _tensors(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield what in an argument could be changed in place, with a name for it."""
    if isinstance(value, (Tensor, list, dict)):
        yield name, value
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _tensors(item, f"{name}[{i}]")


def _copy(value: Any) -> Any:
    """Copy tensors, also those inside lists, dictionaries and tuples; anything else is kept."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value


def _same(before: Any, after: Any) -> bool:
    if before is after:
        return True
    if isinstance(before, Tensor):
        if (
            not isinstance(after, Tensor)
            or before.shape != after.shape
            or before.dtype != after.dtype
        ):
            return False
        return bool(((before == after) | ((before != before) & (after != after))).all())
    if isinstance(before, list):
        if not isinstance(after, (list, tuple)):
            return False
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and before.keys() == after.keys()
            and all(_same(before[key], after[key]) for key in before)
        )
    return bool(before == after)


class _Subject:
    """Stands for the answer while a probe runs: keeps an outline of each call, and guards its inputs."""

    def __init__(self, exercise: Exercise, implementation: Any) -> None:
        self.exercise, self.implementation = exercise, implementation
        self.returned: list[Returned] = []
        try:
            self.signature = inspect.signature(implementation)
        except (TypeError, ValueError):
            self.signature = inspect.Signature(
                [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        names = self._bind(args, kwargs)
        result = self._watched(self.implementation, names, args, kwargs)
        if isinstance(result, torch.nn.Module):
            self._watch_module(result)
        return result

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, Any]]:
        try:
            return list(self.signature.bind(*args, **kwargs).arguments.items())
        except TypeError as error:
            wanted = [f"argument {i + 1}" for i in range(len(args))] + list(kwargs)
            message = (
                f"`{self.exercise.name}{self.signature}` was called with {len(wanted)} "
                f"argument{'s' * (len(wanted) != 1)}, and that does not fit: {error}"
            )
            raise _Failed(Failure("signature", message)) from None

    def _watched(
        self,
        function: Callable[..., Any],
        names: list[tuple[str, Any]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        inputs = [pair for name, value in names for pair in _tensors(value, name)]
        before = [] if self.exercise.mutates else [(n, value, _copy(value)) for n, value in inputs]
        result = function(*args, **kwargs)
        for name, value, was in before:
            if not _same(was, value):
                kind = {Tensor: "tensor", dict: "dictionary"}.get(type(value), "list")
                raise _Failed(Failure("mutated", f"{kind} {name}"))
        self.returned.append(_outline(result))
        return result

    def _watch_module(self, module: torch.nn.Module) -> None:
        forward = module.forward
        try:
            signature = inspect.signature(forward)
        except (TypeError, ValueError):
            return

        def watched(*args: Any, **kwargs: Any) -> Any:
            try:
                names = list(signature.bind(*args, **kwargs).arguments.items())
            except TypeError as error:
                message = f"`forward{signature}` does not fit the call: {error}"
                raise _Failed(Failure("signature", message)) from None
            return self._watched(forward, names, args, kwargs)

        module.forward = watched


def _students_line(traceback: TracebackType | None, probes: str) -> str:
    """Find the last line of the student's own that was running, as 'line 3: scores = q @ k'.

    A line of another cell than the answer's is said to be 'line 3 of the cell of `split_heads`'. `probes` is the file
    of the probe, which is nobody's cell.
    """
    found = first = ""
    while traceback:
        code = traceback.tb_frame.f_code
        filename = code.co_filename
        library = str(Path(filename)).startswith(_LIBRARIES) or filename.startswith("<frozen")
        if not library and filename not in (HIDDEN_FILE, PROBES_FILE):
            first = first or ("" if filename == probes else filename)
            elsewhere = f" of the cell of `{code.co_name}`" if first not in ("", filename) else ""
            text = linecache.getline(filename, traceback.tb_lineno).strip()
            found = f"line {traceback.tb_lineno}{elsewhere}{': ' if text else ''}{text}"
        traceback = traceback.tb_next
    return found


def _raised_in(traceback: TracebackType | None) -> str:
    """Name the function in which an error was raised, as `split_heads` or `Head.forward`."""
    frames = [frame for frame, _ in walk_tb(traceback)]
    return frames[-1].f_code.co_qualname if frames else ""


def _text_of(error: BaseException) -> str:
    try:
        return printable(str(error)[:500])
    except Exception:
        return ""  # the student's own exception, whose text raises another


def _failure(error: BaseException, seconds: float, probe: Probe) -> Failure:
    code = getattr(inspect.unwrap(probe.run), "__code__", None)
    line = _students_line(error.__traceback__, code.co_filename if code else "")
    if isinstance(error, _Failed):
        return error.failure
    if isinstance(error, ForbiddenCall):
        return Failure("forbidden", str(error), line)
    if isinstance(error, TimeLimitReached):
        return Failure("timeout", f"{seconds:g} seconds", line)
    text = _text_of(error)
    # PyTorch raises it too, with a text, for what a device or a kind of tensor cannot do.
    if isinstance(error, NotImplementedError) and line and (not text or "raise " in line):
        return Failure("unwritten", _raised_in(error.__traceback__))
    if isinstance(error, _NotPlain):
        return Failure("not_plain", str(error))
    if isinstance(error, SystemExit):
        return Failure("exit", "", line)
    message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Failure("raised" if line else "probe", message, line)


def observe(
    exercise: Exercise, probe: Probe, implementation: Any, seed: int, seconds: float | None = None
) -> Evidence:
    """Run one probe on a student's implementation, guarded, and write down what happened.

    Args:
        exercise: The exercise that the implementation answers.
        probe: The experiment.
        implementation: A function or class, or the value of a plain answer.
        seed: Draws the inputs; equal seeds draw equal inputs for every implementation.
        seconds: How long the probe may take; by default `SECONDS`.

    Returns:
        A value or a failure; whatever the implementation does, no exception but KeyboardInterrupt.
    """
    limit = SECONDS if seconds is None else seconds
    return _run(exercise, probe, implementation, seed, limit, guarded=True)


def observe_trusted(exercise: Exercise, probe: Probe, implementation: Any, seed: int) -> Evidence:
    """Run one probe on code of ours (the reference, a misconception), which may call anything."""
    return _run(exercise, probe, implementation, seed, SECONDS, guarded=False)


@contextlib.contextmanager
def _usual_settings() -> Iterator[None]:
    """Let PyTorch draw and count as it does at first, whatever the notebook has set for itself."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)


def _run(
    exercise: Exercise,
    probe: Probe,
    implementation: Any,
    seed: int,
    seconds: float,
    guarded: bool,
) -> Evidence:
    subject = implementation if exercise.is_plain else _Subject(exercise, implementation)
    value: Any = None
    failure: Failure | None = None
    heard = Heard()
    forbidden = exercise.forbidden if guarded else ()
    reference = exercise.reference if guarded and not exercise.is_plain else None
    # An answer must not move the notebook's own random state, nor depend on it.
    with torch.random.fork_rng(devices=[]), _usual_settings():
        # Of this process alone: `torch.manual_seed` also looks for devices, which costs more than most probes.
        torch.default_generator.manual_seed(seed & 0xFFFFFFFF)
        try:
            with listening() as heard, time_limit(seconds), forbidding(forbidden, reference):
                value = plain(probe.run(subject, probe.generator(exercise.id, seed)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, AuthoringError) and not guarded:
                raise
            failure = _failure(error, seconds, probe)
    returned = tuple(subject.returned) if isinstance(subject, _Subject) else ()
    return Evidence(
        probe.name,
        value,
        failure,
        returned[:64],
        printable(heard.printed),
        heard.characters,
        tuple(map(printable, heard.warnings)),
    )
