"""`foundations.entropy`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


def shares(generator: Generator, *shape: int) -> torch.Tensor:
    """Draw distributions along the last dimension."""
    return torch.rand(*shape, generator=generator).add(0.01).log().mul(2).softmax(dim=-1)


@private.probe
def other_distributions(implementation: Any, generator: Generator) -> Any:
    """One distribution alone, one and two leading dimensions, and impossible and rare outcomes."""
    return [
        implementation(shares(generator, 4)),
        implementation(shares(generator, 3, 5)),
        implementation(shares(generator, 2, 3, 5)),
        implementation(torch.tensor([[0.25, 0.0, 0.75], [1.0, 0.0, 0.0]])),
        implementation(torch.tensor([[0.0, 0.0002, 0.9898, 0.01]])),
    ]


@private.variant
def entropy_where(probabilities: Tensor) -> Tensor:
    """Replace the products that are no number."""
    products = probabilities * torch.log(probabilities)
    return -torch.where(probabilities > 0, products, torch.zeros_like(products)).sum(-1)


@private.variant
def entropy_xlogy(probabilities: Tensor) -> Tensor:
    """Use the function of PyTorch that knows the limit."""
    return torch.xlogy(probabilities, probabilities).sum(dim=-1).neg()


@private.variant
def entropy_floor(probabilities: Tensor) -> Tensor:
    """Keep the logarithm away from 0, and change its base."""
    bits = probabilities.clamp_min(1e-30).log2() * -probabilities
    return torch.sum(bits * math.log(2), dim=-1)


private.equivalent(
    "safe = probabilities.masked_fill(probabilities == 0, 1.0)",
    "COMPARISON",
    "no probability is negative",
)
private.equivalent(
    "safe = probabilities.masked_fill(probabilities == 0, 1.0)",
    "NUMBER",
    "the logarithm of what stands there is multiplied by 0",
)
private.equivalent(
    "return -(probabilities * safe.log()).sum(dim=-1)",
    "NAME",
    "where the two differ, the logarithm is 0",
)
private.equivalent(
    "bits = probabilities.clamp_min(1e-30).log2() * -probabilities",
    "NUMBER",
    "any number close to 0 has a finite logarithm",
)
