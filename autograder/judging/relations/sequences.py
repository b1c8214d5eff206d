"""Relations between lists, dictionaries and the things they hold: what is missing, extra, moved, doubled."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor

from autograder.judging.relations.parts import Part, ends_told, ordinal, right, shared
from autograder.judging.relations.values import as_tensor, distinct

_LONGEST = 2_000


def _sides(part: Part) -> tuple[list[Any], list[Any]] | None:
    expected, got = part.expected, part.got
    if not isinstance(expected, list) or not isinstance(got, list):
        return None
    return (expected, got) if max(len(expected), len(got)) <= _LONGEST else None


def _found(
    parts: Sequence[Part], relations: Callable[[list[Any], list[Any]], Iterator[str]]
) -> str:
    pairs = [_sides(part) for part in parts]
    usable = [pair for pair in pairs if pair is not None]
    if not usable or len(usable) < len(pairs):
        return ""
    return shared(list(relations(*pair)) for pair in usable)


def _key(value: Any) -> str:
    """Write an item so that equal items are written equally; numbers but for rounding."""
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)}{_key(value.tolist())}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return "[" + ",".join(map(_key, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_key(item)}" for key, item in value.items()) + "}"
    return repr(value)


def ends(parts: Sequence[Part]) -> str:
    """Items are missing at an end, or there are too many there; the others are right."""

    def relations(expected: list[Any], got: list[Any]) -> Iterator[str]:
        less = len(expected) - len(got)
        if not got and expected:
            yield "yours is empty"
        if not expected and got:
            yield "yours holds something, and nothing was expected"
        # What fits an empty list shows no order: it agrees with either end.
        long, short = (expected, got) if less > 0 else (got, expected)
        if not less or (len(short) == 0 and len(long) > 1):
            return
        for end, start in (("last", 0), ("first", abs(less))):
            if right(long[start : start + len(short)], short):
                yield from ends_told(end, less, "item")

    pairs = [_sides(part) for part in parts]
    if not any(pair and min(map(len, pair)) >= 1 for pair in pairs):
        # All lists are empty on one side: that is all there is to say.
        return shared(
            [text for text in relations(*pair) if "empty" in text] if pair else [] for pair in pairs
        )
    return _found(parts, relations)


def order(parts: Sequence[Part]) -> str:
    """The items are right, and stand reversed, one place off, sorted, or in another order."""

    def relations(expected: list[Any], got: list[Any]) -> Iterator[str]:
        wanted, found = [_key(item) for item in expected], [_key(item) for item in got]
        # Empty lists and dictionaries are what calls return, not items that could change places.
        calls = any(isinstance(item, (list, dict)) and not item for item in expected)
        if len(wanted) != len(found) or len(set(wanted)) < 3 or calls:
            return
        if found == wanted[::-1]:
            yield "the items of yours stand in reverse order"
        if len(set(wanted)) >= 4:
            if found[1:] == wanted[:-1]:
                yield "the items of yours stand one place too late"
            if found[:-1] == wanted[1:]:
                yield "the items of yours stand one place too early"
        if Counter(wanted) == Counter(found):
            if found == sorted(found) and _sortable(got):
                yield "yours holds the right items, but sorted"
            yield "yours holds the right items in another order"

    return _found(parts, relations)


def _sortable(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)


def _rows(part: Part) -> Part:
    """Look at the rows of two tables of another length as at the items of two lists."""
    expected, got = part.expected, part.got
    if not isinstance(expected, Tensor) or not isinstance(got, Tensor):
        return part
    if expected.dim() != 2 or got.dim() != 2 or expected.shape[1] != got.shape[1]:
        return part
    if expected.shape == got.shape or max(len(expected), len(got)) > _LONGEST:
        return part
    return Part(part.pair, part.path, expected.tolist(), got.tolist())


def members(parts: Sequence[Part]) -> str:
    """Items are repeated, or told once only, or some are missing, or too many, between those that are right."""

    def relations(expected: list[Any], got: list[Any]) -> Iterator[str]:
        wanted, found = Counter(map(_key, expected)), Counter(map(_key, got))
        if not wanted or not found:
            return
        if wanted.keys() == found.keys() and wanted != found and len(wanted) > 1:
            if all(count == 1 for count in found.values()):
                yield "yours holds each item once, and some are expected more often"
            if found >= wanted:
                yield "yours holds the right items, some of them too often"
        if found > wanted and _in_order(expected, got):
            yield "all the items that were expected are in yours, in their order, and others between them"
        if found > wanted:
            yield "all the items that were expected are in yours, and others too"
        if wanted > found and len(got) >= 2 and _in_order(got, expected):
            yield "all the items of yours are right and in order, and some are missing"

    text = _found([_rows(part) for part in parts], relations)
    tables = all(isinstance(part.expected, Tensor) for part in parts)
    return text.replace("item", "row") if tables else text


def _in_order(few: list[Any], many: list[Any]) -> bool:
    left = iter(_key(item) for item in many)
    return all(_key(item) in left for item in few)


def nesting(parts: Sequence[Part]) -> str:
    """The items are right, and each is wrapped, or unwrapped, or the last of a growing list."""

    def relations(expected: list[Any], got: list[Any]) -> Iterator[str]:
        if not expected or not got:
            return
        if right(expected, got[0]) and len(got) == 1:
            yield "yours is a list in a list: the inner one is right"
        if right(expected, _flat(got)):
            yield "the items of yours are right, and they are grouped in lists of their own"
        if right(_flat(expected), got) and not right(expected, got):
            yield "the items of yours are right, and they stand in one flat list instead of grouped"
        if len(expected) == len(got) and all(isinstance(item, list) and item for item in got):
            if right(expected, [item[-1] for item in got]):
                yield "each item of yours is a list that ends with what was expected in its place"
            if right(expected, [item[0] for item in got]):
                yield "each item of yours is a list that begins with what was expected in its place"

    return _found(parts, relations)


def _flat(value: list[Any]) -> list[Any]:
    return [inner for item in value for inner in (item if isinstance(item, list) else [item])]


def all_alike(parts: Sequence[Part]) -> str:
    """All results of several calls are one and the same, where they should differ."""
    pairs = [(_items(part.expected), _items(part.got)) for part in parts]
    for expected, got in pairs:
        wanted, found = {_key(item) for item in expected}, {_key(item) for item in got}
        if len(got) < 3 or len(found) > 1 or len(wanted) < 2:
            return ""
    return "all results of yours are the same"


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def pieces(parts: Sequence[Part]) -> str:
    """The same text is cut into pieces at other places."""

    def relations(expected: list[Any], got: list[Any]) -> Iterator[str]:
        if not all(isinstance(item, str) for item in expected + got) or not got:
            return
        # A piece that goes on with a word is marked so, as by WordPiece.
        whole = ["".join(item.removeprefix("##") for item in side) for side in (expected, got)]
        if whole[0] != whole[1] or len(whole[0]) < 2:
            return
        if len(got) == 1:
            yield "yours is the text in one piece, and it was to be cut"
        if len(got) != len(expected):
            yield f"yours cuts the same text into {'more' if len(got) > len(expected) else 'fewer'} pieces"
        yield "yours cuts the same text in other places"

    return _found(parts, relations)


def scattered(parts: Sequence[Part]) -> str:
    """All the items are there, and stand in other groups."""
    for part in parts:
        if type(part.expected) is not type(part.got) or not isinstance(part.expected, (list, dict)):
            return ""
        # Keys stay where they are: with a key of its own, an item is another.
        if Counter(_keys(part.expected)) != Counter(_keys(part.got)):
            return ""
        wanted, found = Counter(_leaves(part.expected)), Counter(_leaves(part.got))
        if wanted != found or len(wanted) < 4:
            return ""
    return "all that was expected is in yours, and some of it stands in another place"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for item in _items(value):
        yield from _keys(item)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, (list, dict)):
        for item in _items(value):
            yield from _leaves(item)
    else:
        yield _key(value)


def later_wrong(parts: Sequence[Part]) -> str:
    """The first of several results is right, and all that come after some place are wrong."""

    def relations(expected: list[Any], got: list[Any]) -> Iterator[str]:
        if len(expected) != len(got) or len(got) < 3:
            return
        if not all(isinstance(item, (Tensor, list, dict)) for item in expected):
            return
        fine = [right(*pair) for pair in zip(expected, got, strict=True)]
        until = fine.index(False)
        if until == 1 and not any(fine[1:]):
            yield "the first result is right, and all that come after it are wrong"
        elif until >= 1 and not any(fine[until:]):
            yield f"the first {until} results are right, and all that come after them are wrong"

    return _found(parts, relations)


def empty_only(parts: Sequence[Part]) -> str:
    """Only where nothing was expected is something wrong."""
    sizes = [
        len(part.expected) if isinstance(part.expected, (list, dict, str)) else None
        for part in parts
    ]
    tensors = [isinstance(part.expected, Tensor) and part.expected.numel() == 0 for part in parts]
    if all(size == 0 or tensor for size, tensor in zip(sizes, tensors, strict=True)):
        return "something came where the result should be empty"
    return ""


def dictionaries(parts: Sequence[Part]) -> str:
    """Keys are missing, or too many, or exchanged with their values; what else is there is right."""

    def relations(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
        if {_tuple(value): key for key, value in got.items()} == {
            key: str(value) for key, value in expected.items()
        }:
            yield "the keys and the values of yours are exchanged"
        if {_turned(key): _key(value) for key, value in got.items()} == {
            key: _key(value) for key, value in expected.items()
        } and len(expected) > 1:
            yield "the two halves of each key are exchanged in yours"
        common = [key for key in expected if key in got]
        extra = [got[key] for key in got if key not in expected]
        if not right([expected[key] for key in common], [got[key] for key in common]):
            return
        if extra and len(common) == len(expected):
            if all(isinstance(value, (int, float, list)) and not value for value in extra):
                yield "yours has keys with nothing under them (0 or empty), and they were to be left out"
            yield "yours has keys too many; all that was expected is there and right"
        if not extra and 0 < len(common) < len(expected):
            yield "keys are missing in yours; what is there is right"

    pairs = [(part.expected, part.got) for part in parts]
    if not all(isinstance(side, dict) for pair in pairs for side in pair):
        return ""
    return shared(list(relations(*pair)) for pair in pairs if pair[0] or pair[1])


def _tuple(value: Any) -> str:
    return str(tuple(value)) if isinstance(value, list) else str(value)


def _turned(key: str) -> str:
    try:
        value = ast.literal_eval(key)
    except (ValueError, SyntaxError):
        return key
    return str(value[::-1]) if isinstance(value, tuple) else key


def elsewhere(parts: Sequence[Part]) -> str:
    """Two parts of a result are exchanged, or one holds what another should."""

    def relations(expected: Any, got: Any) -> Iterator[str]:
        keys = list(expected) if isinstance(expected, dict) else list(range(len(expected)))
        if (
            len(keys) != len(got)
            or len(keys) > 12
            or (isinstance(got, dict) and set(got) != set(keys))
        ):
            return
        wrong = [key for key in keys if not right(expected[key], got[key])]
        for key in wrong:
            for other in keys:
                if other == key or not _telling(expected[other]):
                    continue
                if right(expected[other], got[key]) and not right(expected[key], expected[other]):
                    if other in wrong and key in wrong and right(expected[key], got[other]):
                        yield f"{_name(key)} and {_name(other)} of yours are exchanged"
                    yield f"{_name(key)} of yours is what {_name(other)} should be"

    pairs = [(part.expected, part.got) for part in parts]
    if not all(type(one) is type(other) and isinstance(one, (dict, list)) for one, other in pairs):
        return ""
    return shared(list(relations(*pair)) for pair in pairs)


def _name(key: str | int) -> str:
    return f"the {ordinal(key + 1)} result" if isinstance(key, int) else f"`{key}`"


def _telling(value: Any) -> bool:
    if isinstance(value, Tensor):
        numbers = as_tensor(value)
        return numbers is not None and distinct([numbers]) >= 3
    if isinstance(value, list):
        return len({_key(item) for item in value}) >= 3
    return isinstance(value, str) and len(value) >= 4
