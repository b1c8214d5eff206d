"""`learning.Value`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator

from autograder.exercise import normal
from autograder.exercises.learning import LAB
from llmlab.foundations import Value

exercise = LAB.exercise(
    "Value",
    reference=Value,
    hints=(
        "Look at `__add__`: it makes a new Value from four things. Only the number, the slopes and "
        "the sign change.",
        "A slope answers one question: if this input alone grows by a little, how many times as "
        "much does the result grow?",
        "The slope of a product to one factor is the other factor; that of a power is the exponent "
        "times the power one below; that of the hyperbolic tangent is one less "
        "the square of the result.",
    ),
)


def _written_down(result: Any, *inputs: Any) -> dict[str, Any]:
    return {
        "data": result.data,
        "slopes": list(result.slopes),
        "parents are the inputs": [
            mine is given for mine, given in zip(result.parents, inputs, strict=False)
        ],
    }


@exercise.probe
def product(implementation: Any, generator: Generator) -> Any:
    """The product of two numbers."""
    first, second = (implementation(number) for number in normal(generator, 2).tolist())
    return _written_down(first * second, first, second)


@exercise.probe
def powers(implementation: Any, generator: Generator) -> Any:
    """The square and the third power of 1.5."""
    base = implementation(1.5)
    return [_written_down(base**exponent, base) for exponent in (2, 3)]


@exercise.probe
def bent(implementation: Any, generator: Generator) -> Any:
    """The hyperbolic tangent of 0.8 and of -2."""
    inputs = [implementation(number) for number in (0.8, -2.0)]
    return [_written_down(one.tanh(), one) for one in inputs]


@exercise.misconception(
    "The slopes of your product are both 1. Those are the slopes of a sum; how fast a product "
    "grows with one factor depends on the other. Reread 'Slopes of one operation'."
)
class LikeASum(Value):
    def __mul__(self, other: Any) -> Value:
        return Value(self.data * other.data, (self, other), (1.0, 1.0), "*")


@exercise.misconception(
    "The slopes of your product stand in the wrong order: each factor has its own value as its "
    "slope. Try 2 times 5, and let the 2 grow by a little. Reread 'Slopes of one operation'."
)
class NotExchanged(Value):
    def __mul__(self, other: Any) -> Value:
        return Value(self.data * other.data, (self, other), (self.data, other.data), "*")


@exercise.misconception(
    "The slope of your power lacks the exponent as a factor: a cube would grow no faster than a "
    "square. Reread 'Slopes of one operation'."
)
class PowerWithoutFactor(Value):
    def __pow__(self, exponent: Any) -> Value:
        return Value(self.data**exponent, (self,), (self.data ** (exponent - 1),), "**")


@exercise.misconception(
    "The slope of your power keeps the exponent as it was, where it goes down by one. Reread "
    "'Slopes of one operation'."
)
class PowerNotLowered(Value):
    def __pow__(self, exponent: Any) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data**exponent,), "**")


@exercise.misconception(
    "The slope of your tanh is computed from its input. The formula has the square of its output "
    "there; far from 0 yours would even be negative, and tanh never falls. Reread "
    "'Slopes of one operation'."
)
class TanhOfTheInput(Value):
    def tanh(self) -> Value:
        return Value(math.tanh(self.data), (self,), (1 - self.data**2,), "tanh")


@exercise.misconception(
    "The slope of your tanh lacks the square: for negative inputs it comes out above 1, and tanh "
    "is nowhere steeper than 1. Reread 'Slopes of one operation'."
)
class TanhWithoutSquare(Value):
    def tanh(self) -> Value:
        return Value(math.tanh(self.data), (self,), (1 - math.tanh(self.data),), "tanh")


@exercise.misconception(
    "Your results do not remember what they were made from: their parents are missing, and no "
    "gradient finds the way back. Reread 'Numbers that remember'."
)
class Forgetful(Value):
    def __mul__(self, other: Any) -> Value:
        return Value(self.data * other.data, (), (other.data, self.data), "*")

    def __pow__(self, exponent: Any) -> Value:
        return Value(self.data**exponent, (), (exponent * self.data ** (exponent - 1),), "**")

    def tanh(self) -> Value:
        return Value(math.tanh(self.data), (), (1 - math.tanh(self.data) ** 2,), "tanh")
