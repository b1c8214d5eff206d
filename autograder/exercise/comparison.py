"""How what an answer returned is compared with what the reference returned.

A comparison takes the two pieces of plain data (see `autograder.probing.observing`) and returns nothing when they
agree, or the first `Mismatch` in words that a student can use. `close` is the rule unless a probe
names another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-5
# Tensors of more numbers are described by their shape.
SHOWN_NUMBERS = 8
# PyTorch cannot compute with 4-bit numbers, raw bits and the like, nor show their values.
_ORDINARY = re.compile(r"torch\.(bool|u?int(8|16|32|64)|b?float(16|32|64)|float8_\w+|complex\d+)")
_FLOOD = 100


@dataclass(frozen=True)
class Mismatch:
    """Where two results part, and how.

    Attributes:
        kind: `type`, `device`, `shape`, `dtype`, `nan`, `value`, `missing` or `limit`.
        sentence: What is wrong, as a clause that can follow 'Your answer'.
        expected: The expected piece, described.
        got: The answer's piece, described.
        where: The part of the result, such as `output[0]`; empty for the whole.
    """

    kind: str
    sentence: str
    expected: str
    got: str
    where: str = ""


Comparison = Callable[[Any, Any], Mismatch | None]


def is_ordinary(tensor: Tensor) -> bool:
    """Whether a tensor's numbers are of a type that PyTorch can compute with."""
    return _ORDINARY.fullmatch(str(tensor.dtype)) is not None


def describe(value: Any) -> str:
    """Describe a result in one line: small tensors by their values, large ones by their shape."""
    if isinstance(value, Tensor):
        shape = tuple(value.shape)
        kind = str(value.dtype).removeprefix("torch.")
        if value.numel() <= SHOWN_NUMBERS and value.device.type != "meta" and is_ordinary(value):
            numbers = value.tolist()
            return f"{_rounded(numbers)} (tensor of shape {shape}, {kind})"
        return f"tensor of shape {shape}, {kind}"
    if isinstance(value, (list, tuple)):
        text = f"[{', '.join(map(describe, value))}]"
    elif isinstance(value, dict):
        text = f"{{{', '.join(f'{key!r}: {describe(item)}' for key, item in value.items())}}}"
    else:
        text = repr(value)
    if isinstance(value, (list, tuple, dict, str)) and len(text) > 120:
        parts = "characters" if isinstance(value, str) else "items"
        return f"{_kind_of(value).removeprefix('a ')} of {len(value)} {parts}"
    return text


def _rounded(numbers: Any) -> str:
    if isinstance(numbers, list):
        return "[" + ", ".join(_rounded(number) for number in numbers) + "]"
    return f"{numbers:.4g}" if isinstance(numbers, float) else str(numbers)


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return "a number"
    if value is None:
        return "None"
    names = {Tensor: "a tensor", str: "text", dict: "a dictionary", list: "a list", tuple: "a list"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "an object")


def _number_kind(tensor: Tensor) -> str:
    if not is_ordinary(tensor):
        return f"numbers of type {str(tensor.dtype).removeprefix('torch.')}"
    if tensor.dtype == torch.bool:
        return "truth values"
    if tensor.is_complex():
        return "complex numbers"
    return "real numbers" if tensor.is_floating_point() else "whole numbers"


def _compare_tensors(
    expected: Tensor, got: Tensor, where: str, relative: float, absolute: float
) -> Mismatch | None:
    descriptions = describe(expected), describe(got)
    if expected.device != got.device:
        clause = f"is on device `{got.device}`, and `{expected.device}` was expected"
        return Mismatch("device", clause, *descriptions, where)
    if expected.shape != got.shape:
        clause = f"has shape {tuple(got.shape)}, and {tuple(expected.shape)} was expected"
        return Mismatch("shape", clause, *descriptions, where)
    if _number_kind(expected) != _number_kind(got):
        clause = f"holds {_number_kind(got)}, and {_number_kind(expected)} were expected"
        return Mismatch("dtype", clause, *descriptions, where)
    if expected.numel() == 0:
        return None
    if not expected.is_floating_point() and not expected.is_complex():
        left, right = expected.to(torch.int64), got.to(torch.int64)
        wrong = left != right
        if not bool(wrong.any()):
            return None
        # Two whole numbers too large for a float may differ by what rounds to 0.
        error = (left.to(torch.float64) - right.to(torch.float64)).abs().clamp(min=1)
    else:
        widest = torch.complex128 if expected.is_complex() else torch.float64
        left, right = expected.to(widest), got.to(widest)
        if bool((right.isnan() & ~left.isnan()).any()):
            clause = "contains NaN (not a number) where numbers were expected"
            return Mismatch("nan", clause, *descriptions, where)
        # What is lost to rounding grows with the largest number that took part, not with each result.
        scale = max(1.0, float(torch.nan_to_num(left.abs(), posinf=1.0).max()))
        agrees = torch.isclose(right, left, rtol=relative, atol=absolute * scale, equal_nan=True)
        if bool(agrees.all()):
            return None
        wrong = ~agrees
        # Where both are infinite the difference is NaN, and there is no error.
        error = torch.nan_to_num((left - right).abs(), nan=torch.inf, posinf=torch.inf)
    error = torch.where(wrong, error, 0.0)
    index = tuple(int(i) for i in torch.unravel_index(error.argmax(), error.shape))
    share = f"{int(wrong.sum())} of {wrong.numel()}"
    place = f" at {list(index)}" if index else ""
    pair = expected[index].item(), got[index].item()
    wanted, found = (_rounded(number) for number in pair)
    if wanted == found:
        wanted, found = (f"{number:.9g}" for number in pair)
    clause = (
        f"has wrong values ({share}); the largest error is{place}: {wanted} was expected, "
        f"{found} came"
    )
    if expected.numel() > SHOWN_NUMBERS:
        descriptions = (
            f"{wanted}{place} ({descriptions[0]})",
            f"{found}{place} ({descriptions[1]})",
        )
    return Mismatch("value", clause, *descriptions, where)


