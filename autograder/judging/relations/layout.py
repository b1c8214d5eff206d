"""Relations of shape and order between tensors: axes exchanged, reversed, shifted, missing, added up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import torch
from torch import Tensor

from autograder.judging.relations.parts import Part, ends_told, ordinal, shared
from autograder.judging.relations.values import alike, as_tensor, distinct, same

_FEW = 3


def _line(tensor: Tensor, axis: int) -> str:
    """Name what lies along an axis: a row, a column, an element, or else a slice."""
    if tensor.dim() == 1:
        return "element"
    if axis == 0:
        return "row" if tensor.dim() == 2 else "slice along axis 0"
    return "column" if tensor.dim() == 2 else f"slice along axis {axis}"


def _tensors(parts: Sequence[Part]) -> list[tuple[Tensor, Tensor]]:
    """Read all parts as tensors that hold enough to tell an order; an empty list if one is none."""
    pairs = []
    for part in parts:
        expected, got = _read(part.expected), _read(part.got)
        if expected is None or got is None:
            return []
        pairs.append((expected, got))
    return pairs


def _read(value: object) -> Tensor | None:
    if isinstance(value, Tensor) and value.dtype == torch.bool:
        return value.cpu().to(torch.float64)
    return as_tensor(value)


def _orderly(pairs: Sequence[tuple[Tensor, Tensor]]) -> bool:
    """Whether the expected values can show an order at all."""
    if distinct([expected for expected, _ in pairs]) >= _FEW:
        return True
    # Truth values: by their number, and in more than one row.
    return all(expected.numel() >= 9 and expected.dim() > 1 for expected, _ in pairs)


def _found(parts: Sequence[Part], relations: Callable[[Tensor, Tensor], Iterator[str]]) -> str:
    pairs = _tensors(parts)
    if not pairs or not _orderly(pairs):
        return ""
    return shared(list(relations(expected, got)) for expected, got in pairs)


def exchanged(parts: Sequence[Part]) -> str:
    """Yours is the transpose, or has two axes exchanged."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.dim() != got.dim() or expected.numel() < 4:
            return
        if expected.dim() == 2 and same(expected.mT, got):
            yield "yours is the transpose of what was expected"
        axes = combinations(range(expected.dim()), 2)
        fit = [pair for pair in axes if same(expected.transpose(*pair), got)]
        if expected.dim() > 2 and len(fit) == 1:
            first, second = fit[0]
            if second == expected.dim() - 1 and first == second - 1:
                yield "the last two axes of yours are exchanged"
            yield f"axes {first} and {second} of yours are exchanged"

    return _found(parts, relations)


def turned(parts: Sequence[Part]) -> str:
    """Yours is reversed, shifted, sorted, or its halves or its even and odd places are exchanged."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.shape != got.shape or not expected.dim():
            return
        if same(expected.flip(tuple(range(expected.dim()))), got) and expected.dim() > 1:
            yield "yours is turned round: rows and columns both stand in reverse order"
        for axis in range(expected.dim()):
            if expected.shape[axis] >= _FEW:
                found = list(_along(expected, got, axis))
                yield from found
                if axis == expected.dim() - 1:
                    yield from (text.replace(_line(expected, axis), "value") for text in found)

    return _found(parts, relations)


def _along(expected: Tensor, got: Tensor, axis: int) -> Iterator[str]:
    size, name = expected.shape[axis], f"{_line(expected, axis)}s"
    moved, arrived = expected.movedim(axis, 0), got.movedim(axis, 0)
    if same(moved.flip(0), arrived):
        yield f"the {name} of yours stand in reverse order"
    if size >= 4:
        if same(moved.roll(1, 0), arrived) or _tells(moved[:-1], arrived[1:]):
            yield f"the {name} of yours stand one place too late"
        if same(moved.roll(-1, 0), arrived) or _tells(moved[1:], arrived[:-1]):
            yield f"the {name} of yours stand one place too early"
        if size % 2 == 0 and same(moved.roll(size // 2, 0), arrived):
            yield f"the first and the second half of the {name} are exchanged in yours"
    if size >= 6 and size % 2 == 0:
        yield from _interleaved(moved, arrived, name)
    yield from _sorted(expected, got, axis)


def _sorted(expected: Tensor, got: Tensor, axis: int) -> Iterator[str]:
    where = "the last axis" if axis == expected.dim() - 1 else f"axis {axis}"
    for way, descending in (("smallest", False), ("largest", True)):
        if same(expected.sort(axis, descending=descending).values, got):
            if expected.dim() == 1:
                yield f"yours holds the right values sorted, {way} first"
            yield f"yours holds the right values sorted along {where}, {way} first"


def _tells(expected: Tensor, got: Tensor) -> bool:
    return distinct([expected]) >= 4 and same(expected, got)


def _interleaved(expected: Tensor, got: Tensor, name: str) -> Iterator[str]:
    apart = torch.cat([expected[::2], expected[1::2]])
    if same(apart, got):
        yield f"yours has the {name} with even index first and those with odd index after them"
    if same(torch.cat([got[::2], got[1::2]]), expected):
        yield f"the first and the second half of the {name} alternate in yours"
    if same(torch.stack([expected[1::2], expected[::2]], 1).flatten(0, 1), got):
        yield f"the {name} of yours are exchanged in pairs"


def reshaped(parts: Sequence[Part]) -> str:
    """The numbers are right and in order, and the shape is not."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.shape == got.shape or not same(expected.flatten(), got.flatten()):
            return
        sizes = [[size for size in side.shape if size != 1] for side in (expected, got)]
        if sizes[0] == sizes[1] and got.dim() != expected.dim():
            more = got.dim() > expected.dim()
            what = "has an axis of size 1 too many" if more else "lacks an axis of size 1"
            yield f"the values of yours are right, and the shape {what}"
        elif sizes[0] != sizes[1] and got.dim() == 1:
            yield "the values of yours are right and in order, and laid out flat"
        yield "the values of yours are right and in order, and the shape is another"

    # One number is enough here: its value is right.
    pairs = _tensors(parts)
    return shared(list(relations(*pair)) for pair in pairs) if pairs else ""


