"""`foundations.entropy`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.foundations import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "entropy",
    reference=foundations.entropy,
    forbidden=("torch.special.entr",),
    hints=(
        "An average over outcomes: each outcome's surprise, weighted by how often it happens.",
        "What does your code give for a probability of 0? Python's 0 times minus infinity is no "
        "number, and the text says what it should be.",
        "Replace the probabilities of 0 by 1 before the logarithm, multiply the logarithms by the "
        "probabilities, add up over the last dimension, and change the sign.",
    ),
)


@exercise.probe
def two_distributions(implementation: Any, generator: Generator) -> Any:
    """The distributions (0.5, 0.25, 0.25) and (0.1, 0.2, 0.7)."""
    return implementation(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))


@exercise.probe
def with_impossible_outcomes(implementation: Any, generator: Generator) -> Any:
    """The distributions (0, 1, 0) and (0.5, 0.5, 0), which have impossible outcomes."""
    return implementation(torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]))


@exercise.misconception(
    "Your entropy is in bits, since its logarithm has the base 2. The text asks for nats, the unit "
    "of the natural logarithm. Reread 'Bits and nats'."
)
def in_bits(probabilities: Tensor) -> Tensor:
    return foundations.entropy(probabilities) / math.log(2)


@exercise.misconception(
    "Your code takes the logarithm of 0, which is minus infinity, and 0 times infinity is no number. "
    "An outcome that never happens surprises nobody. Reread 'The average surprise'."
)
def zero_times_infinity(probabilities: Tensor) -> Tensor:
    return -(probabilities * probabilities.log()).sum(dim=-1)


@exercise.misconception(
    "Your code divides by the number of outcomes. The probabilities are the weights of the average "
    "already, so the weighted surprises add up. Reread 'The average surprise'."
)
def divided_by_outcomes(probabilities: Tensor) -> Tensor:
    return foundations.entropy(probabilities) / probabilities.shape[-1]


@exercise.misconception(
    "Your entropy is negative. The logarithm of a probability is at most 0, and surprise is what is "
    "left when its sign is changed. Reread 'Surprise'."
)
def negative(probabilities: Tensor) -> Tensor:
    return -foundations.entropy(probabilities)


@exercise.misconception(
    "Your code adds up all distributions into one number. Each row is a distribution with an entropy "
    "of its own. Reread 'The average surprise'."
)
def one_for_all(probabilities: Tensor) -> Tensor:
    return foundations.entropy(probabilities).sum()


@exercise.misconception(
    "Your code adds up the surprises as if each outcome came once. What is rare is surprising and "
    "rarely happens, so each surprise is weighted by its probability. Reread 'The average surprise'."
)
def not_weighted(probabilities: Tensor) -> Tensor:
    return -probabilities.log().sum(dim=-1)
