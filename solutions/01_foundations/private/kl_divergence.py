"""`foundations.kl_divergence`: hidden probes, and right answers written differently."""

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


def shares(generator: Generator, *shape: int) -> torch.Tensor:
    """Draw distributions along the last dimension."""
    return torch.rand(*shape, generator=generator).add(0.01).log().mul(2).softmax(dim=-1)


@private.probe
def other_pairs(implementation: Any, generator: Generator) -> Any:
    """One pair alone, two leading dimensions, a pair of equals, and an outcome impossible in both."""
    p, q = shares(generator, 2, 3, 5), shares(generator, 2, 3, 5)
    impossible = torch.tensor([0.25, 0.75, 0.0])
    return [
        implementation(p[0, 0], q[0, 0]),
        implementation(p, q),
        implementation(p, p.clone()),
        implementation(impossible, torch.tensor([0.5, 0.5, 0.0])),
    ]


@private.variant
def divergence_where(p: Tensor, q: Tensor) -> Tensor:
    """Replace the terms in which p is 0."""
    return torch.where(p > 0, p * torch.log(p / q), 0.0).sum(dim=-1)


@private.variant
def divergence_difference(p: Tensor, q: Tensor) -> Tensor:
    """Cross-entropy less entropy."""
    return torch.xlogy(p, p).sum(-1) - torch.xlogy(p, q).sum(-1)


@private.variant
def divergence_nan(p: Tensor, q: Tensor) -> Tensor:
    """Take what is no number for 0."""
    return torch.nansum(p * (p.log() - q.log()), dim=-1)
