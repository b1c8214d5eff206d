"""Word problems with their solutions step by step, drawn from a grammar: `arithmetic`.

The form is that of GSM8K (Cobbe et al., 2021): a question, the steps, and the result after `####`,
so that what is written for one corpus works with the other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_NAMES = ("Ada", "Ben", "Chidi", "Dara", "Emre", "Fatima", "Goran", "Hana", "Ines", "Jun")
_THINGS = ("apples", "marbles", "stamps", "shells", "pencils", "cookies", "buttons", "books")
_BOXES = ("boxes", "bags", "baskets", "drawers", "jars")

Problem = dict[str, str]


def problems(seed: int) -> Iterator[Problem]:
    """Draw problems without end; the same seed draws the same ones.

    Yields:
        `question`, and `answer`: the steps, then `#### ` and the result.
    """
    generator = random.Random(seed)  # noqa: S311 - no secret
    while True:
        yield generator.choice(_KINDS)(generator)


def _people(generator: random.Random) -> tuple[str, str, str]:
    first, second = generator.sample(_NAMES, 2)
    return first, second, generator.choice(_THINGS)


def _problem(question: str, steps: list[str], result: int) -> Problem:
    return {"question": question, "answer": "\n".join([*steps, f"#### {result}"])}


def _gifts(generator: random.Random) -> Problem:
    first, second, things = _people(generator)
    has, gets = generator.randint(2, 40), generator.randint(2, 40)
    gives = generator.randint(1, has + gets - 1)
    return _problem(
        f"{first} has {has} {things}. {second} gives {first} {gets} more, and {first} gives "
        f"{gives} away. How many {things} does {first} have now?",
        [
            f"With the gift, {first} has {has} + {gets} = {has + gets} {things}.",
            f"After giving {gives} away, {has + gets} - {gives} = {has + gets - gives} are left.",
        ],
        has + gets - gives,
    )


def _packing(generator: random.Random) -> Problem:
    first, _, things = _people(generator)
    boxes, each, loose = (generator.randint(2, n) for n in (9, 12, 9))
    kind = generator.choice(_BOXES)
    return _problem(
        f"{first} fills {boxes} {kind} with {each} {things} each, and {loose} are left over. "
        f"How many {things} are there in all?",
        [
            f"In the {kind} there are {boxes} * {each} = {boxes * each} {things}.",
            f"With those left over, there are {boxes * each} + {loose} = {boxes * each + loose}.",
        ],
        boxes * each + loose,
    )


def _sharing(generator: random.Random) -> Problem:
    first, second, things = _people(generator)
    people, share = generator.randint(2, 9), generator.randint(2, 12)
    return _problem(
        f"{first} and {second} share {people * share} {things} fairly among {people} friends. "
        f"How many {things} does each of the friends get?",
        [f"Each gets {people * share} / {people} = {share} {things}."],
        share,
    )


def _shopping(generator: random.Random) -> Problem:
    first, _, things = _people(generator)
    count, price = generator.randint(2, 9), generator.randint(2, 9)
    pays = count * price + generator.randint(1, 20)
    return _problem(
        f"{first} buys {count} {things} for {price} coins each and pays with {pays} coins. How "
        f"many coins does {first} get back?",
        [
            f"The {things} cost {count} * {price} = {count * price} coins.",
            f"From {pays} coins, {pays} - {count * price} = {pays - count * price} come back.",
        ],
        pays - count * price,
    )


def _comparing(generator: random.Random) -> Problem:
    first, second, things = _people(generator)
    has, times = generator.randint(2, 20), generator.randint(2, 5)
    return _problem(
        f"{first} has {has} {things}, and {second} has {times} times as many. How many {things} do "
        "they have together?",
        [
            f"{second} has {times} * {has} = {times * has} {things}.",
            f"Together they have {has} + {times * has} = {has + times * has}.",
        ],
        has + times * has,
    )


_KINDS: tuple[Callable[[random.Random], Problem], ...] = (
    _gifts,
    _packing,
    _sharing,
    _shopping,
    _comparing,
)
