"""`distributed.ShardedParameter`: hidden probes, and right answers written differently."""

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import training
from llmlab.training import Communicator, simulate

private = Private()


@private.probe
def odd_shards(implementation: Any, generator: Generator) -> Any:
    """More ranks than numbers; a number without a shape; three dimensions; one rank by itself."""
    cases = [((3,), 5), ((), 2), ((2, 3, 5), 4), ((2, 2), 1)]

    def program(communicator: Communicator, parameter: torch.Tensor) -> Any:
        one = implementation(parameter, communicator)
        return [one.shard, one.gather()]

    return [
        simulate(program, world_size, torch.randn(shape, generator=generator))
        for shape, world_size in cases
    ]


@private.variant
class ShardedByPad:
    """Pad with PyTorch's function, and gather in a loop."""

    def __init__(self, parameter: Tensor, communicator: Communicator) -> None:
        self.shape, self.communicator = parameter.shape, communicator
        missing = -parameter.numel() % communicator.world_size
        flat = torch.nn.functional.pad(parameter.reshape(-1), (0, missing))
        self.shard = torch.clone(flat.view(communicator.world_size, -1)[communicator.rank])

    def gather(self) -> Tensor:
        """Put the parameter together."""
        numbers = torch.zeros(len(self.shard) * self.communicator.world_size)
        for rank, shard in enumerate(training.all_gather(self.communicator, self.shard)):
            numbers[rank * len(shard) : (rank + 1) * len(shard)] = shard
        return numbers[: math.prod(self.shape)].view(self.shape)


@private.variant
class ShardedByNumber:
    """Copy number by number, and gather by plain messages."""

    def __init__(self, parameter: Tensor, communicator: Communicator) -> None:
        self.whole_shape, self.communicator = tuple(parameter.shape), communicator
        self.count = parameter.numel()
        size = math.ceil(self.count / communicator.world_size)
        numbers = parameter.reshape(-1).tolist()[communicator.rank * size :][:size]
        self.shard = torch.tensor(numbers + [0.0] * (size - len(numbers)))

    def gather(self) -> Tensor:
        """Put the parameter together."""
        parts = [self.shard] * self.communicator.world_size
        others = [rank for rank in range(len(parts)) if rank != self.communicator.rank]
        for rank in others:
            self.communicator.send(self.shard, rank)
        for rank in others:
            parts[rank] = self.communicator.receive(rank)
        return torch.cat(parts).narrow(0, 0, self.count).reshape(self.whole_shape)
