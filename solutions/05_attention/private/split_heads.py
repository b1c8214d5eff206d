"""`attention.split_heads`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions; a single head; a single token; heads of size 1; the gradient of the input."""
    x = torch.randn(2, 3, 5, 12, generator=generator).requires_grad_()
    heads = implementation(x, 3)
    heads.square().sum().backward()
    return [
        heads,
        implementation(x[0].detach(), 1),
        implementation(x[0, 0, :1].detach(), 4),
        implementation(x[0, 0].detach(), 12),
        x.grad,
    ]


@private.variant
def heads_stacked(x: Tensor, num_heads: int) -> Tensor:
    """Cut into chunks, and stack them before the tokens."""
    return torch.stack(x.chunk(num_heads, dim=-1), dim=-3)


@private.variant
def heads_permuted(x: Tensor, num_heads: int) -> Tensor:
    """View, then move a dimension."""
    return x.unflatten(-1, (num_heads, x.shape[-1] // num_heads)).movedim(-2, -3)


@private.variant
def heads_sliced(x: Tensor, num_heads: int) -> Tensor:
    """Fill a fresh tensor, one head after the other."""
    size = x.shape[-1] // num_heads
    out = x.new_empty(*x.shape[:-2], num_heads, x.shape[-2], size)
    for head in range(num_heads):
        out[..., head, :, :] = x[..., head * size : (head + 1) * size]
    return out
