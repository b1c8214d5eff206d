"""`foundations.numerical_gradient`: hidden probes, and right answers written differently."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """Three dimensions with the default step, a matrix, and a single number in a vector."""
    x = torch.randn(2, 2, 3, generator=generator, dtype=torch.float64)
    return [
        {"gradient": implementation(lambda x: (x.sin() * x).sum(), x)},
        {"gradient": implementation(lambda x: (x[0] ** 3 * x[1]).sum(), x[0, :, :2].clone(), 0.2)},
        {"gradient": implementation(lambda x: (x**4).sum(), x[0, 0, :1].clone(), 0.5)},
    ]


@private.probe
def that_counts(implementation: Any, generator: Generator) -> Any:
    """A function that PyTorch cannot differentiate."""
    x = torch.randn(5, generator=generator, dtype=torch.float64)
    x[1] = 0.5
    return {"gradient": implementation(lambda x: (x > 0.5).sum().double(), x, 0.75)}


Function = Callable[[Tensor], Tensor]


@private.variant
def numerical_one_hot(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    """Move along the rows of an identity matrix."""
    slopes = []
    for direction in torch.eye(x.numel(), dtype=x.dtype):
        move = step * direction.reshape(x.shape)
        slopes.append((function(x + move) - function(x - move)).item() / (2 * step))
    return torch.tensor(slopes, dtype=x.dtype).reshape(x.shape)


@private.variant
def numerical_flat(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    """Move one entry of a flat copy, and put it back."""
    place = x.flatten().clone()
    gradient = torch.empty_like(place)
    for i in range(len(place)):
        before = place[i].item()
        place[i] = before + step
        above = function(place.reshape(x.shape).clone())
        place[i] = before - step
        below = function(place.reshape(x.shape).clone())
        place[i] = before
        gradient[i] = (above - below) / step / 2
    return gradient.view(*x.shape)


@private.variant
def numerical_mean(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    """Average the forward and the backward difference."""
    here = function(x).item()
    gradient = torch.zeros_like(x)
    for index in torch.cartesian_prod(*[torch.arange(size) for size in x.shape]).reshape(
        -1, x.dim()
    ):
        move = torch.zeros_like(x)
        move[tuple(index)] = step
        forward = (function(x + move).item() - here) / step
        backward = (here - function(x - move).item()) / step
        gradient[tuple(index)] = (forward + backward) / 2
    return gradient


private.equivalent(
    "x = x.detach().double().contiguous()", None, "x comes in float64 and without gradients"
)
private.equivalent("with torch.no_grad():", None, "x comes without gradients")
