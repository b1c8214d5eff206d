"""Results as numbers: read tensors, numbers and lists of numbers as tensors, and weigh what they can prove.

A relation that holds of two or three numbers may be chance. `telling` asks for enough different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.judging.relations.parts import Part

# More numbers than any exercise's result has would take the judge's time.
LARGEST, LONGEST = 200_000, 2_000
_EXACT = 2**53
RELATIVE, ABSOLUTE = 1e-4, 1e-5


@dataclass(frozen=True, eq=False)
class Numbers:
    """A part of a result whose two sides are real or whole numbers in one shape, as float64."""

    pair: int
    expected: Tensor
    got: Tensor


def as_tensor(value: Any) -> Tensor | None:
    """Read a tensor, a number or a list of numbers as float64; None where it holds anything else.

    Truth values are no numbers here, and neither are whole numbers that a float64 cannot hold.
    """
    if isinstance(value, Tensor):
        if value.is_complex() or value.dtype == torch.bool or value.numel() > LARGEST:
            return None
        if not value.is_floating_point() and bool((value.to(torch.int64).abs() >= _EXACT).any()):
            return None
        return value.detach().cpu().to(torch.float64)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, int) and abs(value) >= _EXACT:
            return None
        return torch.tensor(float(value), dtype=torch.float64)
    return _of_list(value) if isinstance(value, list) and 0 < len(value) <= LONGEST else None


def _of_list(value: list[Any]) -> Tensor | None:
    first = value[0]
    if any(isinstance(item, Tensor) for item in value):
        return None
    if isinstance(first, list) and len(value) * len(first) > LARGEST:
        return None
    items = [as_tensor(item) for item in value]
    tensors = [item for item in items if item is not None]
    if len(tensors) < len(items) or len({item.shape for item in tensors}) > 1:
        return None
    return torch.stack(tensors)


def as_numbers(parts: Sequence[Part]) -> list[Numbers]:
    """Read all parts as numbers of one shape on both sides; an empty list if one cannot be."""
    result = []
    for part in parts:
        expected, got = as_tensor(part.expected), as_tensor(part.got)
        if expected is None or got is None or expected.shape != got.shape or not expected.numel():
            return []
        result.append(Numbers(part.pair, expected, got))
    return result


def same(left: Tensor, right: Tensor) -> bool:
    """Whether two tensors have one shape and, but for rounding, the same numbers."""
    return left.shape == right.shape and bool(alike(left, right).all())


def alike(left: Tensor, right: Tensor) -> Tensor:
    """Tell for each place of two tensors whether the numbers are the same but for rounding."""
    finite = left[left.isfinite()].abs()
    scale = float(finite.max()) if finite.numel() else 0.0
    return torch.isclose(right, left, rtol=RELATIVE, atol=ABSOLUTE * scale + 1e-12)


def distinct(values: Sequence[Tensor]) -> int:
    """Count the different numbers, but for rounding, among those that are finite and neither 0 nor 1."""
    flat = torch.cat([value.flatten() for value in values]) if values else torch.empty(0)
    kept = flat[flat.isfinite() & (flat != 0) & (flat != 1)]
    return len({f"{number:.3e}" for number in kept.tolist()})


def telling(numbers: Sequence[Numbers], least: int = 3) -> bool:
    """Whether there is enough to believe a relation: three different numbers, or two in two probes.

    Two small whole numbers would fit too many relations, so they need three as well.
    """
    expected = [one.expected for one in numbers]
    count = distinct(expected)
    whole = all(bool((one == one.round()).all()) for one in expected)
    several = len({one.pair for one in numbers}) >= 2
    return count >= least or (several and count >= 2 and not whole)


def short(number: float) -> str:
    """Write a number for reading: '0.25', '3'."""
    return f"{number:.4g}"
