"""Unigram: a vocabulary in which each token has a probability, and the most probable cut wins.

Kudo (2018) starts from far too many pieces and removes, again and again, those whose loss the
corpus feels least. A text can be cut in many ways; its probability is the sum over all of them, and
so the probabilities of the pieces are learned by expectation-maximization (Dempster et al., 1977).
The functions here work on one word and a table of log-probabilities.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from random import Random

# What stands in for a character that no piece holds: far below the score of any piece.
UNKNOWN_SCORE = -100.0


def viterbi(
    word: str,
    log_probs: Mapping[str, float],
    unknown_score: float = UNKNOWN_SCORE,
    longest: int | None = None,
) -> list[str]:
    """Find the most probable way to cut a word into pieces (Viterbi, 1967).

    The best way to cut the first `end` characters ends in some piece, and what comes before that
    piece is cut in the best way too. So the best score of each prefix follows from the shorter
    prefixes: `best[end] = max over start of best[start] + log_probs[word[start:end]]`.

    Args:
        word: What to cut.
        log_probs: The log-probability of each piece.
        unknown_score: The score of a character that is not a piece itself.
        longest: The length of the longest piece, so that no longer ones are looked for; if it is
            not given, every part of the word is looked up.
    """
    best = [0.0] + [-math.inf] * len(word)
    came_from = [0] * (len(word) + 1)
    for start, end, score in _arcs(word, log_probs, unknown_score, longest):
        if best[start] + score > best[end]:
            best[end] = best[start] + score
            came_from[end] = start
    pieces: list[str] = []
    end = len(word)
    while end > 0:
        pieces.append(word[came_from[end] : end])
        end = came_from[end]
    return pieces[::-1]


def n_best(
    word: str, log_probs: Mapping[str, float], n: int, unknown_score: float = UNKNOWN_SCORE
) -> list[tuple[list[str], float]]:
    """Find the `n` most probable ways to cut a word, best first, each with its log-probability.

    As `viterbi`, with the best `n` ways kept for each prefix instead of the best one.
    """
    best: list[list[tuple[float, list[str]]]] = [[(0.0, [])], *([] for _ in word)]
    for start, end, score in _arcs(word, log_probs, unknown_score):
        longer = [(before + score, [*path, word[start:end]]) for before, path in best[start]]
        best[end] = sorted(best[end] + longer, key=lambda way: -way[0])[:n]
    return [(path, score) for score, path in best[-1]]


def forward(
    word: str, log_probs: Mapping[str, float], unknown_score: float = UNKNOWN_SCORE
) -> list[float]:
    """Sum over all ways to cut each prefix: the log-probability of the first 0, 1, ... characters.

    The same recursion as `viterbi`, with a sum of probabilities in place of the maximum. The last
    number is the log-probability of the word.
    """
    sums = [0.0] + [-math.inf] * len(word)
    for start, end, score in _arcs(word, log_probs, unknown_score):
        sums[end] = _log_add(sums[end], sums[start] + score)
    return sums


def backward(
    word: str, log_probs: Mapping[str, float], unknown_score: float = UNKNOWN_SCORE
) -> list[float]:
    """Sum over all ways to cut each suffix: what follows the first 0, 1, ... characters."""
    sums = [-math.inf] * len(word) + [0.0]
    for start, end, score in reversed(list(_arcs(word, log_probs, unknown_score))):
        sums[start] = _log_add(sums[start], score + sums[end])
    return sums


def expected_counts(
    word: str, log_probs: Mapping[str, float], unknown_score: float = UNKNOWN_SCORE
) -> dict[str, float]:
    """Count how often each piece is used, on average over all ways to cut the word (the E-step).

    A way counts by its probability. A piece from `start` to `end` is used with the probability
    `exp(forward[start] + log_prob + backward[end] - forward[-1])`.
    """
    before = forward(word, log_probs, unknown_score)
    after = backward(word, log_probs, unknown_score)
    counts: defaultdict[str, float] = defaultdict(float)
    for start, end, score in _arcs(word, log_probs, unknown_score):
        counts[word[start:end]] += math.exp(before[start] + score + after[end] - before[-1])
    return dict(counts)


def sample(
    word: str,
    log_probs: Mapping[str, float],
    alpha: float,
    generator: Random,
    unknown_score: float = UNKNOWN_SCORE,
    longest: int | None = None,
) -> list[str]:
    """Draw one way to cut a word, each with probability proportional to `p(way) ** alpha`.

    Subword regularization (Kudo, 2018): a model that sees a word cut in many ways learns to read
    its parts. With `alpha` 0 all ways are equally likely, with a large one the best always wins.

    The last piece is drawn first: a piece from `start` to the end is as likely as all ways to cut
    what comes before it, together. Then what comes before it is cut in the same way.
    """
    sums = [0.0] + [-math.inf] * len(word)
    ends: list[list[tuple[int, float]]] = [[] for _ in sums]
    for start, end, score in _arcs(word, log_probs, unknown_score, longest):
        ends[end].append((start, sums[start] + alpha * score))
        sums[end] = _log_add(sums[end], sums[start] + alpha * score)
    pieces: list[str] = []
    end = len(word)
    while end > 0:
        weights = [math.exp(score - sums[end]) for _, score in ends[end]]
        start = generator.choices([start for start, _ in ends[end]], weights)[0]
        pieces.append(word[start:end])
        end = start
    return pieces[::-1]


def _arcs(
    word: str,
    log_probs: Mapping[str, float],
    unknown_score: float,
    longest: int | None = None,
) -> Iterator[tuple[int, int, float]]:
    """Yield each piece in a word as where it starts, where it ends and its score, by its end."""
    longest = len(word) if longest is None else longest
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - longest), end):
            score = log_probs.get(word[start:end])
            if score is not None:
                yield start, end, score
            elif end - start == 1:
                yield start, end, unknown_score


def _log_add(left: float, right: float) -> float:
    """Add two probabilities that are given as logarithms."""
    low, high = sorted((left, right))
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
