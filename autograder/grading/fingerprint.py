"""Fingerprints: what a verdict depends on, so that only what has changed is graded again.

An exercise's fingerprint covers the compiled code of its reference, probes and misconceptions, and of all
functions of this project that they call; not line numbers, not comments, not other exercises. The grader's covers
the modules that decide points, and the versions of Python and PyTorch.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import platform
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.exercise import Exercise, Probe
from autograder.exercise.private import HIDDEN_MODULE

_OURS = ("autograder", "llmlab", HIDDEN_MODULE)
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
# Folders and files; what is said to a student is part of a run as well.
_DECIDING = (
    "exercise",
    "grading/engine.py",
    "grading/intact.py",
    "grading/submission.py",
    "judging",
    "probing",
    "reading",
    "student",
)


@functools.cache
def grader_version() -> str:
    """Return a digest of the modules that decide points and feedback, and of what they run on."""
    import torch

    folder = Path(__file__).parent.parent
    digest = hashlib.sha256(f"{platform.python_version()} {torch.__version__}".encode())
    for name in _DECIDING:
        place = folder / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(exercise: Exercise, hidden: Sequence[Probe] = ()) -> str:
    """Return a digest of all that a verdict on an exercise depends on, but for the answer."""
    reader = _Reader()
    about = [exercise.id, exercise.points, exercise.name, exercise.forbidden, exercise.choices]
    reader.read([*about, exercise.mutates, len(exercise.hints), exercise.reference])
    reader.read([*exercise.probes, *hidden])
    reader.read(exercise.misconceptions)
    return reader.digest.hexdigest()


class _Reader:
    """Writes values into a digest, following functions into what they use."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._seen: dict[int, Any] = {}

    def _put(self, text: str) -> None:
        self.digest.update(text.encode("utf-8", "surrogatepass") + b"\0")

    def read(self, value: Any) -> None:
        if isinstance(value, _PLAIN):
            self._put(repr(value))
        elif isinstance(value, list | tuple):
            self._put(f"{len(value)} items")
            for item in value:
                self.read(item)
        elif isinstance(value, set | frozenset):
            self._put(f"set of {sorted(map(repr, value))}")
        elif isinstance(value, dict):
            self.read(list(value.items()))
        elif id(value) in self._seen:
            self._put("again")
        else:
            self._seen[id(value)] = value  # held, so that no other object gets its number
            self._read_object(value)

    def _read_object(self, value: Any) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            self.read([getattr(value, one.name) for one in dataclasses.fields(value)])
        elif isinstance(value, functools.partial):
            self.read([value.func, value.args, value.keywords])
        elif isinstance(value, staticmethod | classmethod):
            self.read(value.__func__)
        elif isinstance(value, property):
            self.read([value.fget, value.fset])
        elif isinstance(value, types.FunctionType):
            self._read_function(value)
        elif isinstance(value, types.CodeType):
            self._read_code(value)
        elif isinstance(value, type):
            self._read_class(value)
        else:
            kind = type(value)
            self._put(f"{kind.__module__}.{kind.__qualname__} {getattr(value, '__name__', '')}")

    def _read_function(self, function: types.FunctionType) -> None:
        wrapped = getattr(function, "__wrapped__", None)
        if isinstance(wrapped, types.FunctionType):
            self.read(wrapped)
        self._put(function.__qualname__)
        if not _is_ours(function):
            return
        self._read_code(function.__code__)
        self.read([function.__defaults__, function.__kwdefaults__])
        for cell in function.__closure__ or ():
            self.read(_content(cell))
        names = sorted(set(_names(function.__code__)))
        for name in names:
            if name in function.__globals__:
                self._read_global(name, function.__globals__[name], names)

    def _read_global(self, name: str, value: Any, names: list[str]) -> None:
        self._put(name)
        if isinstance(value, types.ModuleType):
            # `model.embed` loads the module and then, by name, what is in it.
            if _is_ours(value):
                for inner in names:
                    if inner in vars(value):
                        self._read_global(f"{name}.{inner}", vars(value)[inner], names)
        elif isinstance(value, _PLAIN) or _is_ours(value):
            self.read(value)

    def _read_code(self, code: types.CodeType) -> None:
        self._put(code.co_code.hex())
        self.read([code.co_names, code.co_varnames, code.co_freevars, code.co_consts])

    def _read_class(self, kind: type) -> None:
        self._put(f"{kind.__module__}.{kind.__qualname__}")
        if not _is_ours(kind):
            return
        self.read(kind.__bases__)
        for name, member in sorted(vars(kind).items()):
            if name not in ("__module__", "__dict__", "__weakref__", "__firstlineno__"):
                self._put(name)
                self.read(member)


def _is_ours(value: Any) -> bool:
    place = value.__name__ if isinstance(value, types.ModuleType) else type(value).__module__
    place = getattr(value, "__module__", None) or place
    return str(place).split(".")[0] in _OURS


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
