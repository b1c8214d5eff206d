"""Where results differ: the parts of a failing probe's result, and how they are called in a sentence.

A result is plain data: tensors, numbers, text, lists and dictionaries. `levels` walks down from the whole
results to the parts that differ, all probes in step; `lead_in` names those parts ('In the gradient of the
query, '), so that nothing is said of a part that is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.exercise.comparison import close

Path = tuple[str | int, ...]
_agree = close()
_MOST = 200
_PLACES = ("after", "before", "with", "without", "at", "in", "on", "during", "while", "once")


@dataclass(frozen=True)
class Pair:
    """What one failing public probe expected, and what it got, as plain data."""

    expected: Any
    got: Any


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a result that is not what was expected.

    Attributes:
        pair: The place of its probe among those that failed.
        path: The keys and places that lead to it; empty for the whole result.
        expected: What was expected there.
        got: What came.
    """

    pair: int
    path: Path
    expected: Any
    got: Any


def right(expected: Any, got: Any) -> bool:
    """Whether a piece of a result is what was expected, by the usual tolerance."""
    return _agree(expected, got) is None


def steps(value: Any) -> list[tuple[str | int, Any]]:
    """List what a container holds, with its keys or places; nothing for what is no container."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _alike(part: Part) -> bool:
    """Whether both sides are containers with the same keys or places."""
    keys = [[key for key, _ in steps(side)] for side in (part.expected, part.got)]
    return type(part.expected) is type(part.got) and bool(keys[0]) and set(keys[0]) == set(keys[1])


def _below(part: Part) -> list[Part]:
    children = (
        Part(part.pair, (*part.path, key), value, part.got[key])
        for key, value in steps(part.expected)
    )
    return [child for child in children if not right(child.expected, child.got)]


def levels(pairs: Sequence[Pair]) -> Iterator[list[Part]]:
    """Yield the parts that differ, from the whole results down to single tensors, numbers and texts."""
    parts = [
        Part(place, (), pair.expected, pair.got)
        for place, pair in enumerate(pairs)
        if not right(pair.expected, pair.got)
    ]
    if len(parts) < len(pairs):
        return  # a probe that compares in a way of its own refused what agrees here
    while parts:
        yield parts
        open_ones = [part for part in parts if _alike(part)]
        if not open_ones or len(parts) > _MOST:
            return
        # Dictionaries first: what they name is what another probe returns bare.
        inner = [part for part in open_ones if isinstance(part.expected, dict)] or open_ones
        parts = [child for part in parts for child in (_below(part) if part in inner else [part])]


def first_named(parts: Sequence[Part], pairs: Sequence[Pair]) -> list[Part]:
    """Keep the parts under the first key that differs in every probe; none where there is no such key.

    What a probe looks at first (the output) is what the rest (its gradients) follows from.
    """
    for key in dict.fromkeys(_last_key(part.path) for part in parts):
        chosen = [part for part in parts if _last_key(part.path) == key]
        if (
            key
            and len(chosen) < len(parts)
            and {part.pair for part in chosen} == set(range(len(pairs)))
        ):
            return chosen
    return []


def _last_key(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    for key, item in steps(value):
        yield from _nodes(item, (*path, key))


def _covered(path: Path, value: Any, wrong: set[Path]) -> bool:
    """Whether a part of a result is wrong all through."""
    if path in wrong:
        return True
    inner = steps(value)
    return bool(inner) and all(_covered((*path, key), item, wrong) for key, item in inner)


def lead_in(parts: Sequence[Part], pairs: Sequence[Pair]) -> str:
    """Begin a sentence about these parts, as 'in the output, '; empty when they are all there is."""
    wrong: list[set[Path]] = [set() for _ in pairs]
    for part in parts:
        wrong[part.pair].add(part.path)
    if all(_covered((), pair.expected, paths) for pair, paths in zip(pairs, wrong, strict=True)):
        return ""
    keys = list(dict.fromkeys(_last_key(part.path) for part in parts))
    named = (
        (path, value, paths)
        for pair, paths in zip(pairs, wrong, strict=True)
        for path, value in _nodes(pair.expected)
        if path and path[-1] in keys
    )
    if len(keys) <= 2 and all(keys) and all(_covered(*node) for node in named):
        return " and ".join(map(_place_of, keys)) + ", "
    paths = {part.path for part in parts}
    if len(paths) == 1 and (place := one_place(next(iter(paths)), pairs)):
        return f"in {place}, "
    return "wherever the two differ, "


def only_part(parts: Sequence[Part], pairs: Sequence[Pair]) -> str:
    """Name the one part that differs in every probe, where the rest of the result is right."""
    paths = {part.path for part in parts}
    keys = {_last_key(part.path) for part in parts}
    if not all(part.path for part in parts) or not all(
        len(steps(pair.expected)) > 1 for pair in pairs
    ):
        return ""
    if len(paths) == 1 and (place := one_place(next(iter(paths)), pairs)):
        return place
    key = keys.pop() if len(keys) == 1 else ""
    return f"the {key}" if _is_noun(key) else f"`{key}`" if key else ""


def one_place(path: Path, pairs: Sequence[Pair]) -> str:
    """Name a place in a list, as 'the 2nd of 5 results'; empty where the path ends with a key."""
    if not path or not isinstance(path[-1], int):
        return ""
    sizes = {len(pair.expected) for pair in pairs}
    if len(path) == 1 and len(sizes) == 1:
        return (
            f"the {ordinal(path[0] + 1)} of {sizes.pop()} results"
            if isinstance(path[0], int)
            else ""
        )
    return " of ".join(_step(step, last=place == 0) for place, step in enumerate(reversed(path)))


def _step(step: str | int, last: bool) -> str:
    if isinstance(step, int):
        return f"the {ordinal(step + 1)} {'part' if last else 'result'}"
    return f"the {step}" if _is_noun(step) else f"`{step}`"


def _is_noun(key: str) -> bool:
    """Whether a probe's label reads as a noun: neither code, nor a clause, nor a lone participle."""
    words = re.fullmatch(r"[A-Za-z]{2,}( [a-z]+)*", key)
    return bool(words) and not re.search(r" (is|are|has|have) |^\w+ed$", key)


def _place_of(key: str) -> str:
    if not _is_noun(key):
        return f"under `{key}`"
    if key.split()[0] in _PLACES:
        return key
    return f"in {key}" if key.startswith("what ") else f"in the {key}"


def ordinal(number: int) -> str:
    """Write a place as people do: '1st', '2nd', '11th'."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}th" if number % 100 in (11, 12, 13) else f"{number}{ending}"


def shared(groups: Iterable[Iterable[str]]) -> str:
    """Find the first text of the first group that is in all of them; empty if there is none."""
    first, *others = [list(group) for group in groups] or [[]]
    return next((text for text in first if all(text in other for other in others)), "")


def ends_told(end: str, less: int, name: str) -> Iterator[str]:
    """Say that so many (or minus so many: too many) of what `name` names are missing at the first or last end."""
    place = "end" if end == "last" else "beginning"
    if less == 1:
        yield f"yours lacks the {end} {name}; the others are right"
    elif less == -1:
        yield f"yours has one {name} too many at the {place}; the others are right"
    if less > 0:
        yield f"yours lacks {name}s at the {place}; the others are right"
    else:
        yield f"yours has {name}s too many at the {place}; the others are right"
