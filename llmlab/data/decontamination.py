"""Keeping evaluation sets out of the training text, found by runs of words that both have.

A model that has seen the questions of a test is not measured by it. GPT-3 looked for shared runs of 13
words (Brown et al., 2020, appendix C), and so does most work since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from llmlab.data.duplicates import content_words
from llmlab.data.minhash import run_numbers, word_numbers

NGRAM_SIZE = 13


def ngrams(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    """Collect the runs of `size` words; there are none where there are fewer words."""
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def contaminated_by(text: str, evaluation: Iterable[str], size: int = NGRAM_SIZE) -> list[int]:
    """Find the evaluation texts with which a text shares a run of `size` words.

    Case and punctuation do not count. An evaluation text of fewer words has no such run, and is never
    found.

    Returns:
        Their indices, in rising order.
    """
    own = ngrams(content_words(text), size)
    return [
        index for index, other in enumerate(evaluation) if own & ngrams(content_words(other), size)
    ]


class Decontaminator:
    """Knows the runs of words of evaluation sets, each as eight bytes, and looks for them in texts.

    Args:
        evaluation: The texts of the evaluation sets.
        size: How many words a run has.
    """

    def __init__(self, evaluation: Iterable[str], size: int = NGRAM_SIZE) -> None:
        self.size = size
        runs = [self._runs(content_words(text)) for text in evaluation]
        self._known = np.unique(np.concatenate([np.zeros(0, np.uint64), *runs]))

    def _runs(self, words: list[str]) -> NDArray[np.uint64]:
        if len(words) < self.size:
            return np.zeros(0, np.uint64)
        return run_numbers(word_numbers(words), self.size)

    def __len__(self) -> int:
        """Count the different runs that it knows."""
        return len(self._known)

    def find(self, text: str) -> str | None:
        """Find the first run of words that a text shares with an evaluation set, or None."""
        words = content_words(text)
        runs = self._runs(words)
        if not len(runs) or not len(self._known):
            return None
        places = np.searchsorted(self._known, runs).clip(max=len(self._known) - 1)
        found = np.flatnonzero(self._known[places] == runs)
        if not len(found):
            return None
        return " ".join(words[found[0] : found[0] + self.size])
