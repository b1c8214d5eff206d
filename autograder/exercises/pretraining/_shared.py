"""What several exercises of lab 07 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches


def some_ids(generator: Generator, *shape: int, below: int = 50) -> Tensor:
    """Draw token ids, no two of them equal while there are enough."""
    count = torch.Size(shape).numel()
    if count > below:
        return torch.randint(below, shape, generator=generator)
    return torch.randperm(below, generator=generator)[:count].reshape(shape)


def way(
    on: Switches, faulty: Mapping[str, Callable[..., Any]], right: Callable[..., Any]
) -> Callable[..., Any]:
    """Give the way of the fault that is on, or else the right one."""
    return next((one for name, one in faulty.items() if on(name)), right)
