"""What several exercises of lab 08 draw their inputs and faults from."""

from __future__ import annotations

from typing import Any

from torch import Generator, Tensor

from autograder.exercise import normal
from llmlab.training import Communicator, simulate


def shares(generator: Generator, world_size: int, *shape: int) -> list[Tensor]:
    """Draw one tensor for each rank."""
    return [normal(generator, *shape) for _ in range(world_size)]


def on_ranks(implementation: Any, tensors: list[Tensor]) -> list[Any]:
    """Call `implementation(communicator, tensor)` on as many ranks as there are tensors."""

    def program(communicator: Communicator) -> Any:
        return implementation(communicator, tensors[communicator.rank])

    return simulate(program, len(tensors))
