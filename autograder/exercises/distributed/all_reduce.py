"""`distributed.all_reduce`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

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
def alone(implementation: Any, generator: Generator) -> Any:
    """A single rank, which has nobody to talk to."""
    return on_ranks(implementation, shares(generator, 1, 3))


def _through_root(
    communicator: Communicator,
    tensor: Tensor,
    first: Callable[[Tensor], Tensor] = torch.clone,
    last: Callable[[Tensor], Tensor] = torch.clone,
) -> Tensor:
    if communicator.rank != 0:
        communicator.send(tensor, 0)
        return communicator.receive(0)
    total = first(tensor)
    for source in range(1, communicator.world_size):
        total = total + communicator.receive(source)
    for target in range(1, communicator.world_size):
        communicator.send(last(total), target)
    return last(total)


@exercise.misconception(
    "The sum is divided by the number of ranks. An all-reduce gives the sum; who wants the mean "
    "divides it, and you will see that the mean is not always what is wanted. Reread "
    "'All-reduce, the plain way'."
)
def mean_of_all(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _through_root(communicator, tensor, last=lambda total: total / communicator.world_size)


@exercise.misconception(
    "Only rank 0 has the sum; the others return what they came with. The 'all' of all-reduce says "
    "where the result is wanted. Reread 'All-reduce, the plain way'."
)
def only_at_root(communicator: Communicator, tensor: Tensor) -> Tensor:
    total = _through_root(communicator, tensor)
    return total if communicator.rank == 0 else tensor.clone()


@exercise.misconception(
    "Rank 0 leaves its own share out of the sum. It has two jobs: it collects, and it is a rank "
    "like all others. Reread 'All-reduce, the plain way'."
)
def without_root(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _through_root(communicator, tensor, first=torch.zeros_like)


@exercise.misconception(
    "Rank 0 sends to each rank before it has heard them all: rank 1 gets a sum in which the later "
    "ranks are missing. Reread 'All-reduce, the plain way'."
)
def sends_too_early(communicator: Communicator, tensor: Tensor) -> Tensor:
    if communicator.rank != 0:
        communicator.send(tensor, 0)
        return communicator.receive(0)
    total = tensor.clone()
    for other in range(1, communicator.world_size):
        total = total + communicator.receive(other)
        communicator.send(total, other)
    return total


@exercise.misconception(
    "A rank waits for a message that nobody sends: a deadlock. Go through your code once as rank 0 "
    "and once as another rank; each receive needs a send that is reached without it. Reread "
    "'Who waits for whom'."
)
def all_wait(communicator: Communicator, tensor: Tensor) -> Tensor:
    total = tensor.clone()
    others = [one for one in range(communicator.world_size) if one != communicator.rank]
    for other in others:
        total = total + communicator.receive(other)
    for other in others:
        communicator.send(tensor, other)
    return total
