"""Makes sure, inside a student's kernel, that the checker there is still the one that was installed.

The text of this module is handed to the kernel with each request for evidence, and so is a digest of what it must find:
the code of the checker's functions and methods and of the references, and what their names mean. The digest is the
remainder by a number that is drawn for each request: it asks no library, which a notebook can replace, and none can be
prepared. A notebook that has replaced a part of the checker hands over nothing, and a person decides. No check inside a
process holds against everything that can be done to that process; together with a reading of the source
(`autograder.reading`) this one makes it dear.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import secrets
import sys
import types
from collections.abc import Sequence
from typing import Any

_MODULES = (
    "exercise.comparison",
    "exercise.declaration",
    "exercise.draws",
    "exercise.excerpt",
    "exercise.private",
    "probing.evidence",
    "probing.guard",
    "probing.observing",
    "probing.wire",
    "student.answers",
    "student.child",
    "student.definitions",
    "student.place",
    "student.publishing",
    "student.received",
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
    """Write a function's code: what it does, and the names and constants that it does it with."""
    parts: list[str] = [code.co_code.hex(), repr(code.co_names), repr(code.co_varnames)]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            parts.append(_code(constant))
        elif isinstance(constant, frozenset):
            parts.append(repr(sorted(map(repr, constant))))
        else:
            parts.append(repr(constant))
    return " ".join(parts)


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


def _found(module: str, path: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def state(references: Sequence[str]) -> list[str]:
    """Write down the checker as it is in this process.

    Args:
        references: What is right, as `llmlab.model.attention:causal_mask`.
    """
    found = []
    for name in _MODULES:
        module = importlib.import_module(f"autograder.{name}")
        for key, value in sorted(vars(module).items()):
            # A module gains names of submodules as they are imported; those have no signature.
            if not key.startswith("__") and (signature := _sign(value)):
                found.append(f"{name}.{key} {signature}")
    for name, path in _BORROWED:
        found.append(f"{name}.{path} {_sign(_found(name, path))}")
    for reference in references:
        module_name, _, path = reference.partition(":")
        found.append(f"{reference} {_sign(_found(module_name, path))}")
    return found


def digest(lines: Sequence[str], modulus: int) -> int:
    """Stand for a state: its remainder as one large number, computed by what no name stands for."""
    data = "\n".join(lines).encode("utf-8", "replace")
    return type(0).from_bytes(data, "little") % modulus  # noqa: UP003 - `int` is such a name


def require(references: Sequence[str], modulus: int, expected: int) -> None:
    """Raise an error unless the checker is as expected.

    Args:
        references: What is right, as for `state`.
        modulus: What the digest is taken by.
        expected: The digest, taken outside.

    Raises:
        RuntimeError: A part of the checker was replaced.
    """
    shell: Any = importlib.import_module("IPython").get_ipython()
    publisher = shell and shell.display_pub
    hooked = publisher and ("publish" in vars(publisher) or publisher._hooks)
    if hooked or digest(state(references), modulus) != expected:
        raise RuntimeError("A part of the checker was replaced.")


def references_of(topic: str) -> list[str]:
    """Name what is right in the exercises of one topic."""
    lab = importlib.import_module(f"autograder.exercises.{topic}").LAB
    # The name is written out: this text is run where `autograder.exercise.excerpt` may be another.
    right = [one.reference for one in lab if not one.is_plain]
    return [f"{one.__module__}:{one.__qualname__}" for one in right]


@functools.cache
def _outside(topic: str) -> tuple[str, list[str], list[str]]:
    references = references_of(topic)
    return inspect.getsource(sys.modules[__name__]), references, state(references)


def request(topic: str) -> str:
    """Write the statement that makes sure of it in a kernel; no two are the same."""
    text, references, lines = _outside(topic)
    modulus = secrets.randbits(256) | 1 << 255
    call = f"require({references!r}, {modulus}, {digest(lines, modulus)})"
    # Looked up where no notebook has names of its own: after `from torch import *`, `compile` is PyTorch's.
    home = "__import__('builtins')"
    code = f"{home}.compile({f'{text}{chr(10)}{call}'!r}, '<intact>', 'exec')"
    return f"{home}.exec({code}, {{'__name__': 'intact'}})"
