"""`tokenization.merge_scores`: hidden probes, and right answers written differently."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private

private = Private()


def drawn(generator: Generator, length: int, alphabet: str) -> str:
    """Draw a word from an alphabet."""
    places = torch.randint(0, len(alphabet), (length,), generator=generator)
    return "".join(alphabet[int(place)] for place in places)


@private.probe
def single_pieces(implementation: Any, generator: Generator) -> Any:
    """Words of one piece beside longer ones, and no words."""
    letters = [f"##{letter}" for letter in drawn(generator, 6, "ab")]
    words = {("a",): 5, ("b", "##a"): 2, ("a", *letters): 3}
    return [implementation(words), implementation({})]


@private.variant
def scores_by_lists(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Write every piece and pair out as often as it comes."""
    pieces = [piece for word, n in words.items() for _ in range(n) for piece in word]
    pairs = [pair for word, n in words.items() for _ in range(n) for pair in pairwise(word)]
    return {
        pair: pairs.count(pair) / pieces.count(pair[0]) / pieces.count(pair[1])
        for pair in set(pairs)
    }


@private.variant
def scores_by_shares(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Divide first, and multiply after."""
    single: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for word, n in words.items():
        single.update({piece: n * word.count(piece) for piece in set(word)})
        for i in range(1, len(word)):
            both[word[i - 1], word[i]] += n
    return {(a, b): (both[a, b] / single[a]) * (1 / single[b]) for a, b in both}
