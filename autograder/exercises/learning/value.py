"""`learning.Value`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator

from autograder.exercise import Switches, normal
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
    matters="PyTorch keeps the same record of every tensor that it computes: a model in training holds the results of "
    "all its layers for the way back, often more memory than its weights. Read llmlab/foundations/scalar.py.",
)


def _kind(items: Any) -> str:
    if isinstance(items, (set, frozenset)):
        return "a set"
    return "several" if isinstance(items, (tuple, list)) else "one alone"


def written_down(result: Any, **inputs: Any) -> dict[str, Any]:
    """Say what a result remembers: its number, and its slope to each input, by the input's name."""
    parents, slopes = result.parents, result.slopes
    kinds = [_kind(one) for one in (parents, slopes)]
    if kinds != ["several", "several"]:
        return {"data": result.data, "parents": kinds[0], "slopes": kinds[1]}
    pairs = list(zip(parents, slopes, strict=False))
    if not all(isinstance(slope, (int, float)) for slope in slopes):
        return {"data": result.data, "slopes": "something else than numbers"}
    return {
        "data": result.data,
        "slopes": {
            name: sum(slope for parent, slope in pairs if parent is given)
            for name, given in inputs.items()
        },
        "slopes without a parent": len(slopes) - len(pairs),
        "parents without a slope": len(parents) - len(pairs),
        "parents that are no input": sum(
            not any(parent is given for given in inputs.values()) for parent in parents
        ),
        "gradient": result.grad,
    }


def multiplied(implementation: Any, first: float, second: float) -> dict[str, Any]:
    """Multiply two numbers, and look at the product and at its factors."""
    one, other = implementation(first), implementation(second)
    result = written_down(one * other, first=one, second=other)
    return {
        **result,
        "factors afterward": [one.data, other.data],
        "gradients of the factors": [one.grad, other.grad],
    }


def raised(implementation: Any, base: float, exponents: tuple[float, ...]) -> dict[str, Any]:
    """Raise one number to several powers."""
    given = implementation(base)
    results = {
        f"power {exponent}": written_down(given**exponent, base=given) for exponent in exponents
    }
    return {**results, "base afterward": [given.data, len(given.parents)]}


def bend(implementation: Any, *numbers: float) -> dict[str, Any]:
    """Take the hyperbolic tangent of several numbers."""
    given = {f"tanh({number})": implementation(number) for number in numbers}
    results = {name: written_down(one.tanh(), input=one) for name, one in given.items()}
    return {**results, "inputs afterward": [one.data for one in given.values()]}


@exercise.probe
def product(implementation: Any, generator: Generator) -> Any:
    """The product of two numbers, of which the first is the smaller one."""
    return multiplied(implementation, *normal(generator, 2).sort().values.tolist())


@exercise.probe
def square_by_product(implementation: Any, generator: Generator) -> Any:
    """The number -1.5 times itself."""
    base = implementation(-1.5)
    return written_down(base * base, factor=base)


@exercise.probe
def powers(implementation: Any, generator: Generator) -> Any:
    """The square and the third power of 1.5."""
    return raised(implementation, 1.5, (2, 3))


@exercise.probe
def other_powers(implementation: Any, generator: Generator) -> Any:
    """The powers 0.5 and -2 of 4."""
    return raised(implementation, 4.0, (0.5, -2))


@exercise.probe
def power_of_a_negative(implementation: Any, generator: Generator) -> Any:
    """The square and the third power of -2."""
    return raised(implementation, -2.0, (2, 3))


@exercise.probe
def bent(implementation: Any, generator: Generator) -> Any:
    """The hyperbolic tangent of 0.8 and of -2."""
    return bend(implementation, 0.8, -2.0)


@exercise.probe
def in_a_row(implementation: Any, generator: Generator) -> Any:
    """With x = 0.5: x times tanh(x), plus x; and the third power of tanh(x)."""
    x = implementation(0.5)
    return {"data": [(x.tanh() * x + x).data, (x.tanh() ** 3).data]}


_PARENTS = (
    "Your results do not remember what they were made from: their parents are missing, and no "
    "gradient finds the way back. Reread 'Numbers that remember'."
)
_COMMA = (
    "A single parent or slope stands there by itself, and not in a tuple. Parentheses alone make no tuple. Compare "
    "with what `__add__` hands over, of which there are two."
)


