"""Makes sure, inside a student's kernel, that the checker there is still the one that was installed.

The text of this module is handed to the kernel with each request for evidence, and so is a digest of what it must find:
the code of the checker's functions, methods and probes, and what their names mean. A notebook that has
replaced one of them hands over nothing, and a person decides. No check inside a process holds against everything that
can be done to that process; together with a reading of the source (`autograder.reading`) this one makes it dear.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any

_MODULES = (
    "exercise.comparison",
    "exercise.declaration",
    "exercise.draws",
    "exercise.private",
    "exercise.register",
    "probing.evidence",
    "probing.guard",
    "probing.observing",
    "probing.wire",
    "student.answers",
    "student.child",
    "student.definitions",
    "student.explaining",
    "student.place",
    "student.publishing",
)
# What evidence passes through on its way out.
_BORROWED = (
    ("IPython.display", "display"),
    ("IPython.core.display_functions", "display"),
    ("IPython.core.display_functions", "publish_display_data"),
    ("base64", "b64encode"),
    ("dataclasses", "asdict"),
    ("ipykernel.zmqshell", "ZMQDisplayPublisher.publish"),
    ("json", "dumps"),
    ("json", "JSONEncoder.encode"),
    ("jupyter_client.session", "Session.send"),
    ("jupyter_client.session", "Session.serialize"),
    ("safetensors.torch", "save"),
    ("torch", "Tensor.clone"),
    ("torch", "Tensor.contiguous"),
    ("torch", "Tensor.detach"),
    ("torch", "Tensor.to"),
)


def _code(code: types.CodeType) -> str:
    parts: list[str] = [code.co_code.hex(), repr(code.co_names), repr(code.co_varnames)]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            parts.append(_code(constant))
        elif isinstance(constant, frozenset):
            parts.append(repr(sorted(map(repr, constant))))
        else:
            parts.append(repr(constant))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _sign(value: Any, depth: int = 0) -> str:
    """Stand for a function, a class or a plain constant; empty for what may change."""
    if isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if depth > 4:
        return ""
    if isinstance(value, types.FunctionType):
        inner = [cell.cell_contents for cell in value.__closure__ or ()]
        return " ".join(
            [
                f"{value.__module__}.{value.__qualname__}",
                _code(value.__code__),
                *(_sign(one, depth + 1) for one in inner if callable(one)),
            ]
        )
    if isinstance(value, types.BuiltinFunctionType | types.MethodDescriptorType):
        return f"built in: {value.__qualname__}"
    if isinstance(value, property):
        return _sign(value.fget, depth + 1)
    if isinstance(value, staticmethod | classmethod | functools._lru_cache_wrapper):
        return _sign(value.__wrapped__, depth + 1)
    if isinstance(value, type):
        own = value.__module__.startswith("autograder")
        members = sorted(vars(value).items()) if own else []
        signed = [f"{name} {_sign(one, depth + 1)}" for name, one in members if callable(one)]
        return " ".join([f"{value.__module__}.{value.__qualname__}", *signed])
    return ""


def _state(topic: str) -> Iterator[str]:
    lab = importlib.import_module(f"autograder.exercises.{topic}").LAB
    # Their modules are loaded with the exercises, and one that several share with the first that uses it.
    exercises = list(lab)
    loaded = [name for name in sys.modules if name.startswith(f"autograder.exercises.{topic}")]
    for name in (*_MODULES, *sorted(one.removeprefix("autograder.") for one in loaded)):
        module = importlib.import_module(f"autograder.{name}")
        for key, value in sorted(vars(module).items()):
            # A module gains names of submodules as they are imported; those have no signature.
            if not key.startswith("__") and (signature := _sign(value)):
                yield f"{name}.{key} {signature}"
    for name, path in _BORROWED:
        found: Any = importlib.import_module(name)
        for part in path.split("."):
            found = getattr(found, part)
        yield f"{name}.{path} {_sign(found)}"
    for exercise in exercises:
        reference = exercise.reference
        place = f"{exercise.id} {exercise.name} {exercise.forbidden} {exercise.mutates}"
        if callable(reference):
            home = sys.modules[reference.__module__]
            own = getattr(home, reference.__qualname__, None) is reference
            place += f" {reference.__module__}.{reference.__qualname__} {own}"
        yield place
        for probe in exercise.probes:
            yield f"{probe.name} {_sign(probe.run)}"


def digest(topic: str) -> str:
    """Stand for the checker as it is in this process, with the exercises of one topic."""
    return hashlib.sha256("\n".join(_state(topic)).encode("utf-8", "replace")).hexdigest()


def require(topic: str, expected: str) -> None:
    """Raise an error unless the checker is as expected.

    Args:
        topic: The topic of the lab.
        expected: The digest, taken outside.

    Raises:
        RuntimeError: A part of the checker was replaced.
    """
    shell: Any = importlib.import_module("IPython").get_ipython()
    publisher = shell and shell.display_pub
    hooked = publisher and ("publish" in vars(publisher) or publisher._hooks)
    if hooked or digest(topic) != expected:
        raise RuntimeError("A part of the checker was replaced.")


def request(topic: str) -> str:
    """Write the statement that makes sure of it in a kernel."""
    text = inspect.getsource(sys.modules[__name__])
    call = f"require({topic!r}, {digest(topic)!r})"
    # Looked up where no notebook has names of its own: after `from torch import *`, `compile` is PyTorch's.
    home = "__import__('builtins')"
    code = f"{home}.compile({f'{text}{chr(10)}{call}'!r}, '<intact>', 'exec')"
    return f"{home}.exec({code}, {{'__name__': 'intact'}})"
