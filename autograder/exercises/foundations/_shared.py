"""What several exercises of lab 01 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

Function = Callable[[Tensor], Tensor]


Sequences = list[list[int]]


def distributions(generator: Generator, *shape: int) -> Tensor:
    """Draw distributions along the last dimension, all of whose outcomes are possible."""
    weights = torch.rand(*shape, generator=generator) + 0.05
    return weights / weights.sum(dim=-1, keepdim=True)