def _compare(
    expected: Any, got: Any, where: str, relative: float, absolute: float
) -> Mismatch | None:
    if isinstance(expected, Tensor) and isinstance(got, Tensor):
        return _compare_tensors(expected, got, where, relative, absolute)
    wanted, found = _kind_of(expected), _kind_of(got)
    if wanted != found:
        clause = f"is {found}, and {wanted} was expected"
        return Mismatch("type", clause, describe(expected), describe(got), where)
    if isinstance(expected, dict):
        missing = [key for key in expected if key not in got]
        extra = [key for key in got if key not in expected]
        if missing or extra:
            parts = [
                f"lacks {missing}" if missing else "",
                f"has {extra} too many" if extra else "",
            ]
            clause = " and ".join(part for part in parts if part)
            return Mismatch("missing", clause, str(list(expected)), str(list(got)), where)
        pairs = [(f"{where}[{key!r}]" if where else str(key), key) for key in expected]
        found_first = (
            _compare(expected[key], got[key], place, relative, absolute) for place, key in pairs
        )
        return next((mismatch for mismatch in found_first if mismatch), None)
    if isinstance(expected, (list, tuple)):
        if len(expected) != len(got):
            verb = "was" if len(expected) == 1 else "were"
            clause = (
                f"has {len(got)} item{'s' * (len(got) != 1)}, and {len(expected)} {verb} expected"
            )
            return Mismatch("shape", clause, describe(expected), describe(got), where)
        found_first = (
            _compare(left, right, f"{where}[{i}]", relative, absolute)
            for i, (left, right) in enumerate(zip(expected, got, strict=True))
        )
        return next((mismatch for mismatch in found_first if mismatch), None)
    if isinstance(expected, float) or isinstance(got, float):
        pair = torch.tensor([float(expected), float(got)], dtype=torch.float64)
        agrees = torch.isclose(pair[1], pair[0], rtol=relative, atol=absolute, equal_nan=True)
    else:
        agrees = torch.tensor(expected == got)
    if bool(agrees):
        return None
    clause = f"is {describe(got)}, and {describe(expected)} was expected"
    return Mismatch("value", clause, describe(expected), describe(got), where)


def close(relative: float = RELATIVE_TOLERANCE, absolute: float = ABSOLUTE_TOLERANCE) -> Comparison:
    """Require the same structure, shapes and kinds, and numbers equal within a tolerance.

    Precision is free: float64 beside float32 is no mistake. Whole numbers, truth values and text must be
    equal exactly; a whole number beside a real one may differ by the tolerance.
    """

    def compare(expected: Any, got: Any) -> Mismatch | None:
        return _compare(expected, got, "", relative, absolute)

    return compare


def at_most(factor: float) -> Comparison:
    """Require a number that is no larger than `factor` times the reference's (FLOPs, bytes)."""

    def compare(expected: Any, got: Any) -> Mismatch | None:
        if _kind_of(got) != "a number":
            return _compare(expected, got, "", 0, 0)
        if got <= factor * expected:
            return None
        clause = f"needs {got:,}, and at most {factor} times {expected:,} is allowed"
        return Mismatch("limit", clause, f"at most {factor * expected:,.10g}", f"{got:,}")

    return compare


def same_set() -> Comparison:
    """Require the same items in any order, however often each occurs."""

    def among(item: Any, others: Any) -> bool:
        return any(_compare(other, item, "", 0, 0) is None for other in others)

    def compare(expected: Any, got: Any) -> Mismatch | None:
        if not isinstance(got, (list, tuple)):
            return _compare(expected, got, "", 0, 0)
        # Each item is looked for among all others: a flood of them would take the judge's time.
        got = got[: _FLOOD * len(expected) + _FLOOD]
        missing = [item for item in expected if not among(item, got)]
        extra = [item for item in got if not among(item, expected)]
        if not missing and not extra:
            return None
        parts = [
            f"lacks {len(missing)} of {len(expected)} items" if missing else "",
            f"has {len(extra)} too many" if extra else "",
        ]
        clause = " and ".join(part for part in parts if part)
        return Mismatch("value", clause, describe(expected), describe(got))

    return compare
