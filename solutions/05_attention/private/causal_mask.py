"""`attention.causal_mask`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_lengths(implementation: Any, generator: Generator) -> Any:
    """Two tokens, and thirty-three."""
    return [implementation(2), implementation(33)]


@private.variant
def mask_compared(length: int) -> Tensor:
    """Compare each query's place with each key's."""
    places = torch.arange(length)
    return places[:, None] >= places[None, :]


@private.variant
def mask_loop(length: int) -> Tensor:
    """Write the rows as Python lists."""
    return torch.tensor([[key <= query for key in range(length)] for query in range(length)])


@private.variant
def mask_negated(length: int) -> Tensor:
    """Mark the future, and turn that around."""
    return ~torch.triu(torch.ones(length, length), diagonal=1).bool()
