"""`foundations.perplexity`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.foundations import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "perplexity",
    reference=foundations.perplexity,
    hints=(
        "Check with four equally likely tokens: every logarithm is that of 1/4, and the answer is 4.",
        "From the inside out: the average, its sign, and what undoes the natural logarithm.",
        "Average the logarithms, change the sign, and take the exponential.",
    ),
)


@exercise.probe
def three_tokens(implementation: Any, generator: Generator) -> Any:
    """Three tokens that had the probabilities 0.5, 0.25 and 0.1."""
    return float(implementation(torch.tensor([0.5, 0.25, 0.1]).log()))


@exercise.probe
def long_text(implementation: Any, generator: Generator) -> Any:
    """A text of 500 tokens with random probabilities."""
    return float(implementation(torch.rand(500, generator=generator).clamp_min(0.01).log()))


@exercise.misconception(
    "Your code raises 2 to the average, and the average is in nats. What undoes a natural logarithm "
    "has the base e; 2 belongs to bits. Reread 'How many choices?'."
)
def base_two(log_probabilities: Tensor) -> Tensor:
    return 2.0 ** -log_probabilities.mean()


@exercise.misconception(
    "Your code adds the surprises up, so a longer text is more perplexing whatever it says. "
    "Perplexity is that of one token. Reread 'How many choices?'."
)
def of_the_whole_text(log_probabilities: Tensor) -> Tensor:
    return (-log_probabilities.sum()).exp()


@exercise.misconception(
    "Your perplexity is below 1: it is the average probability of a token. A number of choices is at "
    "least 1. Reread 'How many choices?'."
)
def below_one(log_probabilities: Tensor) -> Tensor:
    return log_probabilities.mean().exp()


@exercise.misconception(
    "Your code takes the exponential before the average. One unlikely token then outweighs all "
    "others; the average is that of the surprises. Reread 'How many choices?'."
)
def mean_of_inverses(log_probabilities: Tensor) -> Tensor:
    return (-log_probabilities).exp().mean()


@exercise.misconception(
    "Your code averages the probabilities. Probabilities of a text multiply, so their logarithms are "
    "what is averaged. Reread 'How many choices?'."
)
def inverse_of_mean(log_probabilities: Tensor) -> Tensor:
    return 1 / log_probabilities.exp().mean()


@exercise.misconception(
    "Your code returns the average surprise itself, the loss. Perplexity turns it back into a number "
    "of choices. Reread 'How many choices?'."
)
def still_a_loss(log_probabilities: Tensor) -> Tensor:
    return -log_probabilities.mean()


@exercise.misconception(
    "Your code multiplies the probabilities of all tokens. For a long text the product is rounded to "
    "0, and its root with it. Stay with logarithms, which add. Reread 'How many choices?'."
)
def product_vanishes(log_probabilities: Tensor) -> Tensor:
    return log_probabilities.exp().prod() ** (-1 / log_probabilities.numel())
