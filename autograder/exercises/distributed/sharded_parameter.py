"""`distributed.ShardedParameter`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
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
    matters="FSDP2 keeps the parameters of Llama 3's training (2024) as such shards, and gathers a "
    "layer for the moment that it is used. Read llmlab/training/sharding.py.",
)


def _shards(implementation: Any, parameter: Tensor, world_size: int) -> list[Any]:
    def program(communicator: Communicator) -> Any:
        one = implementation(parameter.clone(), communicator)
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
def odd_shapes(implementation: Any, generator: Generator) -> Any:
    """Three numbers on 5 ranks; a single number without a shape on 2; one rank by itself."""
    return [
        _shards(implementation, normal(generator, 3), 5),
        _shards(implementation, normal(generator), 2),
        _shards(implementation, normal(generator, 2, 2), 1),
    ]


@exercise.probe
def changed_shards(implementation: Any, generator: Generator) -> Any:
    """Six numbers on 2 ranks, gathered after each rank has doubled its shard, as an optimizer may."""
    parameter = normal(generator, 2, 3)

    def program(communicator: Communicator) -> Any:
        one = implementation(parameter.clone(), communicator)
        one.gather()
        one.shard = 2 * one.shard
        return one.gather()

    return {"gathered after the step": simulate(program, 2)}


@exercise.probe
def kept(implementation: Any, generator: Generator) -> Any:
    """How many bytes an object for 1000 numbers keeps in tensors on each of 4 ranks."""
    parameter = normal(generator, 1000)

    def program(communicator: Communicator) -> int:
        own = vars(implementation(parameter.clone(), communicator)).values()
        stores = {one.untyped_storage().data_ptr(): one for one in own if isinstance(one, Tensor)}
        return sum(int(one.untyped_storage().nbytes()) for one in stores.values())

    return {"bytes kept": simulate(program, 4)}


@exercise.faults(
    view="Your shard is a view: a small window on the whole parameter, which stays in memory as "
    "long as the window does. So nothing is saved. Reread 'A window is no copy'.",
    keeps_the_whole="Beside its shard, your object keeps the whole parameter. The shard is right, and no "
    "memory is saved. Reread 'A window is no copy'.",
    gathers_what_it_kept="`gather` returns what the object was made from, and not what the shards hold now: after "
    "a step of the optimizer the layer would still see the old weights. Reread 'Flat, "
    "padded, cut'.",
    not_padded="Your shards are not equally long: the last ranks hold less. Collective operations on a "
    "real network want tensors of one size from all ranks. Reread 'Flat, padded, cut'.",
    padded_in_front="The zeros stand at the front. They come at the end, where cutting them off leaves every "
    "other number at its place. Reread 'Flat, padded, cut'.",
    padded_with_ones="What fills up the last shard is 1 and should be 0. Reread 'Flat, padded, cut'.",
    strided="Your ranks take every N-th number. A shard is a stretch of neighbors, so that joining "
    "the shards puts them back in order. Reread 'Flat, padded, cut'.",
    gathered_flat="`gather` returns the padding too, as a flat tensor: the layer that uses it expects the "
    "shape that the parameter had. Reread 'Flat, padded, cut'.",
    flat_without_padding="`gather` returns a flat tensor: the layer that uses it expects the shape that the "
    "parameter had. Reread 'Flat, padded, cut'.",
    padding_left="`gather` leaves the padding in: it does not fit into the shape that the parameter had. Reread "
    "'Flat, padded, cut'.",
    rounded_down="The length of your shards is rounded down: the numbers of the rest belong to no rank, "
    "and are zeros after gathering. Reread 'Flat, padded, cut'.",
    one_more="Your shards are one number longer than they need to be where the number of ranks "
    "divides the numbers. Reread 'Flat, padded, cut'.",
    whole_as_shard="Each rank keeps the whole parameter as its shard. Gathering is easy then, and no memory "
    "is saved. Reread 'Flat, padded, cut'.",
    first_shard="Every rank keeps the first stretch: the rank decides nothing, and the rest of the "
    "parameter is lost. Reread 'Flat, padded, cut'.",
    other_order="`gather` joins the shards from the last rank to the first. Reread 'Flat, padded, cut'.",
    own_only="`gather` uses this rank's shard alone, and fills up the rest with zeros: nobody is "
    "asked for the others. Reread 'Flat, padded, cut'.",
    stacked="`gather` stacks the shards as rows; they are stretches of one flat parameter and are "
    "joined end to end. Reread 'Flat, padded, cut'.",
    by_rows="Your code cuts the parameter by rows, and not flat: with few rows, whole ranks hold "
    "nothing but padding, and the shards are longer than they need to be. Reread 'Flat, "
    "padded, cut'.",
    transposed="Your code lays the parameter flat column by column: `gather` may undo it, and the "
    "shards are others than asked for. Reread 'Flat, padded, cut'.",
)
def faulty(on: Switches) -> Any:
    class ShardedParameter:
        def __init__(self, parameter: Tensor, communicator: Communicator) -> None:
            self.shape, self.communicator = parameter.shape, communicator
            if on("keeps_the_whole") or on("gathers_what_it_kept"):
                self.parameter = parameter
            self.shard = _cut(on, parameter, communicator.rank, communicator.world_size)

        def gather(self) -> Any:
            if on("gathers_what_it_kept"):
                return self.parameter
            if on("whole_as_shard"):
                return self.shard.reshape(self.shape)
            if on("own_only"):
                count = self.shape.numel()
                return torch.cat([self.shard, torch.zeros(count)])[:count].reshape(self.shape)
            return _put_together(on, training.all_gather(self.communicator, self.shard), self.shape)

    return ShardedParameter


def _cut(on: Switches, parameter: Tensor, rank: int, size: int) -> Tensor:
    flat = parameter.flatten()
    if on("transposed") and parameter.dim() == 2:
        flat = parameter.mT.flatten()
    if on("whole_as_shard"):
        return flat.clone()
    if on("first_shard"):
        rank = 0
    if on("rounded_down"):
        length = len(flat) // size
        return flat[rank * length : (rank + 1) * length].clone()
    if on("not_padded"):
        return flat.tensor_split(size)[rank].clone()
    if on("by_rows") and parameter.dim() == 2:
        rows = -(-len(parameter) // size)
        padded = torch.cat(
            [parameter, parameter.new_zeros(rows * size - len(parameter), parameter.shape[1])]
        )
        return padded[rank * rows :][:rows].flatten().clone()
    missing = -len(flat) % size
    if on("one_more") and missing == 0:
        missing = size
    filling = flat.new_ones(missing) if on("padded_with_ones") else flat.new_zeros(missing)
    padded = torch.cat([filling, flat] if on("padded_in_front") else [flat, filling])
    own = padded[rank::size] if on("strided") else padded.chunk(size)[rank]
    return own if on("view") else own.clone()


def _put_together(on: Switches, shards: list[Tensor], shape: torch.Size) -> Tensor:
    count = shape.numel()
    if on("stacked"):
        return torch.stack(shards)
    if on("other_order"):
        shards = shards[::-1]
    whole = torch.stack(shards, dim=1).flatten() if on("strided") else torch.cat(shards)
    if on("gathered_flat"):
        return whole
    if on("padding_left"):
        return whole.reshape(shape)
    if on("rounded_down"):
        whole = torch.cat([whole, whole.new_zeros(count - len(whole))])
    whole = whole[-count:] if on("padded_in_front") else whole[:count]
    if on("flat_without_padding"):
        return whole
    if on("transposed") and len(shape) == 2:
        return whole.reshape(shape[::-1]).mT
    return whole.reshape(shape)
