"""`foundations.perplexity`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_texts(implementation: Any, generator: Generator) -> Any:
    """A single token, a few, a text that was certain, and one of 1200 tokens."""
    few = torch.rand(4, generator=generator).clamp_min(0.05)
    many = torch.rand(1200, generator=generator).clamp_min(0.01)
    return [
        float(implementation(chances.log()))
        for chances in (torch.tensor([0.15]), few, torch.ones(3), many)
    ]


@private.variant
def perplexity_power(log_probabilities: Tensor) -> Tensor:
    """Raise e to the average."""
    return math.e ** (-log_probabilities.sum() / len(log_probabilities))


@private.variant
def perplexity_bits(log_probabilities: Tensor) -> float:
    """Go by bits, and return a plain number."""
    bits = [-value / math.log(2) for value in log_probabilities.tolist()]
    return 2 ** (sum(bits) / len(bits))


@private.variant
def perplexity_inverse(log_probabilities: Tensor) -> Tensor:
    """One over the geometric mean, in float64."""
    return 1 / torch.exp(torch.mean(log_probabilities.double()))


private.equivalent(
    "return (-log_probabilities.mean()).exp()", "AXIS", "a text of tokens has one dimension"
)
private.equivalent(
    "return math.e ** (-log_probabilities.sum() / len(log_probabilities))",
    "AXIS",
    "a text of tokens has one dimension",
)
private.equivalent(
    "return math.e ** (-log_probabilities.sum() / len(log_probabilities))",
    "SIZE",
    "a text of tokens has one dimension",
)
