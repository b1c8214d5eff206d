"""How what an answer returned is compared with what the reference returned.

A comparison takes the two pieces of plain data (see `autograder.probing.observing`) and returns nothing when they
agree, or the first `Mismatch` in words that a student can use. `close` is the rule unless a probe
names another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-5
# Tensors of more numbers are described by their shape.
SHOWN_NUMBERS = 24
# PyTorch cannot compute with 4-bit numbers, raw bits and the like, nor show their values.
_ORDINARY = re.compile(r"torch\.(bool|u?int(8|16|32|64)|b?float(16|32|64)|float8_\w+|complex\d+)")
_FLOOD = 100
# Longer texts are cut, or told by their size.
_LONG = 120


@dataclass(frozen=True)
class Mismatch:
    """Where two results part, and how.

    Attributes:
        kind: `type`, `device`, `shape`, `dtype`, `nan`, `value`, `missing` or `limit`.
        sentence: What is wrong, as a clause that follows the answer's name: 'gives 3 items, and 4 were expected'.
        expected: The expected piece, described.
        got: The answer's piece, described.
        where: The part of the result with its preposition, as ` in the 2nd of 3 for 'losses'`; empty for the whole.
    """

    kind: str
    sentence: str
    expected: str
    got: str
    where: str = ""

    @property
    def part(self) -> str:
        """The part in brackets, for a label."""
        words = self.where.strip().removeprefix("in ").removeprefix("for ")
        return f" ({words})" if words else ""


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
            return _with_shape(_rounded(numbers), shape, kind)
        return f"tensor of shape {shape}, {kind}"
    if isinstance(value, (list, tuple)):
        text = f"[{', '.join(map(describe, value))}]"
    elif isinstance(value, dict):
        text = f"{{{', '.join(f'{key!r}: {describe(item)}' for key, item in value.items())}}}"
    else:
        text = repr(value)
    if isinstance(value, (list, tuple, dict, str)) and len(text) > _LONG:
        parts = "characters" if isinstance(value, str) else "items"
        return f"{_kind_of(value).removeprefix('a ')} of {len(value)} {parts}"
    return text


def _rounded(numbers: Any) -> str:
    if isinstance(numbers, list):
        return _in_brackets(numbers, [_rounded(number) for number in numbers])
    return f"{numbers:.4g}" if isinstance(numbers, float) else str(numbers)


def _with_shape(numbers: str, shape: tuple[int, ...], kind: str) -> str:
    gap = "\n" if "\n" in numbers else " "
    return f"{numbers}{gap}(tensor of shape {shape}, {kind})"


def _in_brackets(items: list[Any], texts: list[str]) -> str:
    """Write a list, and one of lists row by row."""
    rows = bool(items) and isinstance(items[0], list)
    return f"[{(',' + chr(10) + ' ' if rows else ', ').join(texts)}]"


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


def ordinal(number: int) -> str:
    """Write 1 as '1st'."""
    ending = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def _marked(got: Tensor, wrong: Tensor) -> str:
    """Write a small tensor with what is wrong between marks."""

    def write(numbers: Any, marks: Any) -> str:
        if isinstance(numbers, list):
            return _in_brackets(numbers, list(map(write, numbers, marks)))
        return f"‹{_rounded(numbers)}›" if marks else _rounded(numbers)

    kind = str(got.dtype).removeprefix("torch.")
    return _with_shape(write(got.tolist(), wrong.tolist()), tuple(got.shape), kind)


def _kind_mismatch(expected: Tensor, got: Tensor, where: str) -> Mismatch | None:
    """Compare what two tensors are, before their values."""
    descriptions = describe(expected), describe(got)
    if expected.device != got.device:
        clause = (
            f"gives a tensor on device `{got.device}`{where}, and `{expected.device}` was expected"
        )
        return Mismatch("device", clause, *descriptions, where)
    if expected.shape != got.shape:
        clause = f"gives a tensor of shape {tuple(got.shape)}{where}, and {tuple(expected.shape)} was expected"
        return Mismatch("shape", clause, *descriptions, where)
    if _number_kind(expected) != _number_kind(got):
        clause = f"gives {_number_kind(got)}{where}, and {_number_kind(expected)} were expected"
        return Mismatch("dtype", clause, *descriptions, where)
    if bool((got.isnan() & ~expected.isnan()).any()):
        clause = f"gives NaN (not a number){where} where numbers were expected"
        return Mismatch("nan", clause, *descriptions, where)
    return None


def _errors(
    expected: Tensor, got: Tensor, relative: float, absolute: float
) -> tuple[Tensor, Tensor]:
    """Say which elements of two tensors of one kind differ, and by how much."""
    if not expected.is_floating_point() and not expected.is_complex():
        left, right = expected.to(torch.int64), got.to(torch.int64)
        # Two whole numbers too large for a float may differ by what rounds to 0.
        return left != right, (left.double() - right.double()).abs().clamp(min=1)
    widest = torch.complex128 if expected.is_complex() else torch.float64
    left, right = expected.to(widest), got.to(widest)
    # What is lost to rounding grows with the largest number that took part, not with each result.
    scale = max(1.0, float(torch.nan_to_num(left.abs(), posinf=1.0).max()))
    agrees = torch.isclose(right, left, rtol=relative, atol=absolute * scale, equal_nan=True)
    # Where both are infinite the difference is NaN, and there is no error.
    return ~agrees, torch.nan_to_num((left - right).abs(), nan=torch.inf, posinf=torch.inf)


def _compare_tensors(
    expected: Tensor, got: Tensor, where: str, relative: float, absolute: float
) -> Mismatch | None:
    mismatch = _kind_mismatch(expected, got, where)
    if mismatch or expected.numel() == 0:
        return mismatch
    wrong, error = _errors(expected, got, relative, absolute)
    if not bool(wrong.any()):
        return None
    error = torch.where(wrong, error, 0.0)
    index = tuple(int(i) for i in torch.unravel_index(error.argmax(), error.shape))
    place = f" at {list(index)}" if index else ""
    wanted, found = _told_apart(expected[index].item(), got[index].item())
    if wrong.numel() == 1:
        clause = f"gives {found}{where}, and {wanted} was expected"
    else:
        clause = (
            f"gives wrong values{where} ({int(wrong.sum())} of {wrong.numel()}); the largest error "
            f"is{place}: {wanted} was expected, {found} came"
        )
    if expected.numel() > SHOWN_NUMBERS:
        descriptions = (
            f"{wanted}{place} ({describe(expected)})",
            f"{found}{place} ({describe(got)})",
        )
    else:
        descriptions = describe(expected), _marked(got, wrong)
    return Mismatch("value", clause, *descriptions, where)


def _told_apart(expected: Any, got: Any) -> tuple[str, str]:
    """Round two numbers for reading, and not so far that they look the same."""
    wanted, found = _rounded(expected), _rounded(got)
    return (wanted, found) if wanted != found else (f"{expected:.9g}", f"{got:.9g}")


def _compare(
    expected: Any, got: Any, where: str, relative: float, absolute: float
) -> Mismatch | None:
    if isinstance(expected, Tensor) and isinstance(got, Tensor):
        return _compare_tensors(expected, got, where, relative, absolute)
    wanted, found = _kind_of(expected), _kind_of(got)
    if wanted != found:
        clause = f"gives {found}{where}, and {wanted} was expected"
        return Mismatch("type", clause, describe(expected), describe(got), where)
    if isinstance(expected, dict):
        return _compare_dictionaries(expected, got, where, relative, absolute)
    if isinstance(expected, (list, tuple)):
        return _compare_lists(expected, got, where, relative, absolute)
    if isinstance(expected, float) or isinstance(got, float):
        pair = torch.tensor([float(expected), float(got)], dtype=torch.float64)
        agrees = bool(torch.isclose(pair[1], pair[0], rtol=relative, atol=absolute, equal_nan=True))
        words = _told_apart(float(expected), float(got))
    else:
        agrees, words = expected == got, (describe(expected), describe(got))
    if agrees:
        return None
    clause = f"gives {words[1]}{where}, and {words[0]} was expected"
    return Mismatch("value", clause, *words, where)


def _compare_dictionaries(
    expected: dict[str, Any], got: dict[str, Any], where: str, relative: float, absolute: float
) -> Mismatch | None:
    missing = [key for key in expected if key not in got]
    extra = [key for key in got if key not in expected]
    if missing or extra:
        parts = [
            f"lacks {_listed(missing)}{where}" if missing else "",
            f"has {_listed(extra)}{where} too many" if extra else "",
        ]
        clause = " and ".join(part for part in parts if part)
        return Mismatch("missing", clause, describe(expected), describe(got), where)
    found_first = (
        _compare(expected[key], got[key], f" for '{key}'{where}", relative, absolute)
        for key in expected
    )
    return next((mismatch for mismatch in found_first if mismatch), None)


def _listed(keys: Iterable[str]) -> str:
    # A number or a tuple became text on its way, and is written as what it was.
    text = ", ".join(key if key[:1] in "(0123456789-" else repr(key) for key in keys)
    return text if len(text) <= _LONG else f"{text[:_LONG]} …"


def _compare_lists(
    expected: Sequence[Any], got: Sequence[Any], where: str, relative: float, absolute: float
) -> Mismatch | None:
    if len(expected) != len(got):
        verb = "was" if len(expected) == 1 else "were"
        clause = f"gives {len(got)} item{'s' * (len(got) != 1)}{where}, and {len(expected)} {verb} expected"
        return Mismatch("shape", clause, describe(expected), describe(got), where)
    noun = "" if where else " results"
    found_first = (
        _compare(
            left,
            right,
            f" in the {ordinal(i)} of {len(expected)}{noun}{where}" if len(expected) > 1 else where,
            relative,
            absolute,
        )
        for i, (left, right) in enumerate(zip(expected, got, strict=True), 1)
    )
    return next((mismatch for mismatch in found_first if mismatch), None)


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
