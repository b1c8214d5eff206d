"""What several exercises of lab 01 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches

Function = Callable[[Tensor], Tensor]
Sequences = list[list[int]]
Rules = dict[str, Callable[..., Any]]


def distributions(generator: Generator, *shape: int) -> Tensor:
    """Draw distributions along the last dimension, all of whose outcomes are possible."""
    weights = torch.rand(*shape, generator=generator) + 0.05
    return weights / weights.sum(dim=-1, keepdim=True)


def unless(on: Switches, others: Rules, usual: Any) -> Any:
    """Compute by the rule of the fault that is on; give the usual result if none of them is."""
    return next((rule() for name, rule in others.items() if on(name)), usual)
