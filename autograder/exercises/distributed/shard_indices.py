"""`distributed.shard_indices`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches
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
    matters="PyTorch's DistributedSampler deals out every epoch of a data-parallel run in this way. Read "
    "llmlab/training/distributed.py.",
)


def drawn(generator: Generator, count: int) -> list[int]:
    return (10 + torch.randperm(count, generator=generator)).tolist()


def all_shares(implementation: Any, indices: list[int], world_size: int) -> list[Any]:
    return [implementation(indices, rank, world_size) for rank in range(world_size)]


@exercise.probe
def with_a_rest(implementation: Any, generator: Generator) -> Any:
    """Nine shuffled indices, dealt to each of 4 ranks."""
    return all_shares(implementation, drawn(generator, 9), 4)


@exercise.probe
def divisible(implementation: Any, generator: Generator) -> Any:
    """Twelve shuffled indices, dealt to each of 4 ranks."""
    return all_shares(implementation, drawn(generator, 12), 4)


@exercise.probe
def one_rank(implementation: Any, generator: Generator) -> Any:
    """Five shuffled indices and a single rank."""
    return all_shares(implementation, drawn(generator, 5), 1)


@exercise.probe
def more_ranks_than_indices(implementation: Any, generator: Generator) -> Any:
    """Three shuffled indices, dealt to each of 8 ranks; then two, dealt to each of 6."""
    return [
        all_shares(implementation, drawn(generator, count), world_size)
        for count, world_size in ((3, 8), (2, 6))
    ]


@exercise.faults(
    in_blocks="Each rank takes a block of neighbors. The first batches of all ranks together are then not the first "
    "batch of one device, so a run on 4 ranks cannot be compared with a run on one. Reread 'Dealing out the examples'.",
    unequal="Some ranks get an example more than others. In the last step those that have none left do not take "
    "part, and the others wait for their gradients forever. Reread 'Equally long shares'.",
    drops_the_rest="Your shares are equally long because the rest is left out: those examples are never learned from "
    "in this epoch. This exercise wants every example to be seen. Reread 'Equally long shares'.",
    repeats_the_last="Your shares are filled up by repeating the last index. One example would then count several "
    "times; the exercise begins again at the front. Reread 'Equally long shares'.",
    repeats_the_end="Your shares are filled up with the last indices of the list. The exercise begins again at the "
    "front. Reread 'Equally long shares'.",
    filled_with_zeros="What is missing at the end is filled up with 0, which is the number of an example like any "
    "other: that one is learned from again and again. Reread 'Equally long shares'.",
    filled_with_none="What is missing at the end is filled up with None, and a loader cannot load that example. "
    "Reread 'Equally long shares'.",
    filled_with_own="Each rank whose share is short repeats its own first index. The exercise goes on with the list "
    "from its front, in the order of dealing. Reread 'Equally long shares'.",
    pads_once="Your list is lengthened by its own beginning once. With more ranks than indices that is not enough, "
    "and some ranks get nothing. Reread 'Equally long shares'.",
    same_for_all="All ranks get the same share: the rank decides nothing in your code. Then all of them compute the "
    "same gradient, and many devices do the work of one. Reread 'Dealing out the examples'.",
    everything="Every rank gets all the indices, so each goes through the whole epoch, and nothing is faster than on "
    "one device. Reread 'Dealing out the examples'.",
    one_too_many="Your shares are one longer than they need to be where the number of ranks divides the number of "
    "indices: there is no rest then, and nothing has to be repeated. Reread 'Equally long shares'.",
    ranks_from_one="Your ranks are counted from 1: rank 0 gets the share of rank 1, and so on. Reread "
    "'A program that knows which rank it is'.",
    gives_places="Your shares hold places in the list, and not what stands there. The indices come in the order of "
    "this epoch, which was shuffled. Reread 'Dealing out the examples'.",
    sorts="Your shares come in ascending order: the shuffling of this epoch is undone, and every epoch is the same. "
    "Reread 'Dealing out the examples'.",
    backwards="Your shares are dealt from the end of the list. The first index belongs to rank 0. Reread "
    "'Dealing out the examples'.",
    first_only="Each rank gets a single index, the first of its share. Dealing goes on to the end of the list. "
    "Reread 'Dealing out the examples'.",
    step_of_rank="The steps of your slice are as long as the rank, and should be as long as the number of ranks. "
    "Reread 'Dealing out the examples'.",
    as_tensor="The right indices come in a tensor; a list was asked for. Reread 'Dealing out the examples'.",
)
def faulty(on: Switches) -> Any:
    def shard_indices(indices: list[int], rank: int, world_size: int) -> Any:
        if on("everything"):
            return list(indices)
        if on("sorts"):
            indices = sorted(indices)
        if on("backwards"):
            indices = indices[::-1]
        if on("unequal"):
            return list(indices[rank::world_size])
        if on("step_of_rank"):
            return [indices[place] for place in range(rank, len(indices), max(1, rank))]
        if on("filled_with_own"):
            own = list(indices[rank::world_size])
            share = -(-len(indices) // world_size)
            return own + (own or indices)[:1] * (share - len(own))
        if on("same_for_all"):
            rank = 0
        if on("ranks_from_one"):
            rank = (rank + 1) % world_size
        padded = _dealt(on, indices, world_size)
        if on("in_blocks"):
            share = len(padded) // world_size
            return padded[rank * share : (rank + 1) * share]
        own = padded[rank::world_size]
        if on("gives_places"):
            own = [place % len(indices) for place in range(rank, len(padded), world_size)]
        if on("first_only"):
            own = own[:1]
        return torch.tensor(own) if on("as_tensor") else own

    return shard_indices


def _dealt(on: Switches, indices: list[int], world_size: int) -> list[Any]:
    """Lengthen the list until the number of ranks divides its length, or do what is taken for that."""
    count = len(indices)
    missing = -count % world_size
    if on("drops_the_rest"):
        return indices[: count // world_size * world_size]
    if on("repeats_the_last"):
        return [*indices, *[indices[-1]] * missing]
    if on("repeats_the_end"):
        return [*indices, *(indices * world_size)[-missing or count * world_size :]]
    if on("filled_with_zeros"):
        return [*indices, *[0] * missing]
    if on("filled_with_none"):
        return [*indices, *[None] * missing]
    if on("pads_once"):
        return [*indices, *indices[:missing]]
    if on("one_too_many"):
        missing = (count // world_size + 1) * world_size - count
    return [indices[place % count] for place in range(count + missing)]
