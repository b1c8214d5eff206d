"""`tokenization.train_bpe`: hidden probes, and right answers written differently."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import train_bpe as public
from autograder.exercises.tokenization._shared import keys_written, letters

private = Private()


@private.probe
def more_words(implementation: Any, generator: Generator) -> Any:
    """Fifteen words, and twelve merges; then words with equal counts."""
    words, ties = public.drawn(generator, 12, "abc"), public.equal(generator)
    return [keys_written(implementation(words, 12)), keys_written(implementation(ties, 9))]


@private.probe
def more_bytes(implementation: Any, generator: Generator) -> Any:
    """Words of letters of two and three bytes, and twelve merges."""
    words = {letters(generator, size, "éß€語").encode(): size for size in range(3, 9)}
    return keys_written(implementation(words, 12))


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
