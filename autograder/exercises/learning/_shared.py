"""What several exercises of lab 02 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import normal

Examples = tuple[Tensor, Tensor]


def walk(
    make: Callable[[list[nn.Parameter]], Any],
    generator: Generator,
    parameters: int,
    steps: int,
    size: float = 1.0,
) -> list[Any]:
    """Give parameters random gradients, step by step, and write down where they go."""
    own = [nn.Parameter(normal(generator, 3)) for _ in range(parameters)]
    optimizer = make(own)
    places = []
    for _ in range(steps):
        for parameter in own:
            parameter.grad = size * normal(generator, 3)
        optimizer.step()
        places.append(torch.stack([one.detach() for one in own]).clone())
    return places
