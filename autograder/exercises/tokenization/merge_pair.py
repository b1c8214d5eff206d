"""`tokenization.merge_pair`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from torch import Generator

from autograder.exercise import whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Pair, ids_of, letters
from llmlab import tokenization

exercise = LAB.exercise(
    "merge_pair",
    reference=tokenization.merge_pair,
    hints=(
        "What do you do at a place where the pair stands, and what at one where it does not?",
        "Walk from left to right with an index. After a merge you are two tokens further, else one.",
        "While the index is inside: if there is a next token, and this one and the next are the pair, "
        "append their sum and move on by two; if not, append this token and move on by one.",
    ),
)


@exercise.probe
def three_in_a_row(implementation: Any, generator: Generator) -> Any:
    """Rows of three and five equal ids, and the pair of them."""
    row = ids_of("aaa" + "b" * whole(generator, 1, 3) + "aaaaac")
    return list(implementation(list(row), (97, 97), 256))


@exercise.probe
def both_orders(implementation: Any, generator: Generator) -> Any:
    """A row in which the pair stands in both orders, and at the end."""
    row = ids_of(letters(generator, 3) + "cabbac" + letters(generator, 2) + "cab")
    return list(implementation(list(row), (97, 98), 300))


@exercise.probe
def no_pair(implementation: Any, generator: Generator) -> Any:
    """A row without the pair, a single id, and none."""
    row = [whole(generator, 256, 400) for _ in range(5)]
    return [list(implementation(ids, (97, 98), 401)) for ids in (row, row[:1], [])]


@exercise.misconception(
    "Where the pair overlaps itself, your code merges twice: 'aaa' becomes 'aa', 'aa', a letter more than "
    "there was. An id that was merged is used up. Reread 'Two become one'."
)
def overlapping(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    found = [both == pair for both in itertools.pairwise(ids)]
    merged = []
    for i, token in enumerate(ids):
        if i < len(found) and found[i]:
            merged.append(new_id)
        elif i == 0 or not found[i - 1]:
            merged.append(token)
    return merged


@exercise.misconception(
    "Your code merges the first place where the pair stands, and leaves the others. Reread 'Two become "
    "one'."
)
def first_place(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return [*ids[:i], new_id, *ids[i + 2 :]]
    return list(ids)


@exercise.misconception(
    "Your code works from the right: 'aaa' becomes 'a', 'aa'. The rule says from the left. Training and "
    "encoding must cut alike, or the model meets tokens that it never saw. Reread 'Two become one'."
)
def from_the_right(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    return tokenization.merge_pair(ids[::-1], pair[::-1], new_id)[::-1]


def _merge_where(ids: Sequence[int], pairs: Sequence[Pair], new_id: int, end: int) -> list[int]:
    merged: list[int] = []
    place = 0
    while place < end:
        found = tuple(ids[place : place + 2]) in pairs
        merged.append(new_id if found else ids[place])
        place += 2 if found else 1
    return merged


@exercise.misconception(
    "Your code merges the pair in either order. (a, b) stands for an a followed by a b, and says "
    "nothing about 'ba'. Reread 'Two become one'."
)
def either_order(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    return _merge_where(ids, [pair, pair[::-1]], new_id, len(ids))


@exercise.misconception(
    "Your code loses the last id when it does not belong to a pair: the loop ends one place too early. "
    "Reread 'Two become one'."
)
def last_lost(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    return _merge_where(ids, [pair], new_id, len(ids) - 1)


@exercise.misconception(
    "Your code puts the new id in the place of the first half and leaves the second half standing behind "
    "it. Both halves are used up. Reread 'Two become one'."
)
def second_half_kept(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    pairs = zip(ids, [*ids[1:], None], strict=True)
    return [new_id if both == pair else both[0] for both in pairs]
