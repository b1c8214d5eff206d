"""`distributed.ring_all_reduce`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise.comparison import at_most
from autograder.exercises.distributed import LAB
from autograder.exercises.distributed._shared import on_ranks, shares
from llmlab import training
from llmlab.training import Communicator, simulate

exercise = LAB.exercise(
    "ring_all_reduce",
    reference=training.ring_all_reduce,
    hints=(
        "Put the step slider of the picture on 1, then 2: for your rank, say which chunk leaves, "
        "and which one arrives.",
        "Two loops of N - 1 steps. In the first, what arrives is added to the rank's own chunk; in "
        "the second, it replaces it. In each step a rank sends on what it changed in the step "
        "before.",
        "In step s of the first loop send chunk r - s to the next rank and add what arrives to "
        "chunk r - s - 1; in the second send chunk r + 1 - s and put what arrives in place of chunk "
        "r - s, all modulo N. Then join the chunks and restore the shape.",
    ),
)


@exercise.probe
def four_ranks(implementation: Any, generator: Generator) -> Any:
    """Four ranks, eight numbers each."""
    return on_ranks(implementation, shares(generator, 4, 8))


@exercise.probe
def a_matrix(implementation: Any, generator: Generator) -> Any:
    """Three ranks with a matrix of 5 by 2 each, which 3 does not divide."""
    return on_ranks(implementation, shares(generator, 3, 5, 2))


@exercise.probe_with(at_most(1.01))
def traffic(implementation: Any, generator: Generator) -> Any:
    """The most bytes that any of 4 ranks sends, for 240 numbers of 4 bytes."""
    tensors = shares(generator, 4, 240)

    def program(communicator: Communicator) -> int:
        implementation(communicator, tensors[communicator.rank])
        return communicator.bytes_sent

    return max(simulate(program, 4))


def _around(
    communicator: Communicator,
    tensor: Tensor,
    *,
    reduce_steps: int | None = None,
    gather_steps: int | None = None,
    own: bool = False,
    gather_from: int = 1,
    add_twice: bool = False,
) -> Tensor:
    """Go around the ring as `ring_all_reduce` does, but for one thing."""
    rank, size = communicator.rank, communicator.world_size
    following, previous = (rank + 1) % size, (rank - 1) % size
    chunks = list(tensor.flatten().tensor_split(size))
    before = list(chunks)
    for step in range(size - 1 if reduce_steps is None else reduce_steps):
        communicator.send((before if own else chunks)[(rank - step) % size], following)
        place = (rank - step - 1) % size
        chunks[place] = chunks[place] + communicator.receive(previous)
    for step in range(size - 1 if gather_steps is None else gather_steps):
        communicator.send(chunks[(rank + gather_from - step) % size], following)
        place = (rank + gather_from - 1 - step) % size
        arrived = communicator.receive(previous)
        chunks[place] = chunks[place] + arrived if add_twice else arrived
    return torch.cat(chunks).reshape(tensor.shape)


@exercise.misconception(
    "Your ring goes around once: each rank has the whole sum of one chunk, and parts of sums in "
    "all others. That is a reduce-scatter, the first half. Reread 'Second round: pass on'."
)
def one_round(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, gather_steps=0)


@exercise.misconception(
    "The whole tensor travels around the ring. The sums are right, and each rank sends the tensor "
    "N - 1 times, where 2 (N - 1) / N times is enough. Reread 'Cut it into chunks'."
)
def without_chunks(communicator: Communicator, tensor: Tensor) -> Tensor:
    rank, size = communicator.rank, communicator.world_size
    total = moving = tensor
    for _ in range(size - 1):
        communicator.send(moving, (rank + 1) % size)
        moving = communicator.receive((rank - 1) % size)
        total = total + moving
    return total.clone()


@exercise.misconception(
    "In the first round your ranks send their own share of a chunk, not the sum that has built up "
    "in it, so each chunk collects its neighbor only. Reread 'First round: add and pass on'."
)
def sends_own_share(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, own=True)


@exercise.misconception(
    "In the second round what arrives is added. The chunks that go around are finished sums by "
    "then, and shares are counted twice. Reread 'Second round: pass on'."
)
def adds_in_both_rounds(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, add_twice=True)


@exercise.misconception(
    "Your second round begins with the wrong chunk: each rank first sends the chunk of its own "
    "number, and that one is not finished there. Which chunk is? Reread 'Second round: pass on'."
)
def begins_with_own_number(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, gather_from=0)


@exercise.misconception(
    "Your first round is one step short: no chunk has met all the ranks. Count the hops that a "
    "chunk needs to visit N ranks, beginning at one of them. Reread "
    "'First round: add and pass on'."
)
def reduces_too_briefly(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, reduce_steps=communicator.world_size - 2)


@exercise.misconception(
    "Your first round is one step too long: the finished chunks are passed on once more, and a "
    "share is added that was in the sum before. Reread 'First round: add and pass on'."
)
def reduces_too_long(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, reduce_steps=communicator.world_size)


@exercise.misconception(
    "Your second round is one step short: on each rank one chunk is still unfinished. Reread "
    "'Second round: pass on'."
)
def gathers_too_briefly(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, gather_steps=communicator.world_size - 2)


@exercise.misconception(
    "Your ranks wait for messages that nobody sends: a deadlock. In a ring all ranks do the same, "
    "so look at the order of send and receive in one step, and at whether there are as many of the "
    "one as of the other. Reread 'Who waits for whom'."
)
def receives_first(communicator: Communicator, tensor: Tensor) -> Tensor:
    return communicator.receive((communicator.rank - 1) % communicator.world_size)
