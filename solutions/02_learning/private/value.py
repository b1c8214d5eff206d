"""`learning.Value`: hidden probes, and right answers written differently."""

import copy
import math
from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional

from autograder.exercise import Private, fill_parameters, normal
from llmlab.foundations import Value

private = Private()


@private.probe
def mixed(implementation: Any, generator: Generator) -> Any:
    """A number times itself, a negative base, a negative exponent, and the signs of the inputs."""
    base = implementation(-1.5)
    square, inverse = base * base, base**-2
    return {
        "square": [square.data, list(square.slopes), len(square.parents)],
        "inverse": [inverse.data, list(inverse.slopes), len(inverse.parents)],
        "untouched": [base.data, base.grad, len(base.parents)],
        "chain": [(base.tanh() * base + base).data, (base.tanh() ** 3).data],
    }


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