def cut(parts: Sequence[Part]) -> str:
    """Rows, columns or elements are missing at an end, or there are too many; the others are right."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.dim() != got.dim():
            return
        axes = [axis for axis in range(expected.dim()) if expected.shape[axis] != got.shape[axis]]
        if len(axes) != 1:
            return
        axis = axes[0]
        name = _line(expected, axis)
        less = expected.shape[axis] - got.shape[axis]
        long, kept = (expected, got) if less > 0 else (got, expected)
        size = kept.shape[axis]
        if not size or distinct([kept]) < 2:
            return
        for end, start in (("last", 0), ("first", abs(less))):
            if same(long.narrow(axis, start, size), kept):
                yield from ends_told(end, less, name)

    return _found(parts, relations)


def summed(parts: Sequence[Part]) -> str:
    """Yours is a sum, a mean, a largest value of what was expected along an axis, or the other way round."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if got.numel() <= expected.numel() and got.dim() < expected.dim():
            yield from _reductions(expected, got, "yours is {} what was expected{}")
        elif got.numel() >= expected.numel() and got.dim() > expected.dim():
            yield from _reductions(got, expected, "what was expected is {} yours{}")

    pairs = _tensors(parts)
    if not pairs or distinct([side for pair in pairs for side in pair]) < _FEW:
        return ""
    if max(max(expected.numel(), got.numel()) for expected, got in pairs) < 2:
        return ""
    return shared(list(relations(*pair)) for pair in pairs)


_REDUCED: dict[str, Callable[[Tensor, int], Tensor]] = {
    "the sum of": lambda tensor, axis: tensor.sum(axis),
    "the mean of": lambda tensor, axis: tensor.mean(axis),
    "the largest of": lambda tensor, axis: tensor.amax(axis),
    "the smallest of": lambda tensor, axis: tensor.amin(axis),
}


def _reductions(full: Tensor, small: Tensor, text: str) -> Iterator[str]:
    if not full.numel():
        return
    for name, reduce in _REDUCED.items():
        if small.numel() == 1 and same(reduce(full.flatten(), 0), small.flatten()[0]):
            yield text.format(name, "")
        for axis in range(full.dim()):
            value = reduce(full, axis)
            if same(value.flatten(), small.flatten()) and value.numel() > 1:
                yield text.format(name, f" over axis {axis}")
    last = full[..., -1] if full.dim() else full
    for name, value in (
        ("the last of", last),
        ("the first of", full[..., 0] if full.dim() else full),
    ):
        if small.shape == value.shape and same(value, small):
            yield text.format(name, "" if full.dim() == 1 else " along the last axis")