@exercise.faults(
    like_a_sum="The slopes of your product are both 1. Those are the slopes of a sum; how fast a product "
    "grows with one factor depends on the other. Reread 'Slopes of one operation'.",
    not_exchanged="The slopes of your product stand in the wrong order: each factor has its own value as its "
    "slope. Try 2 times 5, and let the 2 grow by a little. Reread 'Slopes of one operation'.",
    first_factor_twice="Both slopes of your product are the first factor. Let each of the two grow by a little in "
    "turn. "
    "Reread 'Slopes of one operation'.",
    second_factor_twice="Both slopes of your product are the second factor. Let each of the two grow by a little in "
    "turn. Reread 'Slopes of one operation'.",
    product_as_slope="Both slopes of your product are the product itself. A slope says how many times as much the "
    "result grows as the input does. Reread 'Slopes of one operation'.",
    one_factor_alone="Your product remembers its first factor alone. Both are its parents, each with a slope. "
    "Reread 'Numbers that remember'.",
    added="Your product has the sum of the two numbers as its data.",
    factor_changed="Your product changes one of its factors and returns it. The factor may be used elsewhere in the "
    "graph: a result is a new Value. Reread 'Numbers that remember'.",
    parents_in_a_set="The parents of your product are a set. A set has no order that the slopes could follow, and a "
    "number times itself is in it once. Reread 'Slopes of one operation'.",
    power_without_factor="The slope of your power lacks the exponent as a factor: a cube would grow no faster than a "
    "square. Reread 'Slopes of one operation'.",
    power_not_lowered="The slope of your power keeps the exponent as it was, where it goes down by one. Reread "
    "'Slopes of one operation'.",
    factor_lowered="The slope of your power has the lowered exponent as its factor too. Only the exponent itself goes "
    "down by one. Reread 'Slopes of one operation'.",
    always_a_square="The slope of your power is that of a square, whatever the exponent is. "
    "Reread 'Slopes of one operation'.",
    slope_of_the_power="The slope of your power is computed from the result, where the base belongs. "
    "Reread 'Slopes of one operation'.",
    slope_to_exponent="The slope of your power has a logarithm: that says how it changes with the exponent. The "
    "exponent is a fixed number here. Reread 'Slopes of one operation'.",
    power_raised="The slope of your power has an exponent that went up by one: that is the way of an integral. "
    "Reread 'Slopes of one operation'.",
    power_slope_one="The slope of your power is 1, as if it were a sum. Reread 'Slopes of one operation'.",
    multiplied="Your power has the base times the exponent as its data.",
    exponent_is_a_value="Your power asks its exponent for `data`. The exponent is a plain number, and no Value. Look "
    "at what the docstring of `__pow__` says.",
    exponent_is_a_parent="Your power has the exponent among its parents. It is a plain number without a gradient. "
    "Look "
    "at what the docstring of `__pow__` says.",
    power_by_caret="In Python `^` compares bits and does not raise to a power, and it knows no fractions.",
    power_by_rounds="Your power multiplies in a loop, so it takes whole exponents only. An exponent may be 0.5 or -2.",
    tanh_of_the_input="The slope of your tanh is computed from its input. The formula has the square of its output "
    "there; far from 0 yours would even be negative, and tanh never falls. Reread "
    "'Slopes of one operation'.",
    tanh_without_square="The slope of your tanh lacks the square: for negative inputs it comes out above 1, and tanh "
    "is nowhere steeper than 1. Reread 'Slopes of one operation'.",
    tanh_twice="The slope of your tanh takes the tanh once more: its formula is about the result, which has been bent "
    "already. Reread 'Slopes of one operation'.",
    tanh_rest_squared="The slope of your tanh squares the rest that the result lacks to 1. Its formula squares the "
    "result. Reread 'Slopes of one operation'.",
    slopes_negative="The slopes of your product have the wrong sign. Let one factor grow by a little. Reread 'Slopes "
    "of "
    "one operation'.",
    power_sign_lost="Your power loses the sign of its base. The third power of a negative number is negative.",
    tanh_plus="The slope of your tanh adds the square where it takes it away: it comes out above 1, and tanh is "
    "nowhere "
    "steeper than 1. Reread 'Slopes of one operation'.",
    tanh_square_alone="The slope of your tanh is the square of its result, which is 0 where tanh is steepest. "
    "Reread 'Slopes of one operation'.",
    tanh_itself="The slope of your tanh is its result. Reread 'Slopes of one operation'.",
    tanh_like_a_sigmoid="The slope of your tanh is that of a sigmoid: the result times what it lacks to 1. "
    "Reread 'Slopes of one operation'.",
    tanh_slope_one="The slope of your tanh is 1 everywhere. It is so at 0 only. Reread 'Slopes of one operation'.",
    tanh_rooted="The slope of your tanh is one over the hyperbolic cosine. That lacks a square. "
    "Reread 'Slopes of one operation'.",
    tangent="Your tanh has the tangent of an angle as its data, which is another function. Look at what the docstring "
    "of `tanh` says.",
    sigmoid="Your tanh has a sigmoid as its data, which runs from 0 to 1. Look at what the docstring of `tanh` says.",
    sine="Your tanh has the hyperbolic sine as its data, which is another function. Look at what the docstring of "
    "`tanh` says.",
    forgetful=_PARENTS,
    bare="Your results remember nothing: both their parents and their slopes are missing. Reread 'Numbers that "
    "remember'.",
    without_slopes="Your results have parents and no slopes. Here the slopes are numbers that each Value keeps, one a "
    "parent; no function of its own walks back, as in other engines. Reread 'Numbers that remember'.",
    numbers_as_parents="The parents of your results are plain numbers, into which no gradient can be written. They "
    "are "
    "the Values themselves. Reread 'Numbers that remember'.",
    arguments_exchanged="Parents and slopes are exchanged: a Value takes its number, its parents, and then its "
    "slopes. "
    "Look at `__init__`.",
    number_returned="Your operation returns a plain number, and it takes a Value to remember how it was made. Reread "
    "'Numbers that remember'.",
    parent_without_tuple=_COMMA,
    slope_without_tuple=_COMMA,
    both_without_tuple=_COMMA,
)
def faulty(on: Switches) -> Any:
    """Build numbers that remember, with faults."""

    class Value:
        def __init__(
            self,
            data: Any,
            parents: Any = (),
            slopes: Any = (),
            operation: str = "",
            label: str = "",
        ) -> None:
            self.data, self.grad = data, 0.0
            self.parents, self.slopes = parents, slopes
            self.operation, self.label = operation, label

        def __add__(self, other: Any) -> Any:
            return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

        def __mul__(self, other: Any) -> Any:
            if on("factor_changed"):
                self.data *= other.data
                return self
            data = self.data + other.data if on("added") else self.data * other.data
            slopes = _slopes_of_product(on, self.data, other.data)
            if on("one_factor_alone"):
                return _made(on, Value, data, (self,), slopes[:1])
            if on("parents_in_a_set"):
                return Value(data, {self, other}, slopes)
            return _made(on, Value, data, (self, other), slopes)

        def __pow__(self, exponent: Any) -> Any:
            data, slope = _power(on, self.data, exponent)
            if on("exponent_is_a_parent"):
                return Value(data, (self, exponent), (slope, data * math.log(self.data)))
            return _made(on, Value, data, (self,), (slope,))

        def tanh(self) -> Any:
            data = _bent(on, self.data)
            return _made(on, Value, data, (self,), (_slope_of_tanh(on, self.data, data),))

    return Value


