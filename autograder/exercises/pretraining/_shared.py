"""What several exercises of lab 07 draw their inputs and faults from."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

Pair = tuple[Tensor, Tensor]


def some_ids(generator: Generator, *shape: int, below: int = 50) -> Tensor:
    """Draw token ids."""
    return torch.randint(below, shape, generator=generator)
