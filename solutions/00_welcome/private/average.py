"""`welcome.average`: hidden probes, and right answers written differently."""

import functools
import operator
from typing import Any

import torch

from autograder.exercise import Private

private = Private()


@private.probe
def drawn_numbers(implementation: Any, generator: torch.Generator) -> Any:
    """Seven numbers drawn at random."""
    return implementation(torch.randn(7, generator=generator).tolist())


@private.probe
def one_number(implementation: Any, generator: torch.Generator) -> Any:
    """A list of one number and one of two."""
    value = float(torch.rand(1, generator=generator))
    return implementation([value, value / 3])


@private.variant
def running(numbers: list[float]) -> float:
    """Keep a running average, as one does when the list does not fit into memory."""
    mean = 0.0
    for count, number in enumerate(numbers, start=1):
        mean += (number - mean) / count
    return mean


private.equivalent("mean = 0.0", None, "The first number takes its place, whatever it is.")


@private.variant
def folded(numbers: list[float]) -> float:
    """Fold the list with addition."""
    return functools.reduce(operator.add, numbers, 0.0) * (1 / len(numbers))
