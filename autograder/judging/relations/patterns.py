"""What a result has or lacks as a whole: rows that add up to one, places that are let through, NaN, zeros."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from autograder.judging.relations.parts import Part, shared
from autograder.judging.relations.values import (
    Numbers,
    alike,
    as_numbers,
    as_tensor,
    distinct,
    same,
    short,
)


def _place(wrong: Tensor) -> str:
    index = wrong.nonzero()[0].tolist()
    return f"at {index}" if index else ""


def not_finite(parts: Sequence[Part]) -> str:
    """NaN or infinity came where a number was expected: how far it reaches, and where it begins."""
    numbers = as_numbers(parts)
    for name, find in (("NaN (not a number)", torch.isnan), ("infinite", torch.isinf)):
        spoilt = [find(one.got) & ~find(one.expected) for one in numbers]
        if any(bool(find(one.expected).any()) for one in numbers):
            continue  # infinities are asked for, as by a filter
        if not numbers or not all(bool(one.any()) for one in spoilt):
            continue
        if all(bool(one.all()) for one in spoilt):
            many = any(one.numel() > 1 for one in spoilt)
            return f"{'every value of yours' if many else 'yours'} is {name}"
        fine = [
            bool((alike(one.expected, one.got) | bad).all())
            for one, bad in zip(numbers, spoilt, strict=True)
        ]
        first = _place(spoilt[0])
        where = f"the first {'NaN' if find is torch.isnan else 'infinity'} stands {first}"
        if first and all(fine):
            return f"{where}, and what is a number in yours is right"
        if first:
            return where
    return ""


def adds_up(parts: Sequence[Part]) -> str:
    """The columns add up to one where the rows should, or all values together, or the other way round."""
    numbers = as_numbers(parts)
    if not numbers or not all(_shares(one.expected) and one.expected.dim() > 1 for one in numbers):
        return ""
    for axis, name in ((-1, "row"), (-2, "column")):
        if not all(_ones(one.expected, axis) for one in numbers):
            continue
        if any(_ones(one.got, axis) for one in numbers):
            return ""
        other, plural = (-2, "columns") if axis == -1 else (-1, "rows")
        if all(_ones(one.got, other) for one in numbers):
            return f"the {plural} of yours add up to 1, and each {name} should"
        if all(one.got.dim() > 2 and _ones(one.got, 0) for one in numbers):
            return f"along axis 0 yours adds up to 1, and each {name} should"
        whole = all(abs(float(one.got.sum()) - 1) < 1e-4 for one in numbers)
        if whole and distinct([one.got for one in numbers]) >= 3:
            return f"the values of yours add up to 1 all together, and each {name} should by itself"
    return ""


def does_not_add_up(parts: Sequence[Part]) -> str:
    """The rows do not add up to one, and should; or they do, and should not."""
    numbers = as_numbers(parts)
    if numbers and all(_shares(one.expected) and one.expected.dim() > 1 for one in numbers):
        for axis, name in ((-1, "row"), (-2, "column")):
            sums = [one.got.sum(axis) for one in numbers]
            if not all(
                _ones(one.expected, axis) and bool(one.got.isfinite().all()) for one in numbers
            ):
                continue
            if all(bool((one - 1).abs().max() > 1e-3) for one in sums):
                example = next(one for one in sums[0].flatten().tolist() if abs(one - 1) > 1e-3)
                return f"not every {name} of yours adds up to 1, and each should (one adds up to {short(example)})"
    if all(_weights_for_other(as_tensor(part.expected), as_tensor(part.got)) for part in parts):
        return "every row of yours adds up to 1, as weights do, and those expected do not"
    return ""


def _weights_for_other(expected: Tensor | None, got: Tensor | None) -> bool:
    """Whether rows of shares came where something else was expected."""
    if expected is None or got is None or min(expected.dim(), got.dim()) < 2 or _shares(expected):
        return False
    return _shares(got) and _ones(got, -1) and distinct([got]) >= 3


def _shares(tensor: Tensor) -> bool:
    return bool(tensor.numel()) and bool(((tensor >= 0) & (tensor <= 1 + 1e-6)).all())


def _ones(tensor: Tensor, axis: int) -> bool:
    sums = tensor.sum(axis)
    enough = tensor.shape[axis] >= 2 and sums.numel() >= 2
    return enough and bool(((sums - 1).abs() < 1e-4).all()) and bool((tensor >= 0).all())


def negative(parts: Sequence[Part]) -> str:
    """Some values are negative where shares or probabilities are expected."""
    numbers = as_numbers(parts)
    if not numbers or not all(
        _shares(one.expected)
        and one.expected.dim()
        and abs(float(one.expected.sum(-1).flatten()[0]) - 1) < 1e-4
        for one in numbers
    ):
        return ""
    if distinct([one.expected for one in numbers]) >= 3 and all(
        bool((one.got < 0).any()) for one in numbers
    ):
        return "some values of yours are negative, and what was expected adds up to 1 and has none below 0"
    return ""


def let_through(parts: Sequence[Part]) -> str:
    """Truth values or filtered numbers: the opposite ones are let through, or more, or fewer."""
    pairs = [_open(part) for part in parts]
    usable = [pair for pair in pairs if pair is not None]
    if not usable or len(usable) < len(pairs) or max(one.numel() for one, _, _ in usable) < 4:
        return ""
    name = usable[0][2]
    opposite = all(bool((expected != got).all()) for expected, got, _ in usable)
    mixed = all(bool(expected.any()) and not bool(expected.all()) for expected, _, _ in usable)
    if opposite and mixed:
        return f"yours is the opposite: it {name} exactly where it should not"
    more = [bool((got & ~expected).any()) for expected, got, _ in usable]
    fewer = [bool((expected & ~got).any()) for expected, got, _ in usable]
    if all(more) and all(bool(got.all()) for _, got, _ in usable):
        return f"yours {name} everywhere"
    if all(fewer) and not any(bool(got.any()) for _, got, _ in usable):
        return f"yours {name} nowhere"
    where = shared(_diagonals(expected, got) for expected, got, _ in usable)
    if all(more) and not any(fewer):
        return f"yours {name} wherever it should, and in other places too{where}"
    if all(fewer) and not any(more):
        return f"yours {name} in too few places, and nowhere that it should not{where}"
    return ""


def _open(part: Part) -> tuple[Tensor, Tensor, str] | None:
    """Read where a mask is True, or where a filter left a number standing beside minus infinity."""
    expected, got = part.expected, part.got
    if (
        not isinstance(expected, Tensor)
        or not isinstance(got, Tensor)
        or expected.shape != got.shape
    ):
        return None
    if expected.dtype == got.dtype == torch.bool:
        return expected, got, "is True"
    if not expected.is_floating_point() or not got.is_floating_point():
        return None
    wanted, found = expected.double(), got.double()
    kept, left = ~wanted.isneginf(), ~found.isneginf()
    both = kept & left
    if not bool((~kept).any()) or not same(wanted[both], found[both]):
        return None
    return kept, left, "keeps a number"


_DIAGONALS = {
    ": on the diagonal": 0,
    ": on the first diagonal above the main one": 1,
    ": on the first diagonal below the main one": -1,
}


def _diagonals(expected: Tensor, got: Tensor) -> Iterator[str]:
    """Name the diagonal on which two square masks differ; any of them will do for a single place."""
    wrong = expected != got
    if expected.dim() != 2 or expected.shape[0] != expected.shape[1]:
        return
    eye = torch.ones_like(wrong)
    for name, offset in _DIAGONALS.items():
        if expected.shape[0] == 1 or torch.equal(wrong, eye.triu(offset) & eye.tril(offset)):
            yield name


def where_zero(parts: Sequence[Part]) -> str:
    """Wherever the result is wrong it is 0, or it is wrong only where 0 was expected."""
    numbers = [one for one in as_numbers(parts) if one.expected.dim()]
    if not numbers or len(numbers) < len(parts) or not _several_wrong(numbers):
        return ""
    rules: tuple[tuple[str, Callable[[Numbers], Tensor]], ...] = (
        (
            "yours is 0 in some places where it should not be, and right everywhere else",
            lambda one: one.got == 0,
        ),
        (
            "yours is wrong only where 0 was expected",
            lambda one: one.expected == 0,
        ),
    )
    for text, holds in rules:
        told = [bool((alike(one.expected, one.got) | holds(one)).all()) for one in numbers]
        if all(told):
            return text
    return ""


def _several_wrong(numbers: Sequence[Numbers]) -> bool:
    wrong = [one.expected[~alike(one.expected, one.got)] for one in numbers]
    fine = [one.expected[alike(one.expected, one.got)] for one in numbers]
    return sum(one.numel() for one in wrong) >= 2 and distinct(fine) >= 2
