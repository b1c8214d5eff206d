"""What several exercises of lab 02 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import normal

Examples = tuple[Tensor, Tensor]


def walk(
    make: Callable[[list[nn.Parameter]], Any],
    generator: Generator,
    shapes: Sequence[tuple[int, ...]],
    steps: int,
    size: float = 1.0,
) -> dict[str, Any]:
    """Give parameters random gradients, step by step, and write down where they go.

    Each gradient is written into the tensor that held the last one, as PyTorch does where gradients are set to 0 in
    place.

    Args:
        make: Makes the optimizer of some parameters.
        generator: Draws parameters and gradients.
        shapes: The shape of each parameter.
        steps: How many steps are taken.
        size: What the gradients are multiplied by.
    """
    own = [nn.Parameter(normal(generator, *shape)) for shape in shapes]
    optimizer = make(own)
    places, kept = [], []
    for _ in range(steps):
        gradients = [size * normal(generator, *shape) for shape in shapes]
        for parameter, gradient in zip(own, gradients, strict=True):
            if parameter.grad is None:
                parameter.grad = gradient.clone()
            else:
                parameter.grad.copy_(gradient)
        optimizer.step()
        places.append([one.detach().clone() for one in own])
        kept.append(
            [_afterward(one.grad, gradient) for one, gradient in zip(own, gradients, strict=True)]
        )
    return {"parameters after each step": places, "gradients afterward": kept}


def _afterward(gradient: Tensor | None, given: Tensor) -> str:
    if gradient is None or not gradient.any():
        return "cleared"
    return "as they were" if torch.equal(gradient, given) else "changed"
