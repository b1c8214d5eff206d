"""`pretraining.clip_gradient_norm`: hidden probes, and right answers written differently."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from autograder.exercises.pretraining.clip_gradient_norm import (
    as_number,
    clipped,
    give_gradients,
    three_parameters,
)

private = Private()


@private.probe
def other_lengths(implementation: Any, generator: Generator) -> Any:
    """Gradients of other lengths, some allowed and some not."""
    return [
        clipped(implementation, three_parameters(generator, length), max_norm)
        for length, max_norm in ((7.0, 1.0), (0.2, 1.0), (2.0, 3.0), (30.0, 4.0))
    ]


@private.probe
def of_a_larger_model(implementation: Any, generator: Generator) -> Any:
    """A model of three layers, of which the first has no gradients."""
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 2))
    parameters = list(model.parameters())
    give_gradients(parameters[2:], generator, 6.0)
    length = implementation(model.parameters(), 1.5)
    return {"length before": as_number(length), "gradients": [one.grad for one in parameters]}


@private.variant
def clip_flat(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Make one vector of all gradients to measure it."""
    gradients = [one.grad for one in parameters if one.grad is not None]
    length = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    factor = min(1.0, max_norm / length.item())
    for gradient in gradients:
        gradient *= factor
    return length


@private.variant
def clip_new_tensors(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Sum in Python, and give the parameters new gradients."""
    owners = [one for one in parameters if one.grad is not None]
    length = math.sqrt(sum(float((one.grad.double() ** 2).sum()) for one in owners))
    if length > max_norm:
        for one in owners:
            one.grad = one.grad * (max_norm / length)
    return length


for line in ("if not gradients:", "return torch.tensor(0.0)"):
    private.equivalent(
        line,
        None,
        "Where there are no gradients the length is 0, and the text says that it never is.",
    )
for kind in ("NUMBER", "SIGN", "PARENTHESES", "PART"):
    private.equivalent(
        "factor = (max_norm / (total + 1e-6)).clamp(max=1.0)",
        kind,
        "The small number keeps a length of 0 from a division by 0, and the text says that it never is 0.",
    )
