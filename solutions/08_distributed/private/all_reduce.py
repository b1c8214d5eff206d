"""`distributed.all_reduce`: hidden probes, and right answers written differently."""

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import training
from llmlab.training import Communicator, simulate

private = Private()


def on_ranks(implementation: Any, tensors: list[torch.Tensor]) -> list[Any]:
    """Call the answer on as many ranks as there are tensors."""

    def program(communicator: Communicator) -> Any:
        return implementation(communicator, tensors[communicator.rank])

    return simulate(program, len(tensors))


@private.probe
def six_ranks(implementation: Any, generator: Generator) -> Any:
    """Six ranks with a tensor of three dimensions, and a few whole numbers."""
    real = [torch.randn(2, 2, 3, generator=generator) for _ in range(6)]
    whole = [torch.randint(100, (4,), generator=generator) for _ in range(6)]
    return [on_ranks(implementation, real), on_ranks(implementation, whole)]


@private.variant
def reduced_by_all(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Everybody sends to everybody, and each adds up for itself."""
    others = [one for one in range(communicator.world_size) if one != communicator.rank]
    for other in others:
        communicator.send(tensor, other)
    return tensor + sum(communicator.receive(other) for other in others)


@private.variant
def reduced_along_a_line(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Add up from the last rank to the first, and pass the total back."""
    rank, last = communicator.rank, communicator.world_size - 1
    total = tensor.clone()
    if rank < last:
        total += communicator.receive(rank + 1)
    if rank > 0:
        communicator.send(total, rank - 1)
        total = communicator.receive(rank - 1)
    if rank < last:
        communicator.send(total, rank + 1)
    return total


@private.variant
def reduced_stacked(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Collect at the last rank, in one tensor, and sum over it."""
    root = communicator.world_size - 1
    if communicator.rank != root:
        communicator.send(tensor, root)
        return communicator.receive(root)
    everything = torch.stack([communicator.receive(other) for other in range(root)] + [tensor])
    total = everything.sum(dim=0)
    for other in range(root):
        communicator.send(total, other)
    return total
