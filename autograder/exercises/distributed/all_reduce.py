"""`distributed.all_reduce`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.distributed import LAB
from autograder.exercises.distributed._shared import on_ranks, shares
from llmlab import training
from llmlab.training import Communicator

exercise = LAB.exercise(
    "all_reduce",
    reference=training.all_reduce,
    hints=(
        "There are two kinds of rank, with two different jobs. Begin with an `if`.",
        "Who sends first, and who receives first? Rank 0 needs the shares of all the others before "
        "it has anything to send; the others have something to send at once.",
        "On rank 0: copy the tensor, add what is received from each other rank, send the total to "
        "each, and return it. On any other: send the tensor to rank 0, and return what comes back.",
    ),
    matters="Every step of data-parallel training sends all gradients through an all-reduce: 3 GB a "
    "step and rank for GPT-2 XL in 2-byte numbers. Read llmlab/training/collectives.py.",
)


@exercise.probe
def three_ranks(implementation: Any, generator: Generator) -> Any:
    """Three ranks, four numbers each."""
    return on_ranks(implementation, shares(generator, 3, 4))


@exercise.probe
def two_and_five(implementation: Any, generator: Generator) -> Any:
    """Two ranks with a matrix each, then five ranks with a single number each."""
    return [
        on_ranks(implementation, shares(generator, 2, 2, 3)),
        on_ranks(implementation, shares(generator, 5)),
    ]


@exercise.probe
def whole_numbers(implementation: Any, generator: Generator) -> Any:
    """Four ranks with three whole numbers each."""
    drawn = [torch.randint(100, (3,), generator=generator) for _ in range(4)]
    return on_ranks(implementation, drawn)


@exercise.probe
def alone(implementation: Any, generator: Generator) -> Any:
    """A single rank, which has nobody to talk to."""
    return on_ranks(implementation, shares(generator, 1, 3))


@exercise.faults(
    mean_of_all="The sum is divided by the number of ranks. An all-reduce gives the sum; who wants the "
    "mean divides it, and you will see that the mean is not always what is wanted. Reread "
    "'All-reduce, the plain way'.",
    only_at_root="Only rank 0 has the sum; the others return what they came with. The 'all' of all-reduce says where "
    "the result is wanted. Reread 'All-reduce, the plain way'.",
    nothing_elsewhere="Only rank 0 has the sum; the others return None. The 'all' of all-reduce says where the "
    "result is wanted. Reread 'All-reduce, the plain way'.",
    without_root="Rank 0 leaves its own share out of the sum. It has two jobs: it collects, and it is a "
    "rank like all others. Reread 'All-reduce, the plain way'.",
    root_twice="Rank 0 counts its own share twice. Begin the sum with it, or add it, and not both. Reread "
    "'All-reduce, the plain way'.",
    own_added_again="The other ranks add their own share to what comes back from rank 0, and it is in that sum "
    "already. Reread 'All-reduce, the plain way'.",
    sends_too_early="Rank 0 sends to each rank before it has heard them all: rank 1 gets a sum in which the "
    "later ranks are missing. Reread 'All-reduce, the plain way'.",
    sends_own="Rank 0 sends back its own share, and not the sum that it has built up. Reread "
    "'All-reduce, the plain way'.",
    last_only="Rank 0 keeps what came last and not the sum of all that came. Reread 'All-reduce, the plain way'.",
    forgets_last="The last rank is left out of the loop of rank 0: its share is missing, or it waits for a sum that "
    "nobody sends. Count the ranks from 0. Reread 'A program that knows which rank it is'.",
    never_sends_back="Rank 0 collects and sends nothing back, and the other ranks wait for it: a deadlock. Reread "
    "'Who waits for whom'.",
    waits_for_itself="Rank 0 asks itself for a tensor, or sends one to itself. Its own share is at hand. Reread "
    "'A program that knows which rank it is'.",
    all_wait="A rank waits for a message that nobody sends: a deadlock. Go through your code once as "
    "rank 0 and once as another rank; each receive needs a send that is reached without it. "
    "Reread 'Who waits for whom'.",
    only_neighbor="Each rank adds the share of one neighbor alone. The sum is over all ranks. Reread "
    "'All-reduce, the plain way'.",
    in_place="Rank 0 adds into the tensor that it was given, which is its own share and still the caller's. Copy it "
    "first. Reread 'All-reduce, the plain way'.",
    as_float="Your sum is made of real numbers whatever came in: whole numbers, as counts are, should stay whole. "
    "Reread 'All-reduce, the plain way'.",
    not_reduced="Each rank returns its own share: nothing of the others arrives. Reread 'All-reduce, the plain way'.",
    joined="The shares are joined one behind the other, and not added. That is an all-gather. Reread "
    "'All-reduce, the plain way'.",
    as_number="Your sum is one number: the elements of the tensor are added up as well. Only the ranks' tensors are "
    "added, element by element. Reread 'All-reduce, the plain way'.",
)
def faulty(on: Switches) -> Any:
    def all_reduce(communicator: Communicator, tensor: Tensor) -> Any:
        size = communicator.world_size
        if on("not_reduced"):
            return tensor.clone()
        if on("all_wait"):
            return _everybody_waits(communicator, tensor)
        if on("only_neighbor"):
            return _one_neighbor(communicator, tensor)
        if communicator.rank != 0:
            return _elsewhere(on, communicator, tensor)
        total = tensor if on("in_place") else tensor.clone()
        if on("without_root"):
            total = torch.zeros_like(tensor)
        if on("as_float"):
            total = torch.zeros(tensor.shape) + tensor
        if on("root_twice"):
            total = total + tensor
        first = 0 if on("waits_for_itself") else 1
        for other in range(first, size - 1 if on("forgets_last") and size > 1 else size):
            arrived = communicator.receive(other)
            if on("in_place"):
                total += arrived
            elif on("joined"):
                total = (
                    torch.cat([total, arrived]) if total.dim() else torch.stack([total, arrived])
                )
            else:
                total = arrived if on("last_only") else total + arrived
            if on("sends_too_early"):
                communicator.send(total, other)
        if on("mean_of_all"):
            total = total / size
        if on("as_number"):
            total = total.sum()
        if not on("sends_too_early") and not on("never_sends_back"):
            for other in range(first, size - 1 if on("forgets_last") and size > 1 else size):
                communicator.send(tensor if on("sends_own") else total, other)
        return total

    return all_reduce


def _elsewhere(on: Switches, communicator: Communicator, tensor: Tensor) -> Any:
    communicator.send(tensor, 0)
    arrived = communicator.receive(0)
    if on("only_at_root"):
        return tensor.clone()
    if on("nothing_elsewhere"):
        return None
    return arrived + tensor if on("own_added_again") else arrived


def _everybody_waits(communicator: Communicator, tensor: Tensor) -> Tensor:
    total = tensor.clone()
    others = [one for one in range(communicator.world_size) if one != communicator.rank]
    for other in others:
        total = total + communicator.receive(other)
    for other in others:
        communicator.send(tensor, other)
    return total


def _one_neighbor(communicator: Communicator, tensor: Tensor) -> Tensor:
    rank, size = communicator.rank, communicator.world_size
    if size == 1:
        return tensor.clone()
    communicator.send(tensor, (rank + 1) % size)
    return tensor + communicator.receive((rank - 1) % size)
