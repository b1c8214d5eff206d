"""`foundations.bigram_probabilities`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Sequences
from llmlab import foundations

exercise = LAB.exercise(
    "bigram_probabilities",
    reference=foundations.bigram_probabilities,
    hints=(
        "Two parts: count the pairs of neighbors in each sequence, then turn each row of counts into "
        "shares.",
        "Walk through each sequence with two indices, the token and the one after it, and add 1 at "
        "that place of a square table. The smoothing joins the counts before anything is divided.",
        "Add the smoothing to the whole table of counts, and divide it by its own sums over the last "
        "dimension, kept as a column.",
    ),
)


@exercise.probe
def toy_names(implementation: Any, generator: Generator) -> Any:
    """The sequences [0, 1, 1, 1, 2, 0] and [0, 2, 1, 0], three tokens, no smoothing."""
    return implementation([[0, 1, 1, 1, 2, 0], [0, 2, 1, 0]], 3)


@exercise.probe
def smoothed(implementation: Any, generator: Generator) -> Any:
    """Four random sequences over six tokens, with a smoothing of 0.5."""
    inner = torch.randint(1, 6, (4, 7), generator=generator).tolist()
    return implementation([[0, *ids, 0] for ids in inner], 6, 0.5)


def _normalized(counts: Tensor) -> Tensor:
    return counts / counts.sum(dim=-1, keepdim=True)


def _counts(sequences: Sequences, size: int) -> Tensor:
    return foundations.count_pairs(sequences, size).float()


@exercise.misconception(
    "Your table adds up to 1 as a whole: it holds the probability of each pair. A model is told one "
    "token and guesses the next, so each row is a distribution. Reread 'A table of counts'."
)
def whole_table(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    counts = _counts(sequences, vocabulary_size) + smoothing
    return counts / counts.sum()


@exercise.misconception(
    "Each column of yours adds up to 1: it says what came before. A model guesses what comes after, "
    "so each row is a distribution. Reread 'A table of counts'."
)
def by_columns(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    counts = _counts(sequences, vocabulary_size) + smoothing
    return counts / counts.sum(dim=0)


@exercise.misconception(
    "Your code adds the smoothing to the probabilities, after the division, so the rows no longer "
    "add up to 1. It is a count, and joins the counts. Reread 'What was never seen'."
)
def smoothed_too_late(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    return _normalized(_counts(sequences, vocabulary_size)) + smoothing


@exercise.misconception(
    "Your code adds the smoothing above the line of the fraction and not below it, so the rows add "
    "up to more than 1. Reread 'What was never seen'."
)
def smoothed_above(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    counts = _counts(sequences, vocabulary_size)
    return (counts + smoothing) / counts.sum(dim=-1, keepdim=True)


@exercise.misconception(
    "Your code counts pairs across sequences: the end of one and the beginning of the next. They are "
    "no neighbors, and the model would learn that nothing follows nothing. Reread 'A table of "
    "counts'."
)
def across(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    joined = [token for sequence in sequences for token in sequence]
    return _normalized(_counts([joined], vocabulary_size) + smoothing)


@exercise.misconception(
    "Your code adds the smoothing to every count and only once to their sum, so the rows add up to "
    "more than 1. The sum has as many counts as there are tokens. Reread 'What was never seen'."
)
def smoothed_below_once(
    sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    counts = _counts(sequences, vocabulary_size)
    return (counts + smoothing) / (counts.sum(dim=-1, keepdim=True) + smoothing)


@exercise.misconception(
    "Your table knows whether a pair occurs and not how often: each counts once. Adding 1 at a list "
    "of places does that too, for a place that is named twice gets 1 once. Reread 'A table of "
    "counts'."
)
def each_pair_once(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    return _normalized(_counts(sequences, vocabulary_size).clamp(max=1) + smoothing)


@exercise.misconception(
    "Your table counts in how many sequences a pair occurs: a pair that comes twice in one sequence "
    "is counted once. Adding 1 at a list of places does that. Reread 'A table of counts'."
)
def once_a_sequence(sequences: Sequences, vocabulary_size: int, smoothing: float = 0.0) -> Tensor:
    each = [_counts([sequence], vocabulary_size).clamp(max=1) for sequence in sequences]
    return _normalized(torch.stack(each).sum(dim=0) + smoothing)