def _made(on: Switches, kind: Any, data: float, parents: Any, slopes: Any) -> Any:
    alone = len(parents) == 1
    if on("number_returned"):
        return data
    if on("forgetful"):
        return kind(data, (), slopes)
    if on("bare"):
        return kind(data)
    if on("without_slopes"):
        return kind(data, parents)
    if on("numbers_as_parents"):
        return kind(data, tuple(parent.data for parent in parents), slopes)
    if on("arguments_exchanged"):
        return kind(data, slopes, parents)
    if on("parent_without_tuple") and alone:
        return kind(data, parents[0], slopes)
    if on("slope_without_tuple") and alone:
        return kind(data, parents, slopes[0])
    if on("both_without_tuple") and alone:
        return kind(data, parents[0], slopes[0])
    return kind(data, parents, slopes)


def _slopes_of_product(on: Switches, first: float, second: float) -> tuple[float, float]:
    if on("like_a_sum"):
        return 1.0, 1.0
    if on("not_exchanged"):
        return first, second
    if on("slopes_negative"):
        return -second, -first
    if on("first_factor_twice"):
        return first, first
    if on("second_factor_twice"):
        return second, second
    return (first * second, first * second) if on("product_as_slope") else (second, first)


def _power(on: Switches, base: float, exponent: Any) -> tuple[float, float]:
    """Give the number and the slope of a power."""
    if on("exponent_is_a_value"):
        exponent = exponent.data
    if on("power_sign_lost"):
        return abs(base) ** exponent, exponent * abs(base) ** (exponent - 1)
    if on("power_by_caret"):
        return base ^ exponent, 0.0
    if on("power_by_rounds"):
        data = 1.0
        for _ in range(exponent):
            data *= base
    else:
        data = base * exponent if on("multiplied") else base**exponent
    return data, _slope_of_power(on, base, exponent, base**exponent)


def _slope_of_power(on: Switches, base: float, exponent: float, power: float) -> float:
    lowered = exponent - 1
    if on("power_without_factor"):
        return float(base**lowered)
    if on("power_not_lowered"):
        return exponent * power
    if on("factor_lowered"):
        return float(lowered * base**lowered)
    if on("always_a_square"):
        return 2 * base
    if on("slope_of_the_power"):
        return float(exponent * power**lowered)
    if on("slope_to_exponent"):
        return power * math.log(base)
    if on("power_raised"):
        return float(base ** (exponent + 1) / (exponent + 1))
    return 1.0 if on("power_slope_one") else float(exponent * base**lowered)


def _bent(on: Switches, number: float) -> float:
    if on("tangent"):
        return math.tan(number)
    if on("sigmoid"):
        return 1 / (1 + math.exp(-number))
    return math.sinh(number) if on("sine") else math.tanh(number)


def _slope_of_tanh(on: Switches, number: float, result: float) -> float:
    if on("tanh_of_the_input"):
        return 1 - number**2
    if on("tanh_without_square"):
        return 1 - result
    if on("tanh_twice"):
        return 1 - math.tanh(result) ** 2
    if on("tanh_rest_squared"):
        return (1 - result) ** 2
    if on("tanh_plus"):
        return 1 + result**2
    if on("tanh_square_alone"):
        return result**2
    if on("tanh_itself"):
        return result
    if on("tanh_like_a_sigmoid"):
        return result * (1 - result)
    if on("tanh_slope_one"):
        return 1.0
    return 1 / math.cosh(number) if on("tanh_rooted") else 1 - result**2
