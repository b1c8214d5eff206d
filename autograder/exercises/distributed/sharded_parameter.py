"""`distributed.ShardedParameter`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.distributed import LAB
from llmlab import training
from llmlab.training import Communicator, simulate

exercise = LAB.exercise(
    "ShardedParameter",
    reference=training.ShardedParameter,
    hints=(
        "Do the example of the text on paper: 3 times 3 numbers, 2 ranks. How long is each shard, "
        "and where do the zeros stand?",
        "`gather` undoes `__init__` in reverse: first side by side, then without the zeros, then "
        "in the old shape. The shape remembers how many numbers there were.",
        "In `__init__` fill the front of a tensor of zeros with the flat parameter, slice this "
        "rank's part and copy it; in `gather` join what `all_gather` gives, cut to the "
        "number of the shape's elements, and reshape.",
    ),
)


def _shards(implementation: Any, parameter: Tensor, world_size: int) -> list[Any]:
    def program(communicator: Communicator) -> Any:
        one = implementation(parameter, communicator)
        return {"shard": one.shard, "gathered": one.gather()}

    return simulate(program, world_size)


@exercise.probe
def nine_numbers(implementation: Any, generator: Generator) -> Any:
    """A matrix of 3 by 3 on 2 ranks: each rank's shard, and the matrix gathered again."""
    return _shards(implementation, 1 + normal(generator, 3, 3), 2)


@exercise.probe
def four_shards(implementation: Any, generator: Generator) -> Any:
    """A matrix of 4 by 6 on 4 ranks, then a vector of 5 on 3."""
    return [
        _shards(implementation, normal(generator, 4, 6), 4),
        _shards(implementation, normal(generator, 5), 3),
    ]


@exercise.probe
def kept(implementation: Any, generator: Generator) -> Any:
    """How many bytes the shard of 1000 numbers keeps in memory on each of 4 ranks."""
    parameter = normal(generator, 1000)

    def program(communicator: Communicator) -> int:
        return int(implementation(parameter, communicator).shard.untyped_storage().nbytes())

    return simulate(program, 4)


class _Sharded:
    """A sharded parameter in parts that a misconception replaces."""

    def __init__(self, parameter: Tensor, communicator: Communicator) -> None:
        self.shape = parameter.shape
        self.communicator = communicator
        self.shard = self.cut(parameter.flatten(), communicator.rank, communicator.world_size)

    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return self.padded(flat, size).chunk(size)[rank].clone()

    def padded(self, flat: Tensor, size: int) -> Tensor:
        return torch.cat([flat, flat.new_zeros(-len(flat) % size)])

    def whole(self) -> Tensor:
        return torch.cat(training.all_gather(self.communicator, self.shard))

    def gather(self) -> Tensor:
        return self.whole()[: self.shape.numel()].reshape(self.shape)


@exercise.misconception(
    "Your shard is a view: a small window on the whole parameter, which stays in memory as long as "
    "the window does. So nothing is saved. Reread 'A window is no copy'."
)
class View(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return self.padded(flat, size).chunk(size)[rank]


@exercise.misconception(
    "Your shards are not equally long: the last ranks hold less. Collective operations on a real "
    "network want tensors of one size from all ranks. Reread 'Flat, padded, cut'."
)
class NotPadded(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return flat.tensor_split(size)[rank].clone()


@exercise.misconception(
    "The zeros stand at the front. They come at the end, where cutting them off leaves every other "
    "number at its place. Reread 'Flat, padded, cut'."
)
class PaddedInFront(_Sharded):
    def padded(self, flat: Tensor, size: int) -> Tensor:
        return torch.cat([flat.new_zeros(-len(flat) % size), flat])

    def gather(self) -> Tensor:
        return self.whole()[-self.shape.numel() :].reshape(self.shape)


@exercise.misconception(
    "Your ranks take every N-th number. A shard is a stretch of neighbors, so that joining the "
    "shards puts them back in order. Reread 'Flat, padded, cut'."
)
class Strided(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return self.padded(flat, size)[rank::size].clone()

    def gather(self) -> Tensor:
        shards = training.all_gather(self.communicator, self.shard)
        return torch.stack(shards, dim=1).flatten()[: self.shape.numel()].reshape(self.shape)


@exercise.misconception(
    "`gather` returns the padding too, as a flat tensor: the layer that uses it expects the shape "
    "that the parameter had. Reread 'Flat, padded, cut'."
)
class GatheredFlat(_Sharded):
    def gather(self) -> Tensor:
        return self.whole()


@exercise.misconception(
    "The length of your shards is rounded down: the numbers of the rest belong to no rank, and are "
    "zeros after gathering. Reread 'Flat, padded, cut'."
)
class RoundedDown(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        length = len(flat) // size
        return flat[rank * length : (rank + 1) * length].clone()

    def gather(self) -> Tensor:
        whole = self.whole()
        missing = self.shape.numel() - len(whole)
        return torch.cat([whole, whole.new_zeros(missing)]).reshape(self.shape)


@exercise.misconception(
    "Each rank keeps the whole parameter as its shard. Gathering is easy then, and no memory is "
    "saved. Reread 'Flat, padded, cut'."
)
class Whole(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return flat.clone()

    def gather(self) -> Tensor:
        return self.shard.reshape(self.shape)
