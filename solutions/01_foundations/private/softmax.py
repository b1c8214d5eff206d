"""`foundations.softmax`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def free_dimensions(implementation: Any, generator: Generator) -> Any:
    """One row alone, one and two leading dimensions, a single score, and large scores."""
    scores = 3 * torch.randn(2, 3, 5, generator=generator)
    return [
        implementation(scores[0, 0].clone()),
        implementation(scores[1]),
        implementation(scores),
        implementation(scores[..., :1].clone()),
        implementation(100 * scores[0] + torch.tensor([[-2000.0], [0.0], [2000.0]])),
    ]


@private.probe
def gradient(implementation: Any, generator: Generator) -> Any:
    """The gradient that flows back to the scores."""
    scores = (3 * torch.randn(2, 4, generator=generator)).requires_grad_()
    (implementation(scores) * torch.randn(2, 4, generator=generator)).sum().backward()
    return {"gradient of the scores": scores.grad}


@private.variant
def softmax_in_place(scores: Tensor) -> Tensor:
    """Change a copy in place."""
    powers = scores - scores.max(dim=-1, keepdim=True).values
    powers = powers.exp_()
    return powers.div(powers.sum(-1, keepdim=True))


@private.variant
def softmax_ratios(scores: Tensor) -> Tensor:
    """One over the sum of the ratios to all others."""
    return 1 / (scores[..., None, :] - scores[..., :, None]).exp().sum(dim=-1)


@private.variant
def softmax_double(scores: Tensor) -> Tensor:
    """Compute in float64 and give back the kind that came."""
    wide = scores.double()
    powers = torch.exp(wide - torch.amax(wide, -1)[..., None])
    return (powers / torch.sum(powers, -1)[..., None]).to(scores.dtype)


private.equivalent("wide = at_least_float32(scores)", None, "no scores of less precision come")
private.equivalent(
    "powers = (wide - wide.detach().amax(dim=dim, keepdim=True)).exp()",
    "CALL",
    "what flows back through the largest score cancels",
)
private.equivalent(
    "powers = (wide - wide.detach().amax(dim=dim, keepdim=True)).exp()",
    "NAME",
    "scores of float32 are wide already",
)
private.equivalent(
    "return (powers / powers.sum(dim=dim, keepdim=True)).to(scores.dtype)",
    "NAME",
    "precision is free",
)
