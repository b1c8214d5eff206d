"""`distributed.ring_all_reduce`: hidden probes, and right answers written differently."""

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
def odd_sizes(implementation: Any, generator: Generator) -> Any:
    """Seven ranks with 10 numbers, five with only 3, two with a single one, and one by itself."""
    shapes = ((7, 10), (5, 3), (2, 1), (1, 4))
    return [
        on_ranks(implementation, list(torch.randn(world_size, size, generator=generator)))
        for world_size, size in shapes
    ]


@private.variant
def ring_padded(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Pad to equal chunks in one matrix, and change its rows in place."""
    rank, size = communicator.rank, communicator.world_size
    length = math.ceil(tensor.numel() / size)
    rows = torch.zeros(size, length, dtype=tensor.dtype)
    rows.view(-1)[: tensor.numel()] = tensor.reshape(-1)
    for step in range(2 * size - 2):
        leaving = (rank - step) % size
        communicator.send(rows[leaving], (rank + 1) % size)
        arrived = communicator.receive((rank + size - 1) % size)
        if step < size - 1:
            rows[leaving - 1] += arrived
        else:
            rows[leaving - 1] = arrived
    return rows.view(-1)[: tensor.numel()].view(tensor.shape)


@private.variant
def ring_the_other_way(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Go around against the numbers, keeping only the chunk that moves."""
    rank, size = communicator.rank, communicator.world_size
    chunks = list(torch.tensor_split(tensor.reshape(-1), size))
    moving, place = chunks[rank], rank
    for _ in range(size - 1):
        communicator.send(moving, (rank - 1) % size)
        place = (place + 1) % size
        moving = communicator.receive((rank + 1) % size) + chunks[place]
    finished = {place: moving}
    for _ in range(size - 1):
        communicator.send(moving, (rank - 1) % size)
        place = (place + 1) % size
        moving = finished[place] = communicator.receive((rank + 1) % size)
    return torch.cat([finished[place] for place in range(size)]).reshape(tensor.shape)
