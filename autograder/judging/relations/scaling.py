"""Relations number by number: a factor, a constant, a sign, a function, a bound, a loss of fractions.

A factor is named only if it is one that people meet (2, n, the root of n, the base of a logarithm) and holds
in every probe with its own n. A factor that only fits is told as what it is: the proportions are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from autograder.judging.relations.parts import Part, shared
from autograder.judging.relations.values import (
    Numbers,
    as_numbers,
    distinct,
    same,
    short,
    telling,
)

_FACTORS = {
    2.0: "twice",
    0.5: "half",
    1 / 3: "a third of",
    0.25: "a quarter of",
    **{float(n): f"{n} times" for n in (3, 4, 5, 6, 8, 10, 12, 100, 1000, 1024)},
    **{1 / n: f"1/{n} of" for n in (5, 6, 8, 10, 12, 100, 1000, 1024)},
    math.log(2): "ln 2 (0.693) times",
    1 / math.log(2): "1/ln 2 (1.443) times",
    math.log(10): "ln 10 (2.303) times",
    1 / math.log(10): "1/ln 10 (0.434) times",
    math.log2(10): "log2 10 (3.322) times",
    1 / math.log2(10): "log10 2 (0.301) times",
    math.sqrt(2): "the root of 2 (1.414) times",
    1 / math.sqrt(2): "1 by the root of 2 (0.707) times",
    math.pi: "π times",
}
_SIZED: tuple[tuple[str, Callable[[int], float]], ...] = (
    ("n times", lambda n: n),
    ("one nth of", lambda n: 1 / n),
    ("the root of n times", math.sqrt),
    ("1 by the root of n times", lambda n: 1 / math.sqrt(n)),
    ("n/(n − 1) times", lambda n: n / (n - 1)),
    ("(n − 1)/n times", lambda n: (n - 1) / n),
    ("the root of n/(n − 1) times", lambda n: math.sqrt(n / (n - 1))),
    ("the root of (n − 1)/n times", lambda n: math.sqrt((n - 1) / n)),
)
_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "the logarithm of": torch.log,
    "minus the logarithm of": lambda x: -torch.log(x),
    "the logarithm to base 2 of": torch.log2,
    "the logarithm to base 10 of": torch.log10,
    "the exponential of": torch.exp,
    "the exponential of minus": lambda x: torch.exp(-x),
    "the square root of": torch.sqrt,
    "the square of": torch.square,
    "one divided by": torch.reciprocal,
    "one divided by the square root of": torch.rsqrt,
    "1 minus": lambda x: 1 - x,
    "the arc cosine (the angle) of": torch.acos,
    "the sigmoid of": torch.sigmoid,
    "the tanh of": torch.tanh,
}
_BY_ROW: dict[str, Callable[[Tensor], Tensor]] = {
    "the softmax of": lambda x: x.softmax(-1),
    "the logarithm of the softmax of": lambda x: x.log_softmax(-1),
}


def factor(parts: Sequence[Part]) -> str:
    """Every value is the expected one times a factor that has a name."""
    numbers = as_numbers(parts)
    found = [ratio(one.expected, one.got) for one in numbers]
    factors = [one for one in found if one is not None]
    if not numbers or len(factors) < len(found) or not telling(numbers):
        return ""
    if all(math.isclose(one, -1, rel_tol=1e-4) for one in factors):
        return _said(numbers, "minus")
    if name := shared(map(_named, factors)):
        return _said(numbers, name)
    name, role = _sized(numbers, factors)
    return f"{_said(numbers, name)}, where n is {role}" if name else ""


def _said(numbers: Sequence[Numbers], name: str) -> str:
    """Say of one number a probe, or else of every value, that it is something of the expected one."""
    single = len({one.pair for one in numbers}) == len(numbers)
    if single and all(one.expected.dim() == 0 for one in numbers):
        return f"yours is {name} what was expected"
    return f"every value of yours is {name} the expected one"


def ratio(expected: Tensor, got: Tensor) -> float | None:
    """Find the one factor between two tensors; None where there is none, or nothing but zeros."""
    usable = expected.isfinite() & (expected != 0)
    if not bool(usable.any()):
        return None
    left, right = expected[usable], got[usable]
    found = float((left * right).sum() / (left * left).sum())
    fits = math.isfinite(found) and found != 0 and same(expected * found, got)
    return found if fits and not math.isclose(found, 1, rel_tol=1e-4) else None


def _named(number: float) -> list[str]:
    sign = "minus " if number < 0 else ""
    names = (
        name for value, name in _FACTORS.items() if math.isclose(abs(number), value, rel_tol=1e-4)
    )
    return [sign + name for name in names]


def _sizes(shape: torch.Size) -> Iterator[tuple[str, int]]:
    if shape:
        yield "the number of elements", shape.numel()
    if len(shape) > 1:
        yield "the size of the last axis", shape[-1]
        yield "the size of the first axis", shape[0]
        yield "the size of the last axis but one", shape[-2]


def _sized(numbers: Sequence[Numbers], factors: Sequence[float]) -> tuple[str, str]:
    """Name a factor by a size of the result, if sizes that differ from probe to probe bear it out."""
    sizes: dict[str, list[int]] = {}
    for one in numbers:
        for role, size in _sizes(one.expected.shape):
            sizes.setdefault(role, []).append(size)
    for role, all_sizes in sizes.items():
        if len(all_sizes) < len(numbers) or len(set(all_sizes)) < 2 or min(all_sizes) < 2:
            continue
        for text, value in _SIZED:
            pairs = zip(all_sizes, factors, strict=True)
            if all(math.isclose(value(size), number, rel_tol=1e-4) for size, number in pairs):
                return text, role
    return "", ""


def whole_multiple(parts: Sequence[Part]) -> str:
    """In each probe every value is another whole multiple of the expected one, or the other way round."""
    numbers = as_numbers(parts)
    found = [ratio(one.expected, one.got) for one in numbers]
    factors = [one for one in found if one is not None]
    if len(factors) < max(2, len(found)) or not telling(numbers, least=2):
        return ""
    if all(bool((one.expected == one.expected.round()).all()) for one in numbers):
        return ""  # whole numbers are multiples of each other by chance
    for text, multiples in (
        ("yours is {} times what was expected", factors),
        ("what was expected is {} times yours", [1 / one for one in factors]),
    ):
        rounded = [round(one) for one in multiples]
        pairs = zip(multiples, rounded, strict=True)
        whole = all(math.isclose(one, near, rel_tol=1e-4) for one, near in pairs)
        # A larger ratio is near a whole number by chance.
        if whole and all(2 <= one <= 64 for one in rounded) and len(set(rounded)) > 1:
            counts = " and ".join(str(one) for one in dict.fromkeys(rounded))
            return f"{text.format(counts)}: a whole number each time"
    return ""


def inverse(parts: Sequence[Part]) -> str:
    """Yours multiplies by what the expected result divides by, or the other way round."""
    numbers = as_numbers(parts)
    if not numbers or not telling(numbers, least=4):
        return ""
    products = torch.cat([(one.expected * one.got).flatten() for one in numbers])
    if not bool((products.isfinite() & (products != 0)).all()) or not same(
        products[:1].expand_as(products), products
    ):
        return ""
    value = short(float(products[0]))
    return (
        f"the larger the expected value, the smaller is yours: multiplied they always give {value}"
    )


def constant(parts: Sequence[Part]) -> str:
    """Every value is off by one and the same amount."""
    numbers = as_numbers(parts)
    amounts = []
    for one in numbers:
        finite = one.expected.isfinite()
        if distinct([one.expected]) < 1 or not bool(finite.any()):
            return ""
        amount = float((one.got - one.expected)[finite].mean())
        if not math.isfinite(amount) or not same(one.expected + amount, one.got):
            return ""
        if abs(amount) < 1e-3 * float(one.expected[finite].abs().max()):
            return ""
        amounts.append(amount)
    if not numbers or not telling(numbers):
        return ""
    if all(math.isclose(amount, amounts[0], rel_tol=1e-3) for amount in amounts):
        way = "more" if amounts[0] > 0 else "less"
        size = short(abs(amounts[0]))
        return f"every value of yours is {size} {way} than the expected one"
    if all(distinct([one.expected]) >= 3 for one in numbers):
        return "every value of yours is off by the same amount within each result"
    return ""


def function(parts: Sequence[Part]) -> str:
    """Every value is a well-known function of the expected one: its logarithm, its square, its root."""
    numbers = as_numbers(parts)
    if not numbers or not telling(numbers):
        return ""
    for name, apply in _FUNCTIONS.items():
        if all(same(apply(one.expected), one.got) for one in numbers):
            return _said(numbers, name)
    if all(one.expected.dim() and one.expected.shape[-1] >= 3 for one in numbers):
        for name, apply in _BY_ROW.items():
            if all(same(apply(one.expected), one.got) for one in numbers):
                return f"yours is {name} what was expected"
            if all(same(apply(one.got), one.expected) for one in numbers):
                return f"what was expected is {name} yours"
    return ""


def signs(parts: Sequence[Part]) -> str:
    """Every value has the right size, and the sign is lost or wrong."""
    numbers = as_numbers(parts)
    if not numbers or not telling(numbers):
        return ""
    if not all(same(one.expected.abs(), one.got.abs()) for one in numbers):
        return ""
    if all(bool((one.got >= 0).all()) for one in numbers):
        return "yours holds the absolute values of what was expected: the signs are lost"
    wrong = sum(int((one.got * one.expected < 0).sum()) for one in numbers)
    return (
        "every value of yours has the right size, and some have the wrong sign"
        if wrong >= 3
        else ""
    )


def fractions(parts: Sequence[Part]) -> str:
    """Every value is the expected one without its fraction."""
    numbers = as_numbers(parts)
    broken = [one for one in numbers if not bool((one.expected == one.expected.round()).all())]
    if len(broken) < max(1, len(numbers)) or not telling(numbers):
        return ""
    if distinct([one.got for one in numbers]) < 2:
        return ""
    ways = {"rounded down": torch.floor, "rounded up": torch.ceil, "rounded": torch.round}
    ways["cut to its whole part"] = torch.trunc
    for name, apply in ways.items():
        if all(same(apply(one.expected), one.got) for one in numbers):
            return f"every value of yours is the expected one {name}, without its fraction"
    return ""


def _clipped(full: Tensor, cut: Tensor) -> list[str]:
    """Tell at which bounds a tensor of `full`'s values was cut."""
    found = []
    for name, bound, wanted in (
        ("above", float(cut.max()), torch.minimum),
        ("below", float(cut.min()), torch.maximum),
    ):
        limit = torch.tensor(bound, dtype=torch.float64)
        reached = int((cut == limit).sum())
        # One value at the bound is only the largest there is.
        if reached >= 2 and distinct([cut]) >= 3 and same(wanted(full, limit), cut):
            found.append(f"{name} {short(bound)}")
    return found


