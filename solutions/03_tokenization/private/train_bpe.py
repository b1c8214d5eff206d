"""`tokenization.train_bpe`: hidden probes, and right answers written differently."""

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
def no_words_and_no_merges(implementation: Any, generator: Generator) -> Any:
    """No merges asked for, and no words to learn from."""
    word = drawn(generator, 6, "ab").encode()
    return [implementation({word: 2}, 0), implementation({}, 5)]


@private.probe
def beyond_ascii(implementation: Any, generator: Generator) -> Any:
    """Words of characters of two and three bytes, and twelve merges."""
    words = {drawn(generator, size, "éß€語").encode(): size for size in range(3, 9)}
    return implementation(words, 12)


Pair = tuple[int, int]


def counts_plain(words: Mapping[tuple[int, ...], int]) -> dict[Pair, int]:
    """Use a plain dictionary and indices."""
    counts: dict[Pair, int] = {}
    for word in words:
        for i in range(len(word) - 1):
            pair = (word[i], word[i + 1])
            counts[pair] = counts.get(pair, 0) + words[word]
    return counts


def merge_by_stack(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Push ids on a stack, and join the top when it is the pair."""
    stack: list[int] = []
    joined = False
    for token in ids:
        if stack and not joined and (stack[-1], token) == pair:
            stack[-1], joined = new_id, True
        else:
            stack.append(token)
            joined = False
    return stack


def merge_in_place(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Change a copy in place."""
    merged = list(ids)
    i = 0
    while i < len(merged) - 1:
        if merged[i] == pair[0] and merged[i + 1] == pair[1]:
            merged[i : i + 2] = [new_id]
        i += 1
    return merged


@private.variant
def train_with_max(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    """Choose with max and negated ids."""
    rows = [(list(word), count) for word, count in words.items()]
    merges: dict[Pair, int] = {}
    for new_id in range(256, 256 + num_merges):
        counts: Counter[Pair] = Counter()
        for row, count in rows:
            for pair in pairwise(row):
                counts[pair] += count
        if not counts:
            return merges
        best = max(counts, key=lambda pair: (counts[pair], -pair[0], -pair[1]))
        merges[best] = new_id
        rows = [(merge_in_place(row, best, new_id), count) for row, count in rows]
    return merges


@private.variant
def train_with_sorting(words: Mapping[bytes, int], num_merges: int) -> dict[Pair, int]:
    """Sort the pairs, first by themselves and then by count, which keeps the order of equals."""
    current = {tuple(word): count for word, count in words.items()}
    merges: dict[Pair, int] = {}
    while len(merges) < num_merges and (counts := counts_plain(current)):
        ordered = sorted(sorted(counts), key=counts.__getitem__, reverse=True)
        merges[ordered[0]] = len(merges) + 256
        current = {
            tuple(merge_by_stack(ids, ordered[0], merges[ordered[0]])): count
            for ids, count in current.items()
        }
    return merges