def running(parts: Sequence[Part]) -> str:
    """Yours is the running sum of what was expected, or the other way round."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.shape != got.shape or not expected.dim() or expected.numel() < _FEW:
            return
        if same(expected.flatten().cumsum(0), got.flatten()):
            yield "yours holds the running sums of what was expected: each value adds up all before it"
        if same(got.flatten().cumsum(0), expected.flatten()):
            yield "the running sums of yours are what was expected"
        for axis in range(expected.dim()) if expected.dim() > 1 else ():
            if same(expected.cumsum(axis), got):
                yield f"yours holds the running sums of what was expected along axis {axis}"
            if same(got.cumsum(axis), expected):
                yield f"the running sums of yours along axis {axis} are what was expected"

    return _found(parts, relations)


def broadcast(parts: Sequence[Part]) -> str:
    """Yours repeats what was expected along an axis, or holds once what was expected repeated."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.shape == got.shape:
            return
        for small, large, text in (
            (
                expected,
                got,
                "yours repeats what was expected: its shape is {}, and {} was expected",
            ),
            (
                got,
                expected,
                "yours holds once what was expected repeated: its shape is {}, and {} was expected",
            ),
        ):
            try:
                fits = same(small.expand_as(large), large)
            except RuntimeError:
                continue
            if fits and small.numel() < large.numel():
                yield text.format(tuple(got.shape), tuple(expected.shape))
                yield text.partition(":")[0]

    return _found(parts, relations)


def largest_places(parts: Sequence[Part]) -> str:
    """Yours holds where the largest expected value stands, or a 1 there and 0 elsewhere."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if not expected.dim() or expected.shape[-1] < _FEW or distinct([expected]) < _FEW:
            return
        places = expected.argmax(-1)
        if same(torch.nn.functional.one_hot(places, expected.shape[-1]).double(), got):
            yield "yours is 1 where the expected values are largest and 0 elsewhere"
        if places.numel() >= 2 and same(places.double(), got):
            yield "yours holds the places of the largest expected values, not the values"

    return _found(parts, relations)


def repeated(parts: Sequence[Part]) -> str:
    """All rows of yours are one and the same, or all its values are."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if got.numel() < _FEW or expected.numel() < _FEW:
            return
        flat = got.flatten()
        if same(flat[:1].expand_as(flat), flat) and not bool(flat.isnan().any()):
            if not same(expected.flatten()[:1].expand(expected.numel()), expected.flatten()):
                yield f"all values of yours are {flat[0].item():.4g}"
                yield "all values of yours are the same"
        elif got.dim() > 1 and got.shape[0] >= _FEW and expected.dim() == got.dim():
            alike = same(got[:1].expand_as(got), got)
            if alike and not same(expected[:1].expand_as(expected), expected):
                yield f"all {_line(got, 0)}s of yours are the same"

    return _found(parts, relations)


def one_line(parts: Sequence[Part]) -> str:
    """Only the first or the last row or column is wrong, or only that one is right."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.shape != got.shape or expected.dim() < 2:
            return
        for axis in (expected.dim() - 2, expected.dim() - 1):
            size = expected.shape[axis]
            name = "row" if axis == expected.dim() - 2 else "column"
            lines = zip(expected.unbind(axis), got.unbind(axis), strict=True)
            fine = [same(*line) for line in lines]
            if size < _FEW or distinct([expected]) < _FEW:
                continue
            for end, place in (("first", 0), ("last", size - 1)):
                others = fine[:place] + fine[place + 1 :]
                ending, came = expected.select(axis, place), got.select(axis, place)
                # A single wrong value stands in some row by chance.
                several = int((~alike(ending, came)).sum()) >= 2
                if several and all(others):
                    yield f"only the {end} {name} of yours is wrong"
                if fine[place] and not any(others) and distinct([ending]) >= 2:
                    yield f"only the {end} {name} of yours is right"

    return _found(parts, relations)


def block(parts: Sequence[Part]) -> str:
    """All values between two places of a list of numbers are wrong, and all others are right."""

    def relations(expected: Tensor, got: Tensor) -> Iterator[str]:
        if expected.dim() != 1 or expected.shape != got.shape:
            return
        wrong = [not same(*pair) for pair in zip(expected, got, strict=True)]
        if not any(wrong):
            return
        start, size = wrong.index(True), sum(wrong)
        end = start + size
        if size < _FEW or len(wrong) - size < 2 or not all(wrong[start:end]):
            return
        if end == len(wrong):
            yield f"the first {start} values of yours are right, and all after them are wrong"
            yield "the values of yours are right up to some place, and all after it are wrong"
        elif start == 0:
            yield f"the first {end} values of yours are wrong, and all after them are right"
            yield "the values of yours are wrong up to some place, and all after it are right"
        else:
            first, last = ordinal(start + 1), ordinal(end)
            yield f"the values of yours are wrong from the {first} to the {last}, and all others are right"

    return _found(parts, relations)
