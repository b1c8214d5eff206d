"""`tokenization.merge_pair`: its probes, and what people get wrong about it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Sequence
from typing import Any

from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Pair, Ways, ids_of, letters, one_of
from llmlab import tokenization

exercise = LAB.exercise(
    "merge_pair",
    reference=tokenization.merge_pair,
    hints=(
        "What do you do at a place where the pair stands, and what at one where it does not?",
        "Walk from left to right with an index. After a merge you are two ids further, else one.",
        "While the index is inside: if there is a next id, and this one and the next are the pair, "
        "append the new id and move on by two; if not, append this id and move on by one.",
    ),
    matters=(
        "A trainer of Llama 3's 128,000 tokens (2024) makes this replacement once for each merge, in every word that "
        "holds the pair. Read llmlab/tokenization/bpe_training.py."
    ),
)


def rows(implementation: Any, generator: Generator, most: int) -> Any:
    """Merge rows of equal ids, and a pair that stands in both orders and at the end."""
    equal = ids_of("aaa" + "b" * whole(generator, 1, most) + "aaaaa")
    mixed = ids_of("bacaabb" + letters(generator, most) + "cab")
    return [implementation(list(equal), (97, 97), 256), implementation(list(mixed), (97, 98), 300)]


def digits(implementation: Any, generator: Generator) -> Any:
    """Merge a pair whose digits also stand at the border of other ids."""
    left, right = whole(generator, 2, 9), whole(generator, 2, 9)
    row = [10 + left, right, 1, left, right, left, 10 * right + 1, left, right]
    return implementation(row, (left, right), 300)


@exercise.probe
def three_in_a_row(implementation: Any, generator: Generator) -> Any:
    """Rows of three and five equal ids, and the pair of them."""
    row = ids_of("aaa" + "b" * whole(generator, 1, 3) + "aaaaa")
    return implementation(list(row), (97, 97), 256)


@exercise.probe
def both_orders(implementation: Any, generator: Generator) -> Any:
    """A row in which the pair stands in both orders, and at the end."""
    row = ids_of("bacaabb" + letters(generator, 2) + "cab")
    return implementation([256, *row], (97, 98), 300)


@exercise.probe
def ends_in_the_left_half(implementation: Any, generator: Generator) -> Any:
    """A row that ends in the first id of the pair, and one that ends in another."""
    row = ids_of("ab" + letters(generator, 3) + "a")
    return [implementation([*row, *more], (97, 98), 256) for more in ([], [120])]


@exercise.probe
def a_tuple(implementation: Any, generator: Generator) -> Any:
    """A word as a tuple, as the keys of `words` are."""
    return implementation((116, *ids_of("abcab" + letters(generator, 2))), (97, 98), 256)


@exercise.probe
def digits_at_the_border(implementation: Any, generator: Generator) -> Any:
    """A pair whose digits also stand at the border of other ids, as those of (5, 6) in 15, 6."""
    return digits(implementation, generator)


@exercise.probe
def one_smaller_or_larger(implementation: Any, generator: Generator) -> Any:
    """A pair among ids that are smaller or larger by one than its halves, and a pair that begins with id 0."""
    left = whole(generator, 98, 107)
    right = left + 3
    ids = [left - 1, right, left + 1, right, left, right - 1, left, right + 1, left, right]
    return [
        implementation(ids, (left, right), 256),
        implementation([left, 0, right, 0, 0, right], (0, right), 257),
    ]


@exercise.probe
def no_pair(implementation: Any, generator: Generator) -> Any:
    """A row without the pair, a single id, and none."""
    row = [whole(generator, 256, 400) for _ in range(5)]
    return [implementation(list(ids), (97, 98), 401) for ids in (row, row[:1], [])]


_AGAIN = "Reread 'Two become one'."
_LAST = (
    f"Your code loses the last id when it does not belong to a pair. Nothing may get lost. {_AGAIN}"
)
_AGAIN_LAST = (
    "Your code writes the last id at the end in any case, also where it was merged or there is none. What was merged "
    "is "
    f"used up. {_AGAIN}"
)
_PAST = (
    "Your code asks for the id after the last one, and there is none. At the last place no pair can begin. "
    f"{_AGAIN}"
)
_TEXT = (
    "Your code replaces digits in a text, and the digits of a pair also stand in other ids: 15, 6 holds '5, 6'. "
    "Compare "
    f"ids, not digits. {_AGAIN}"
)


@exercise.faults(
    second_half_kept="Your code puts the new id in the place of the first half, and looks at the second half once "
    "more, "
    f"as if it were still there. What was merged is used up, both halves. {_AGAIN}",
    nothing_used_up="Your code writes the new id and both halves of the pair behind it. The new id takes their place. "
    f"{_AGAIN}",
    first_half_kept="Your code writes the first half and the new id behind it. The new id takes the place of both "
    f"halves. {_AGAIN}",
    others_lost=f"Your code returns the new ids alone. What does not belong to a pair stays as it is. {_AGAIN}",
    either_order="Your code merges the pair in either order. (a, b) stands for an a followed by a b, and says nothing "
    f"about 'ba'. {_AGAIN}",
    in_pair="Your code merges any two neighbors that are both in the pair, such as 'bb' or 'ba' for (a, b). Each half "
    "has "
    f"its place. {_AGAIN}",
    left_only=f"Your code merges wherever the first id of the pair stands, whatever comes after it. {_AGAIN}",
    right_only="Your code merges wherever the second id of the pair comes next, whatever stands before it. "
    f"{_AGAIN}",
    turned="Your code looks for the pair the wrong way round: it merges b, a where the pair is (a, b). "
    f"{_AGAIN}",
    even_places="Your code looks for the pair at every second place only. After an id that is not merged, the next "
    f"place is one further. {_AGAIN}",
    others_jumped="Your code goes on by two places also where it did not merge, and loses the ids between. After an id "
    f"that is not merged, the next place is one further. {_AGAIN}",
    last_again=_AGAIN_LAST,
    last_again_or_fail=_AGAIN_LAST,
    last_lost=_LAST,
    last_pair_missed="Your code does not merge a pair at the very end. It may stand there, too. "
    f"{_AGAIN}",
    tail_cut="Your code loses the end of the row: the ids after the last place where the pair stands. "
    f"{_AGAIN}",
    past_the_end=_PAST,
    past_the_end_on_left=_PAST,
    lists_only="Your code finds the pair in a list and never in a tuple: in Python [5, 6] == (5, 6) is False. Words "
    "come "
    f"as tuples, too. {_AGAIN}",
    tuples_only="Your code finds the pair in a tuple and never in a list: in Python [5, 6] == (5, 6) is False, and a "
    "slice "
    f"of a list is a list. {_AGAIN}",
    frozen="Your code changes a copy of its input, and fails if that is a tuple, which cannot be changed. Words come "
    "as "
    f"tuples, too. {_AGAIN}",
    empty_fails=f"Your code fails for a row without ids. It has nothing to merge, and comes out as it is. {_AGAIN}",
    single_lost=f"Your code returns nothing of a row of one id. It stays as it is. {_AGAIN}",
    first_place=f"Your code merges the first place where the pair stands, and leaves the others. {_AGAIN}",
    last_place=f"Your code merges the last place where the pair stands, and leaves the others. {_AGAIN}",
    summed=f"Your code writes the sum of the two ids. The id that takes their place is `new_id`. {_AGAIN}",
    always_256=f"Your code writes 256 whatever `new_id` is. Each merge has an id of its own. {_AGAIN}",
    one_more_than_all="Your code writes an id of its own making, one more than the largest. The id that takes the "
    f"pair's place is `new_id`. {_AGAIN}",
    as_set="Your code returns a set, in which there is no order and nothing comes twice. A list is asked for. "
    f"{_AGAIN}",
    generator=f"Your code returns a generator. A list is asked for. {_AGAIN}",
    as_text=f"Your code returns text. A list of ids is asked for. {_AGAIN}",
    with_count=f"Your code returns the row together with how often it merged. The row alone is asked for. {_AGAIN}",
)
def walking(on: Switches) -> Any:
    """Walk from left to right with an index."""

    def merge_pair(ids: Sequence[int], pair: Pair, new_id: int) -> Any:
        last = on("last_again") or on("last_again_or_fail")
        end = len(ids) - (last or on("last_lost") or (on("single_lost") and len(ids) == 1))
        new = _new_id(on, ids, pair, new_id)
        merged: list[int] = []
        place = times = 0
        if on("frozen"):
            ids[:0] = []  # type: ignore[index]
        if on("empty_fails"):
            ids[0]
        while place < end:
            if _stands(on, ids, place, pair) and _wanted(on, ids, place, pair, times):
                merged += _written(on, ids, place, new)
                place += 1 if on("second_half_kept") else 2
                times += 1
            else:
                step = 2 if on("even_places") else 1
                merged += [] if on("others_lost") else ids[place : place + step]
                place += 2 if on("others_jumped") else step
        if last:
            merged += [ids[-1]] if on("last_again_or_fail") else ids[-1:]
        if on("tail_cut") and times:
            merged = merged[: len(merged) - merged[::-1].index(new)]
        return _given(on, merged, times)

    return merge_pair


def _new_id(on: Switches, ids: Sequence[int], pair: Pair, new_id: int) -> int:
    if on("always_256"):
        return 256
    if on("one_more_than_all"):
        return max([255, *ids]) + 1
    return sum(pair) if on("summed") else new_id


def _stands(on: Switches, ids: Sequence[int], place: int, pair: Pair) -> bool:
    """Say whether the pair stands at a place."""
    both: Any = tuple(ids[place : place + 2])
    if (on("lists_only") and isinstance(ids, tuple)) or (
        on("tuples_only") and isinstance(ids, list)
    ):
        return False
    if on("past_the_end") or (on("past_the_end_on_left") and ids[place] == pair[0]):
        both = (ids[place], ids[place + 1])
    if on("last_pair_missed") and place + 2 >= len(ids):
        return False
    if on("turned"):
        return bool(both == pair[::-1])
    if on("either_order"):
        return both in (pair, pair[::-1])
    if on("in_pair"):
        return len(both) == 2 and both[0] in pair and both[1] in pair
    if on("left_only"):
        return bool(both[0] == pair[0])
    if on("right_only"):
        return len(both) == 2 and bool(both[1] == pair[1])
    return bool(both == pair)


def _wanted(on: Switches, ids: Sequence[int], place: int, pair: Pair, times: int) -> bool:
    """Say whether a place where the pair stands is one to be merged."""
    if on("last_place"):
        return pair not in itertools.pairwise(ids[place + 1 :])
    return not on("first_place") or times == 0


def _written(on: Switches, ids: Sequence[int], place: int, new: int) -> list[int]:
    if on("first_half_kept"):
        return [ids[place], new]
    return [new, *(ids[place : place + 2] if on("nothing_used_up") else [])]


def _given(on: Switches, merged: list[int], times: int) -> Any:
    ways: Ways = {
        "as_set": lambda: set(merged),
        "generator": lambda: (token for token in merged),
        "as_text": lambda: " ".join(map(str, merged)),
        "with_count": lambda: (merged, times),
    }
    return one_of(on, ways, merged)


@exercise.misconception(
    "Where the pair overlaps itself, your code merges twice: 'aaa' becomes 'aa', 'aa', a letter more than "
    f"there was. An id that was merged is used up. {_AGAIN}"
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
    "Your code works from the right: 'aaa' becomes 'a', 'aa'. The rule says from the left. Training and "
    f"encoding must cut alike, or the model meets tokens that it never saw. {_AGAIN}"
)
def from_the_right(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    return tokenization.merge_pair(ids[::-1], pair[::-1], new_id)[::-1]


@exercise.misconception(_TEXT)
def in_text(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    text = " ".join(map(str, ids)).replace(f"{pair[0]} {pair[1]}", str(new_id))
    return [int(token) for token in text.split()]


@exercise.misconception(_TEXT)
def in_printed_list(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    text = str(list(ids)).replace(f"{pair[0]}, {pair[1]}", str(new_id))
    return list(ast.literal_eval(text))


@exercise.misconception(
    "Your code changes a list while a loop runs over its places, and asks for places that are gone: the list has "
    "become "
    f"shorter. {_AGAIN}"
)
def shrinking(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    merged = list(ids)
    for i in range(len(merged) - 1):
        if (merged[i], merged[i + 1]) == pair:
            merged[i : i + 2] = [new_id]
    return merged
