"""`tokenization.pair_counts`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from torch import Generator

from autograder.exercise import whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Pair, Words, ids_of, letters
from llmlab import tokenization

exercise = LAB.exercise(
    "pair_counts",
    reference=tokenization.pair_counts,
    hints=(
        "There are two loops: over the words with their frequency, and over the neighbors in a word.",
        "A pair that stands twice in a word which comes five times was seen ten times.",
        "Go through the neighbors with pairwise; for each pair that comes out, raise its count by the "
        "frequency of the word.",
    ),
)


def _words(generator: Generator) -> dict[tuple[int, ...], int]:
    """Give words in which every misunderstanding shows, and three more that are drawn."""
    # Ids from 256 on come from merges that were made before.
    words = {
        ids_of("aaa"): whole(generator, 2, 5),
        ids_of("abab"): whole(generator, 6, 9),
        (*ids_of("ba"), 256): whole(generator, 2, 9),
        (256,): 7,
    }
    for _ in range(3):
        words[ids_of(letters(generator, whole(generator, 2, 6)))] = whole(generator, 2, 9)
    return words


@exercise.probe
def seven_words(implementation: Any, generator: Generator) -> Any:
    """Seven words as ids, among them aaa and abab (a is 97, b is 98), with their frequencies."""
    return implementation(_words(generator))


@exercise.probe
def one_word(implementation: Any, generator: Generator) -> Any:
    """One word that comes once, and a word of a single token, which has no pair."""
    return [implementation({ids_of("hello"): 1}), implementation({(256,): 3})]


@exercise.misconception(
    "Your code counts each word once, however often it comes. A pair in a word that was seen 900 times "
    "was seen 900 times. Reread 'Pairs that come together'."
)
def by_word(words: Words) -> dict[Pair, int]:
    return tokenization.pair_counts(dict.fromkeys(words, 1))


@exercise.misconception(
    "Your code pairs the last token of a word with the first of the next. Merges never cross the border "
    "between two words. Reread 'Pairs that come together'."
)
def across_words(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    chain = [(token, frequency) for word, frequency in words.items() for token in word]
    for (left, frequency), (right, _) in itertools.pairwise(chain):
        counts[left, right] += frequency
    return dict(counts)


@exercise.misconception(
    "A pair that stands twice in a word is counted once for that word. Each place where it stands "
    "counts. Reread 'Pairs that come together'."
)
def once_a_word(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for word, frequency in words.items():
        for pair in set(itertools.pairwise(word)):
            counts[pair] += frequency
    return dict(counts)


@exercise.misconception(
    "Your code jumps over a token after it has counted a pair, so 'aaa' holds the pair (a, a) once. For "
    "counting, every two neighbors are a pair, even if they share a token. Reread 'Pairs that come "
    "together'."
)
def without_overlap(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for word, frequency in words.items():
        place = 0
        while place + 1 < len(word):
            counts[word[place], word[place + 1]] += frequency
            place += 2 if word[place : place + 2] == word[place + 1 : place + 3] else 1
    return dict(counts)


@exercise.misconception(
    "Your code takes (a, b) and (b, a) for the same pair. Their order matters: merging them gives 'ab' "
    "and 'ba'. Reread 'Pairs that come together'."
)
def without_order(words: Words) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for (left, right), frequency in tokenization.pair_counts(words).items():
        counts[min(left, right), max(left, right)] += frequency
    return dict(counts)
