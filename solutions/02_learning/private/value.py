"""`learning.Value`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private, normal
from autograder.exercises.learning.value import bend, multiplied, raised

private = Private()


@private.probe
def other_factors(implementation: Any, generator: Generator) -> Any:
    """A product of other numbers, of which one is negative."""
    first, second = (normal(generator, 2).abs() + 0.3).tolist()
    return multiplied(implementation, -first, second)


@private.probe
def other_exponents(implementation: Any, generator: Generator) -> Any:
    """Other powers of another number."""
    base = 1.2 + torch.rand((), generator=generator).item()
    return raised(implementation, base, (4, -1, 1.5))


@private.probe
def other_bends(implementation: Any, generator: Generator) -> Any:
    """The hyperbolic tangent of other numbers."""
    return bend(implementation, -0.3, 1.7)


@private.variant
class ValueWithLists:
    """Slopes and parents in lists, and tanh by exponentials."""

    def __init__(self, data, parents=(), slopes=(), operation="", label=""):
        self.data, self.grad = float(data), 0.0
        self.parents, self.slopes = list(parents), list(slopes)
        self.operation, self.label = operation, label

    def __add__(self, other):
        return ValueWithLists(self.data + other.data, [self, other], [1, 1], "+")

    def __mul__(self, other):
        return ValueWithLists(self.data * other.data, [self, other], [other.data, self.data], "*")

    def __pow__(self, exponent):
        return ValueWithLists(
            math.pow(self.data, exponent), [self], [exponent * math.pow(self.data, exponent - 1)]
        )

    def tanh(self):
        """Bend the number."""
        up, down = math.exp(self.data), math.exp(-self.data)
        return ValueWithLists((up - down) / (up + down), [self], [4 / (up + down) ** 2], "tanh")


@private.variant
class ValueByQuotients(ValueWithLists):
    """Slopes by other formulas of the same worth."""

    def __add__(self, other):
        return ValueByQuotients(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        result = self.data * other.data
        return ValueByQuotients(result, (self, other), (result / self.data, result / other.data))

    def __pow__(self, exponent):
        result = self.data**exponent
        return ValueByQuotients(result, (self,), (exponent * result / self.data,))

    def tanh(self):
        """Bend the number."""
        return ValueByQuotients(math.tanh(self.data), (self,), (1 / math.cosh(self.data) ** 2,))


private.equivalent(
    "self.operation, self.label = operation, label", None, "they are for the picture alone"
)
private.equivalent(
    'return ValueWithLists(self.data + other.data, [self, other], [1, 1], "+")',
    None,
    "the sum is given",
)
private.equivalent(
    "return ValueByQuotients(self.data + other.data, (self, other), (1.0, 1.0))",
    None,
    "the sum is given",
)
