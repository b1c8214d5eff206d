"""`foundations.perplexity`: hidden probes, and right answers written differently."""

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_texts(implementation: Any, generator: Generator) -> Any:
    """A single token, a text that was certain, and one of 20,000 tokens."""
    return [
        float(implementation(torch.tensor([0.3]).log())),
        float(implementation(torch.zeros(4))),
        float(implementation(torch.rand(20_000, generator=generator).clamp_min(1e-3).log())),
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
