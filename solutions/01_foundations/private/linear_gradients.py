"""`foundations.linear_gradients`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """A batch of one, a single input, a single output, a square, and a wide map."""
    found = []
    for batch, inputs, outputs in (
        (5, 2, 3),
        (1, 3, 2),
        (5, 1, 4),
        (4, 4, 1),
        (4, 4, 4),
        (2, 9, 7),
    ):
        x = torch.randn(batch, inputs, generator=generator)
        weight = torch.randn(inputs, outputs, generator=generator)
        found.append(implementation(x, weight, torch.randn(batch, outputs, generator=generator)))
    return found


@private.variant
def gradients_einsum(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Name the indices."""
    return (
        torch.einsum("no,io->ni", upstream, weight),
        torch.einsum("ni,no->io", x, upstream),
        torch.einsum("no->o", upstream),
    )


@private.variant
def gradients_loop(x: Tensor, weight: Tensor, upstream: Tensor) -> list[Tensor]:
    """Add up the effect of one example after the other."""
    for_x = torch.zeros_like(x)
    for_weight, for_bias = torch.zeros_like(weight), torch.zeros_like(upstream[0])
    for n, (row, above) in enumerate(zip(x, upstream, strict=True)):
        for_x[n] = weight @ above
        for_weight += torch.outer(row, above)
        for_bias += above
    return [for_x, for_weight, for_bias]


@private.variant
def gradients_ones(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take the bias for the weight of an input that is always 1, in float64."""
    wide = upstream.double()
    with_one = torch.cat([x.double(), torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    both = with_one.mT @ wide
    return wide @ weight.double().mT, both[:-1], both[-1]
