"""WordPiece training at speed: the pieces of `train_wordpiece`, without counting all anew each time.

As in `bpe_training.py`, a merge corrects the counts of the words that hold its pair. No heap can
hold the scores, though: each merge raises those of all pairs that share one of its two pieces. So
they are worked out anew each time, in NumPy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from llmlab.tokenization.bpe import Pair, merge_pair
from llmlab.tokenization.wordpiece import join_pieces, split_characters


def learn_pieces(words: Mapping[str, int], vocab_size: int, min_frequency: int = 1) -> list[str]:
    """Learn a vocabulary, as `train_wordpiece` does.

    Args:
        words: The words of the corpus, and how often each occurs.
        vocab_size: How many pieces to end with.
        min_frequency: A pair that occurs less often is not merged. Without it the first merges go
            to pairs of characters that occur once and together, since no score is higher.

    Returns:
        The characters, in the order of strings, then the pieces in the order in which they were
        learned.
    """
    spelled = [split_characters(word) for word in words]
    pieces = sorted({piece for word in spelled for piece in word})
    ids = {piece: piece_id for piece_id, piece in enumerate(pieces)}
    table = _PairTable()
    current = [[ids[piece] for piece in word] for word in spelled]
    frequencies = list(words.values())
    for index, word in enumerate(current):
        table.add(word, index, frequencies[index])

    while len(pieces) < vocab_size:
        pair = table.best(pieces, min_frequency)
        if pair is None:
            break
        joined = join_pieces(pieces[pair[0]], pieces[pair[1]])
        if joined not in ids:
            ids[joined] = len(pieces)
            pieces.append(joined)
        for index in sorted(table.holders.pop(pair)):
            table.add(current[index], index, -frequencies[index])
            current[index] = merge_pair(current[index], pair, ids[joined])
            table.add(current[index], index, frequencies[index])
    return pieces


class _PairTable:
    """How often each pair and each piece occurs, in arrays that grow, and which words hold a pair."""

    def __init__(self) -> None:
        self.holders: defaultdict[Pair, set[int]] = defaultdict(set)
        self._row: dict[Pair, int] = {}
        self._pairs = np.zeros((1024, 2), dtype=np.int64)
        self._counts = np.zeros(1024, dtype=np.int64)
        self._pieces = np.zeros(1024, dtype=np.int64)

    def add(self, word: list[int], index: int, frequency: int) -> None:
        """Count a word; with a negative frequency, count it no more."""
        if max(word) >= len(self._pieces):
            self._pieces = np.concatenate([self._pieces, np.zeros_like(self._pieces)])
        for piece in word:
            self._pieces[piece] += frequency
        for pair in pairwise(word):
            row = self._row.setdefault(pair, len(self._row))
            if row == len(self._counts):
                self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
                self._pairs = np.concatenate([self._pairs, np.zeros_like(self._pairs)])
            self._pairs[row] = pair
            self._counts[row] += frequency
            if frequency > 0:
                self.holders[pair].add(index)

    def best(self, pieces: list[str], min_frequency: int) -> Pair | None:
        """Find the pair of the highest score; of equal ones, the first in the order of strings."""
        rows = np.flatnonzero(self._counts[: len(self._row)] >= max(1, min_frequency))
        if not len(rows):
            return None
        left, right = self._pairs[rows].T
        scores = self._counts[rows] / (self._pieces[left] * self._pieces[right])
        highest = rows[scores == scores.max()]
        candidates = [(int(left), int(right)) for left, right in self._pairs[highest]]
        return min(candidates, key=lambda pair: (pieces[pair[0]], pieces[pair[1]]))