def bounds(parts: Sequence[Part]) -> str:
    """Values are cut at a bound that was not asked for, or are not cut where they should be."""
    numbers = as_numbers(parts)
    if not numbers or not all(bool(one.got.isfinite().all()) for one in numbers):
        return ""
    cut = shared(_clipped(one.expected, one.got) for one in numbers)
    if cut:
        return f"yours has no value {cut}, and some were expected; all other values are right"
    missing = shared(_clipped(one.got, one.expected) for one in numbers)
    if missing:
        return f"yours has values {missing}, and none was expected; all other values are right"
    return ""


def proportions(parts: Sequence[Part]) -> str:
    """Each result is the expected one times some number, which has no name of its own."""
    numbers = as_numbers(parts)
    if not numbers or any(distinct([one.expected]) < 1 for one in numbers):
        return ""
    for pair in {one.pair for one in numbers}:
        mine = [one for one in numbers if one.pair == pair]
        expected = torch.cat([one.expected.flatten() for one in mine])
        got = torch.cat([one.got.flatten() for one in mine])
        if distinct([expected]) < 3 or ratio(expected, got) is None:
            return ""
    return "the values of yours stand in the right proportions to each other, and all are off by one factor"


def _lines(tensor: Tensor, axis: int) -> Tensor:
    return tensor.movedim(axis, -1).flatten(0, -2)


