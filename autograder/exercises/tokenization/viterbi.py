"""`tokenization.viterbi`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import letters, longest
from llmlab import tokenization

exercise = LAB.exercise(
    "viterbi",
    reference=tokenization.viterbi,
    hints=(
        "Look at the table of the worked example: what is written down for each place in the word?",
        "For each end, try every start before it: the best score up to the start, plus the score of the "
        "piece between them. Keep the best sum, and the start that gave it.",
        "Fill two lists from left to right: the best score up to each place, and the start of the last "
        "piece. Then walk back from the end, from start to start, and turn the pieces around.",
    ),
)


def _probabilities(generator: Generator, pieces: Sequence[str]) -> dict[str, float]:
    """Draw log-probabilities for pieces: any cut of a word can turn out best."""
    values = torch.rand(len(pieces), generator=generator, dtype=torch.float64)
    return {piece: -2 - 8 * float(value) for piece, value in zip(pieces, values, strict=True)}


@exercise.probe
def every_cut(implementation: Any, generator: Generator) -> Any:
    """Short words, whose best cut is neither the longest piece first nor the fewest pieces."""
    fixed = {"a": -2.0, "b": -2.5, "c": -3.0, "ab": -4.0, "bc": -2.2, "abc": -8.0, "cc": -9.5}
    # None overlaps itself, as "dd" in "ddd" does: the same pieces in two orders would be two best cuts.
    pieces = ("d", "e", "f", "de", "ef", "def", "ed", "fe", "fed")
    drawn = _probabilities(generator, pieces)
    word = letters(generator, 7, "def")
    results = {f"word {known!r}": implementation(known, fixed) for known in ("abc", "abcc", "ccab")}
    return {**results, f"word {word!r}": implementation(word, drawn)}


@exercise.probe
def one_letter(implementation: Any, generator: Generator) -> Any:
    """A word of one letter, and an empty word."""
    scores = {"a": -1.0}
    return [list(implementation("a", scores)), list(implementation("", scores))]


@exercise.probe
def long_word(implementation: Any, generator: Generator) -> Any:
    """Two hundred letters: the probability of the whole is too small for a floating-point number."""
    scores = {"a": -9.0, "b": -8.0, "ab": -16.0, "ba": -18.5, "aba": -24.5}
    return list(implementation("ab" * 100, scores))


def _path(
    word: str, weight: Callable[[str], float], better: Callable[[float, float], bool]
) -> list[str]:
    """Find the path with the best sum of weights, by another measure; pieces without weight are no pieces."""
    best: list[float | None] = [0.0] + [None] * len(word)
    starts = [0] * (len(word) + 1)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 4), end):
            before, value = best[start], weight(word[start:end])
            if before is None or math.isnan(value):
                continue
            current = best[end]
            if current is None or better(before + value, current):
                best[end], starts[end] = before + value, start
    pieces, end = [], len(word)
    while end:
        pieces.append(word[starts[end] : end])
        end = starts[end]
    return pieces[::-1]


@exercise.misconception(
    "Your code takes the longest piece that fits, from left to right. A piece that looks good here can force "
    "bad ones later; Viterbi compares whole paths. Reread 'The best path'."
)
def greedy_longest(word: str, log_probs: Mapping[str, float]) -> list[str]:
    return longest(word, lambda s, e: word[s:e] in log_probs, lambda s, e: word[s:e])


@exercise.misconception(
    "At each place your code takes the most probable piece. What counts is the sum over the whole word, and "
    "a good first piece can lead to a bad rest. Reread 'The best path'."
)
def greedy_probable(word: str, log_probs: Mapping[str, float]) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        known = [word[start:e] for e in range(start + 1, start + 5) if e <= len(word)]
        known = [piece for piece in known if piece in log_probs]
        pieces.append(max(known, key=lambda piece: log_probs[piece]))
        start += len(pieces[-1])
    return pieces


@exercise.misconception(
    "Your code finds the cut with the fewest pieces and does not ask how probable they are. Reread 'The best "
    "path'."
)
def fewest(word: str, log_probs: Mapping[str, float]) -> list[str]:
    def weight(piece: str) -> float:
        return 1.0 if piece in log_probs else math.nan

    return _path(word, weight, lambda new, old: new < old)


@exercise.misconception(
    "Your code finds the least probable cut. Logarithms of probabilities are negative, and the best sum is "
    "the one nearest to 0. Reread 'Products become sums'."
)
def least_probable(word: str, log_probs: Mapping[str, float]) -> list[str]:
    return _path(word, lambda p: log_probs.get(p, math.nan), lambda new, old: new < old)


@exercise.misconception(
    "Your code multiplies probabilities. For a long word the product becomes 0, and then all cuts look "
    "alike. Logarithms are added, and stay in range. Reread 'Products become sums'."
)
def multiplied(word: str, log_probs: Mapping[str, float]) -> list[str]:
    best, starts = [1.0] + [0.0] * len(word), [0] * (len(word) + 1)
    for end in range(1, len(word) + 1):
        for start in range(end):
            piece = word[start:end]
            if piece in log_probs:
                probability = best[start] * math.exp(log_probs[piece])
                if probability > best[end]:
                    best[end], starts[end] = probability, start
    pieces, end = [], len(word)
    while end:
        pieces.append(word[starts[end] : end])
        end = starts[end]
    return pieces[::-1]


@exercise.misconception(
    "Your pieces come out in reverse order: the walk goes from the end of the word to its beginning. Reread "
    "'The best path'."
)
def not_turned(word: str, log_probs: Mapping[str, float]) -> list[str]:
    return tokenization.viterbi(word, log_probs)[::-1]
