"""A bigram language model: it guesses the next token from the last one alone, by counting pairs.

Markov (1913) counted vowels and consonants in a novel by Pushkin; Shannon (1948) wrote text with such
counts. A sequence here is a list of token ids that begins and ends with the boundary, id 0, so the
model also learns how sequences begin and when they end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from llmlab.errors import ConfigurationError, DomainError, OutOfRangeError
from llmlab.foundations.information import perplexity
from llmlab.foundations.naming import ALPHABET, decode, encode
from llmlab.foundations.probability import sample

BOUNDARY = 0


def count_pairs(
    sequences: Iterable[Sequence[int]], vocabulary_size: int
) -> Int[Tensor, "current next"]:
    """Count how often each token is followed by each other one.

    Pairs are counted within a sequence: the end of one and the beginning of the next are no pair.

    Raises:
        OutOfRangeError: A token is not in the vocabulary.
    """
    current: list[int] = []
    following: list[int] = []
    for sequence in sequences:
        current += sequence[:-1]
        following += sequence[1:]
    for token in (*current, *following):
        if not 0 <= token < vocabulary_size:
            raise OutOfRangeError(
                f"Token {token} is not in a vocabulary of {vocabulary_size}; ids run from 0 to "
                f"{vocabulary_size - 1}."
            )
    counts = torch.zeros(vocabulary_size, vocabulary_size, dtype=torch.int64)
    places = (torch.tensor(current, dtype=torch.int64), torch.tensor(following, dtype=torch.int64))
    return counts.index_put(places, torch.tensor(1), accumulate=True)


def bigram_probabilities(
    sequences: Iterable[Sequence[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Float[Tensor, "current next"]:
    """Estimate how probable each token is after each other one.

    With the count `n(a, b)` of the pair, `p(b | a) = (n(a, b) + k) / (sum over b' of n(a, b') + k V)`,
    where `V` is the vocabulary's size and `k` the smoothing. With `k = 0` this is the table that makes
    the sequences most probable: maximum likelihood. With `k = 1` it is Laplace's rule (1814).

    Args:
        sequences: Lists of token ids, each with the boundary at both ends.
        vocabulary_size: How many tokens there are.
        smoothing: Added to every count, so that a pair that was never seen is not impossible.

    Returns:
        A table whose rows add up to 1. A row without any count is even.

    Raises:
        ConfigurationError: The smoothing is negative.
        OutOfRangeError: A token is not in the vocabulary.
    """
    if not smoothing >= 0:
        raise ConfigurationError(f"The smoothing is {smoothing}; give a number of at least 0.")
    counts = count_pairs(sequences, vocabulary_size) + float(smoothing)
    totals = counts.sum(dim=-1, keepdim=True)
    return torch.where(totals > 0, counts / totals, 1 / vocabulary_size)


@dataclass(frozen=True)
class BigramModel:
    """A bigram model of names.

    Attributes:
        probabilities: The table p(next | current) over `ALPHABET`.
    """

    probabilities: Float[Tensor, "current next"]

    @classmethod
    def fit(cls, names: Iterable[str], smoothing: float = 1.0) -> BigramModel:
        """Estimate the table from names.

        Raises:
            ConfigurationError: The smoothing is negative.
            OutOfRangeError: A name holds something else than small letters from a to z.
        """
        return cls(bigram_probabilities(map(encode, names), len(ALPHABET), smoothing))

    def log_probabilities(self, names: Iterable[str]) -> Float[Tensor, "tokens"]:
        """Give the natural logarithm of the probability of each letter, and of each end.

        Raises:
            DomainError: There are no names.
            OutOfRangeError: A name holds something else than small letters from a to z.
        """
        pairs = [pair for ids in map(encode, names) for pair in pairwise(ids)]
        if not pairs:
            raise DomainError("There are no names to give probabilities to; give at least one.")
        current, following = torch.tensor(pairs).unbind(dim=-1)
        return self.probabilities[current, following].log()

    def loss(self, names: Iterable[str]) -> float:
        """Give the average negative log-likelihood of a token, in nats."""
        return -self.log_probabilities(names).mean().item()

    def perplexity(self, names: Iterable[str]) -> float:
        """Give the number of equally likely tokens that would be as hard to guess."""
        return perplexity(self.log_probabilities(names)).item()

    def write(self, generator: Generator, longest: int = 30) -> str:
        """Draw a name, letter by letter, until the boundary is drawn.

        Args:
            generator: Draws the letters.
            longest: Where to stop if the boundary does not come.
        """
        ids = [BOUNDARY]
        while len(ids) <= longest:
            ids.append(int(sample(self.probabilities[ids[-1]], generator)))
            if ids[-1] == BOUNDARY:
                break
        return decode(ids)