def _proportional(expected: Tensor, got: Tensor) -> bool | None:
    """Whether one line is the other times a number; None if it holds too little to tell."""
    if same(expected, got):
        return None if distinct([expected]) < 3 else True
    if distinct([expected]) < 3:
        return None if ratio(expected, got) is not None else False
    return ratio(expected, got) is not None


def line_by_line(parts: Sequence[Part]) -> str:
    """Each row (or each column) is the expected one times, or plus, a number of its own."""
    numbers = as_numbers(parts)
    if not numbers or any(one.expected.dim() < 2 for one in numbers):
        return ""
    for axis, name in ((-1, "row"), (-2, "column")):
        pairs = [
            line
            for one in numbers
            for line in zip(_lines(one.expected, axis), _lines(one.got, axis), strict=True)
        ]
        told = [_proportional(*line) for line in pairs]
        if False not in told and told.count(True) >= 2:
            return f"in each {name} of yours the proportions are right, and the scale is not"
        shifts = [_shifted(*line) for line in pairs]
        if False not in shifts and shifts.count(True) >= 2:
            return f"each {name} of yours is the expected one plus some number, the same for all of the {name}"
    return ""


def _shifted(expected: Tensor, got: Tensor) -> bool | None:
    amount = (got - expected)[0]
    fits = bool(amount.isfinite()) and same(expected + amount, got)
    return None if fits and distinct([expected]) < 3 else fits
