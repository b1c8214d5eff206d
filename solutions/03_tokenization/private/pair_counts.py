"""`tokenization.pair_counts`: hidden probes, and right answers written differently."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import pair_counts as public
from autograder.exercises.tokenization._shared import keys_written

private = Private()


@private.probe
def more_words(implementation: Any, generator: Generator) -> Any:
    """Sixteen words, among them some of the public ones with other frequencies."""
    return keys_written(implementation(public.drawn_words(generator, 12)))


@private.probe
def many_words(implementation: Any, generator: Generator) -> Any:
    """Thirty words of ids up to 300."""
    words = {
        tuple(torch.randint(296, 300, (size % 7 + 1,), generator=generator).tolist()): size + 1
        for size in range(30)
    }
    return keys_written(implementation(words))


Pair = tuple[int, int]


@private.variant
def counts_plain(words: Mapping[tuple[int, ...], int]) -> dict[Pair, int]:
    """Use a plain dictionary and indices."""
    counts: dict[Pair, int] = {}
    for word in words:
        for i in range(len(word) - 1):
            pair = (word[i], word[i + 1])
            counts[pair] = counts.get(pair, 0) + words[word]
    return counts


@private.variant
def counts_default(words: Mapping[tuple[int, ...], int]) -> defaultdict[Pair, int]:
    """Use a dictionary with a default."""
    counts: defaultdict[Pair, int] = defaultdict(int)
    for word, frequency in words.items():
        for pair in pairwise(word):
            counts[pair] += frequency
    return counts


@private.variant
def counts_repeated(words: Mapping[tuple[int, ...], int]) -> Counter[Pair]:
    """Let a counter count each pair as often as its word comes."""
    return Counter(pair for word, n in words.items() for pair in list(pairwise(word)) * n)
