"""`distributed.shard_indices`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercises.distributed import LAB
from llmlab import training

exercise = LAB.exercise(
    "shard_indices",
    reference=training.shard_indices,
    hints=(
        "Deal cards to the ranks: who gets the first card, who the second, and who the one after "
        "the last rank's?",
        "All shares must be equally long: the number of indices over the number of ranks, rounded "
        "up. What is missing for that is taken from the front again.",
        "Lengthen the list by its own beginning until the number of ranks divides its length; then "
        "slice it from the rank on, in steps of the number of ranks.",
    ),
)


def _drawn(generator: Generator, count: int) -> list[int]:
    return (10 + torch.randperm(count, generator=generator)).tolist()


def _all_shares(implementation: Any, indices: list[int], world_size: int) -> list[Any]:
    return [implementation(indices, rank, world_size) for rank in range(world_size)]


@exercise.probe
def divisible(implementation: Any, generator: Generator) -> Any:
    """Twelve shuffled indices, dealt to each of 4 ranks."""
    return _all_shares(implementation, _drawn(generator, 12), 4)


@exercise.probe
def with_a_rest(implementation: Any, generator: Generator) -> Any:
    """Ten shuffled indices, dealt to each of 4 ranks."""
    return _all_shares(implementation, _drawn(generator, 10), 4)


@exercise.probe
def one_rank(implementation: Any, generator: Generator) -> Any:
    """Five shuffled indices and a single rank."""
    return _all_shares(implementation, _drawn(generator, 5), 1)


def _padded(indices: Sequence[int], world_size: int) -> list[int]:
    size = -(-len(indices) // world_size) * world_size
    return [indices[place % len(indices)] for place in range(size)]


@exercise.misconception(
    "Each rank takes a block of neighbors. No example is lost, but the first batches of all ranks "
    "together are then not the first batch of one device, so a run on 4 ranks cannot be compared "
    "with a run on one. Reread 'Dealing out the examples'."
)
def in_blocks(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    padded = _padded(indices, world_size)
    size = len(padded) // world_size
    return padded[rank * size : (rank + 1) * size]


@exercise.misconception(
    "Some ranks get an example more than others. In the last step those that have none left do not "
    "take part, and the others wait for their gradients forever. Reread 'Equally long shares'."
)
def unequal(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return list(indices[rank::world_size])


@exercise.misconception(
    "Your shares are equally long because the rest is left out: those examples are never learned "
    "from in this epoch. This exercise wants every example to be seen. Reread "
    "'Equally long shares'."
)
def drops_the_rest(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return list(indices[: len(indices) // world_size * world_size][rank::world_size])


@exercise.misconception(
    "Your shares are filled up by repeating the last index. One example would then count several "
    "times, by the number that was missing; the exercise begins again at the front, so that each "
    "is repeated at most once. Reread 'Equally long shares'."
)
def repeats_the_last(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    missing = -len(indices) % world_size
    return [*indices, *[indices[-1]] * missing][rank::world_size]


@exercise.misconception(
    "All ranks get the same share: the rank decides nothing in your code. Then all of them compute "
    "the same gradient, and many devices do the work of one. Reread 'Dealing out the examples'."
)
def same_for_all(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return _padded(indices, world_size)[::world_size]


@exercise.misconception(
    "Every rank gets all the indices, so each goes through the whole epoch, and nothing is faster "
    "than on one device. Reread 'Dealing out the examples'."
)
def everything(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return list(indices)


@exercise.misconception(
    "Your shares are one longer than they need to be where the number of ranks divides the number "
    "of indices: there is no rest then, and nothing has to be repeated. Reread "
    "'Equally long shares'."
)
def one_too_many(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    size = (len(indices) // world_size + 1) * world_size
    return [indices[place % len(indices)] for place in range(rank, size, world_size)]
