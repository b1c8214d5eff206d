"""Writes down what a probe gave to an answer, so that the case can be redone by hand.

The probe runs once more, on the reference, with something between them that notes each call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from autograder.exercise.comparison import Mismatch, describe
from autograder.exercise.declaration import Exercise, Probe

# Longer inputs are told by their kind and size.
_LONGEST = 300


class _Noted:
    """Stands for the reference, and notes what it is called with."""

    def __init__(self, reference: Callable[..., Any]) -> None:
        self.reference = reference
        self.calls: list[str] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._note(self.reference, args, kwargs)
        result = self.reference(*args, **kwargs)
        if isinstance(result, torch.nn.Module):
            forward = result.forward

            def noted(*given: Any, **named: Any) -> Any:
                self._note(forward, given, named)
                return forward(*given, **named)

            result.forward = noted
        return result

    def _note(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        try:
            bound = inspect.signature(function).bind(*args, **kwargs).arguments
        except (TypeError, ValueError):
            bound = {f"argument {i}": value for i, value in enumerate(args, 1)} | dict(kwargs)
        # The learner may call them otherwise, so a single argument needs no name.
        named_lines = [f"{name} = {_written(value)}" for name, value in bound.items()]
        only = [_written(value) for value in bound.values()]
        self.calls.append(only[0] if len(only) == 1 else "\n".join(named_lines))


def _written(value: Any) -> str:
    if callable(value) and not isinstance(value, torch.Tensor):
        return f"a `{type(value).__name__}`" if isinstance(value, torch.nn.Module) else "a function"
    text = describe(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def input_of(exercise: Exercise, probe: Probe, seed: int, mismatch: Mismatch | None) -> str:
    """Say what the answer was given in the call that went wrong, or in the first; empty where nothing is known.

    Args:
        exercise: What was asked.
        probe: A public probe.
        seed: What draws its inputs.
        mismatch: Where the results part; an item of a list of results is the result of the call of its number.
    """
    if exercise.is_plain or probe.hidden:
        return ""
    noted = _Noted(exercise.reference)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed & 0xFFFFFFFF)
        value = probe.run(noted, probe.generator(exercise.id, seed))
    calls = noted.calls
    if not calls:
        return ""
    number = _number(mismatch) if isinstance(value, list) and len(value) == len(calls) else 0
    more = f"\n(the {number + 1}. of {len(calls)} calls)" if len(calls) > 1 else ""
    return calls[number] + more


def _number(mismatch: Mismatch | None) -> int:
    """Read from a mismatch which of several results it is in."""
    if not mismatch or not mismatch.where.endswith(" results"):
        return 0
    words = mismatch.where.split()
    return int("".join(filter(str.isdigit, words[-4]))) - 1
