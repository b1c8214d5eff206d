"""`foundations.kl_divergence`: hidden probes, and right answers written differently."""

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
    """One pair alone, leading dimensions, and outcomes that are impossible in one or in both."""
    p, q = shares(generator, 2, 3, 5), shares(generator, 2, 3, 5)
    impossible = torch.tensor([0.25, 0.75, 0.0, 0.0])
    return [
        implementation(p[0, 0].clone(), q[0, 0].clone()),
        implementation(p[1], q[1]),
        implementation(p, q),
        implementation(impossible, torch.tensor([0.4, 0.5, 0.1, 0.0])),
        implementation(torch.tensor([0.999, 0.001]), torch.tensor([0.9998, 0.0002])),
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


private.equivalent("impossible = p == 0", "COMPARISON", "no probability is negative")
private.equivalent(
    "ratio = p.masked_fill(impossible, 1.0).log() - q.masked_fill(impossible, 1.0).log()",
    "NUMBER",
    "what stands there is multiplied by 0",
)
