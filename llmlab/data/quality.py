"""A small classifier that tells text worth learning from by its words: hashed n-grams, logistic regression.

GPT-3's corpus was filtered by such a one (Brown et al., 2020, appendix A), and today's are still simple
and trained on better labels (Li et al., 2024, DataComp-LM). Words and pairs of words are hashed into a
fixed number of features (Weinberger et al., 2009), so the model needs no vocabulary.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llmlab.data.duplicates import content_words
from llmlab.data.errors import CorpusError
from llmlab.data.minhash import run_numbers, word_numbers

FEATURES = 2**18
# A page shows what it is in its first few hundred words.
WORDS = 500
_RATE, _EPOCHS = 0.5, 5


class QualityClassifier:
    """Gives a text the probability that it is of the better kind.

    Args:
        weights: One a feature, (features,); the number of features is a power of two.
        bias: What is added to the sum.
    """

    def __init__(self, weights: NDArray[np.float32], bias: float) -> None:
        self.weights, self.bias = weights, bias

    @classmethod
    def train(
        cls, good: Iterable[str], bad: Iterable[str], *, seed: int, features: int = FEATURES
    ) -> QualityClassifier:
        """Learn from texts of both kinds, by gradient descent on the logistic loss, one text at a time.

        Args:
            good: Texts worth learning from.
            bad: Texts that are not.
            seed: Shuffles the texts.
            features: A power of two.

        Raises:
            CorpusError: One of the kinds has no text.
        """
        labeled = [(_places(text, features), 1.0) for text in good]
        positives = len(labeled)
        labeled += [(_places(text, features), 0.0) for text in bad]
        if not 0 < positives < len(labeled):
            raise CorpusError(
                "A quality classifier needs texts of both kinds; give at least one that is good and "
                "one that is bad."
            )
        weights, bias = np.zeros(features, dtype=np.float32), 0.0
        generator = random.Random(seed)  # noqa: S311 - no secret
        for epoch in range(_EPOCHS):
            generator.shuffle(labeled)
            rate = _RATE / (1 + epoch)
            for places, label in labeled:
                if not len(places):
                    continue
                step = rate * (label - _sigmoid(bias + _score(weights, places)))
                weights[places] += step / math.sqrt(len(places))
                bias += step
        return cls(weights, bias)

    def __call__(self, text: str) -> float:
        """Give the probability that a text is of the better kind; a text without words gets 0."""
        places = _places(text, len(self.weights))
        return _sigmoid(self.bias + _score(self.weights, places)) if len(places) else 0.0

    def save(self, path: Path) -> None:
        """Write it to a file that ends in .npz."""
        np.savez_compressed(path, weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, path: Path) -> QualityClassifier:
        """Read what `save` has written.

        Raises:
            CorpusError: The file is not there, is broken, or holds something else.
        """
        try:
            with np.load(path) as file:
                return cls(file["weights"], float(file["bias"]))
        except (OSError, KeyError, ValueError) as error:
            raise CorpusError(
                f"{path} holds no quality classifier ({error}); train one and save it again."
            ) from error


def _places(text: str, features: int) -> NDArray[np.int64]:
    """Find the features of a text: its words and pairs of words, each once."""
    words = word_numbers(content_words(text[: 10 * WORDS])[:WORDS])
    if not len(words):
        return np.zeros(0, dtype=np.int64)
    numbers = np.concatenate([run_numbers(words, 1), run_numbers(words, 2)])
    return np.unique(numbers % np.uint64(features)).astype(np.int64)


def _score(weights: NDArray[np.float32], places: NDArray[np.int64]) -> float:
    # Divided by the length of the vector of ones, so that long texts are not surer than short ones.
    return float(weights[places].sum()) / math.sqrt(len(places))


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
