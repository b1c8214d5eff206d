"""`foundations.softmax`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.foundations import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "softmax",
    reference=foundations.softmax,
    forbidden=("torch.softmax", "torch.log_softmax", "torch.logsumexp"),
    hints=(
        "Try your code on the scores 1000, 999, 0. What is the exponential of 1000?",
        "Take the largest score of each row away first, with keepdim, so that it broadcasts back.",
        "Subtract the row's largest score, take the exponential, and divide by its sum over the last "
        "dimension, kept as a column.",
    ),
)


@exercise.probe
def three_rows(implementation: Any, generator: Generator) -> Any:
    """Three rows of four scores between about -3 and 3."""
    return implementation(1.5 * normal(generator, 3, 4))


@exercise.probe
def large_scores(implementation: Any, generator: Generator) -> Any:
    """The scores (1000, 999, 0) and (-1000, -1001, -2000), and (1, 1, 1)."""
    rows = [[1000.0, 999.0, 0.0], [-1000.0, -1001.0, -2000.0], [1.0, 1.0, 1.0]]
    return implementation(torch.tensor(rows))


def _shares(powers: Tensor) -> Tensor:
    return powers / powers.sum(dim=-1, keepdim=True)


@exercise.misconception(
    "Your softmax is right for small scores, and overflows for large ones: the exponential of 1000 "
    "is infinite, and infinity by infinity is no number. Reread 'Too large for a float'."
)
def overflows(scores: Tensor) -> Tensor:
    return _shares(scores.exp())


@exercise.misconception(
    "Your softmax shares out along the columns. One distribution is one row: each row has to add up "
    "to 1. Reread 'From scores to shares'."
)
def along_columns(scores: Tensor) -> Tensor:
    return scores.softmax(dim=0)


@exercise.misconception(
    "All rows together add up to 1. Each row is a distribution of its own and has a sum of its own. "
    "Reread 'From scores to shares'."
)
def over_everything(scores: Tensor) -> Tensor:
    return scores.flatten().softmax(dim=0).reshape(scores.shape)


@exercise.misconception(
    "Your code takes the largest score of all rows away from every row. A row that lies far below "
    "it is rounded to zeros, and zero by zero is no number. Reread 'Too large for a float'."
)
def one_maximum(scores: Tensor) -> Tensor:
    return _shares((scores - scores.max()).exp())


@exercise.misconception(
    "Your code divides the scores by their sum. Scores can be negative and can add up to 0, so the "
    "exponential has to make them positive first. Reread 'From scores to shares'."
)
def no_exponential(scores: Tensor) -> Tensor:
    return _shares(scores)


@exercise.misconception(
    "Your code stops after the exponential: what comes out is positive and does not add up to 1. "
    "Reread 'From scores to shares'."
)
def not_shared_out(scores: Tensor) -> Tensor:
    return (scores - scores.amax(dim=-1, keepdim=True)).exp()


@exercise.misconception(
    "Your code finds the largest score of each row and then divides by one sum for all rows. Each "
    "row has a sum of its own. Reread 'From scores to shares'."
)
def one_sum(scores: Tensor) -> Tensor:
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum()


@exercise.misconception(
    "Your sums have lost their last dimension: PyTorch lines them up with the columns, so a row is "
    "divided by the sums of others. Reread 'Broadcasting, and its trap'."
)
def sums_lined_up(scores: Tensor) -> Tensor:
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum(dim=-1)
