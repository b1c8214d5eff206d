"""`attention.feed_forward`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from autograder.exercises.attention.feed_forward import learned, weights

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """Four times as many hidden numbers; a single vector; two leading dimensions."""
    matrices = weights(generator, 3, 12)
    shapes = ((5, 3), (3,), (2, 1, 4, 3))
    return [implementation(torch.randn(shape, generator=generator), *matrices) for shape in shapes]


@private.probe
def learned_weights(implementation: Any, generator: Generator) -> Any:
    """The gradients of the input and of all weights, with square matrices."""
    return learned(implementation, generator, 5, 3, 2, 5)


@private.variant
def by_the_distribution(
    x: Tensor, up: Tensor, up_bias: Tensor, down: Tensor, down_bias: Tensor
) -> Tensor:
    """Ask the normal distribution for the chance."""
    hidden = torch.matmul(x, up) + up_bias
    chance = torch.distributions.Normal(0.0, 1.0).cdf(hidden)
    return torch.matmul(hidden * chance, down) + down_bias


@private.variant
def by_linear(x: Tensor, up: Tensor, up_bias: Tensor, down: Tensor, down_bias: Tensor) -> Tensor:
    """PyTorch's linear, which takes the transpose, and the complement of the error function."""
    hidden = nn.functional.linear(x, up.T, up_bias)
    hidden = hidden * torch.special.erfc(-hidden / math.sqrt(2)) / 2
    return nn.functional.linear(hidden, down.T, down_bias)


@private.variant
def by_einsum(x: Tensor, up: Tensor, up_bias: Tensor, down: Tensor, down_bias: Tensor) -> Tensor:
    """Sums written out, and PyTorch's distribution function."""
    hidden = torch.einsum("...d,dh->...h", x, up) + up_bias
    return torch.einsum("...h,hd->...d", hidden * torch.special.ndtr(hidden), down) + down_bias
