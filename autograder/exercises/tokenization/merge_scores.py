"""`tokenization.merge_scores`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import Generator

from autograder.exercise import whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import letters
from llmlab import tokenization

exercise = LAB.exercise(
    "merge_scores",
    reference=tokenization.merge_scores,
    hints=(
        "You need two counts: of the pairs, and of the single pieces. Both are weighted by frequency.",
        "Your pair_counts works on any tuples, so it gives the numerator. The pieces are counted in a "
        "loop of the same kind.",
        "For each pair, divide its count by the product of the counts of its left and its right piece.",
    ),
)


def _pieces(generator: Generator) -> dict[tuple[str, ...], int]:
    """Give words cut into WordPiece's letters, with frequencies."""
    names = ["aaab", "abc", "cab", letters(generator, 4), letters(generator, 5)]
    return {
        (name[0], *(f"##{letter}" for letter in name[1:])): whole(generator, 2, 9) for name in names
    }


@exercise.probe
def few_words(implementation: Any, generator: Generator) -> Any:
    """Words of few letters, cut as WordPiece does, with frequencies."""
    return implementation(_pieces(generator))


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The two words of the worked example."""
    return implementation({("q", "##u", "##e"): 2, ("t", "##e", "##e"): 3})


def _scores(
    words: Mapping[tuple[str, ...], int],
    divide: Callable[[int, int, int], float],
    weighted: bool = True,
) -> dict[tuple[str, str], float]:
    pieces: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for word, frequency in words.items():
        for piece in word:
            pieces[piece] += frequency if weighted else 1
        for pair in itertools.pairwise(word):
            pairs[pair] += frequency
    return {pair: divide(found, pieces[pair[0]], pieces[pair[1]]) for pair, found in pairs.items()}


@exercise.misconception(
    "Your scores are the bare counts: that is BPE's choice. WordPiece asks how much more often two pieces come "
    "together than chance would bring them. Reread 'More than chance'."
)
def bare_counts(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both)


@exercise.misconception(
    "Your code divides by the sum of the two counts. What chance would bring is proportional to their "
    "product. Reread 'More than chance'."
)
def by_sum(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both / (left + right))


@exercise.misconception(
    "Your code divides by the count of one of the two pieces. That is how sure one follows the other; the "
    "score asks about both. Reread 'More than chance'."
)
def by_left(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both / left)


@exercise.misconception(
    "Your code counts the single pieces without the frequency of their words, and the pairs with it. The "
    "two must be counted alike. Reread 'More than chance'."
)
def unweighted_pieces(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    return _scores(words, lambda both, left, right: both / (left * right), weighted=False)
