"""`distributed.ring_all_reduce`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, at_most
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
    matters="Baidu brought the ring to deep learning in 2017; NCCL still chooses it for large "
    "tensors on many machines. Read llmlab/training/collectives.py.",
)


@exercise.probe
def four_ranks(implementation: Any, generator: Generator) -> Any:
    """Four ranks, eight numbers each."""
    return on_ranks(implementation, shares(generator, 4, 8))


@exercise.probe
def a_matrix(implementation: Any, generator: Generator) -> Any:
    """Three ranks with a matrix of 5 by 2 each, which 3 does not divide."""
    return on_ranks(implementation, shares(generator, 3, 5, 2))


@exercise.probe
def few_numbers(implementation: Any, generator: Generator) -> Any:
    """Five ranks with 3 numbers each, fewer than there are ranks; then a rank by itself."""
    return [
        on_ranks(implementation, shares(generator, 5, 3)),
        on_ranks(implementation, shares(generator, 1, 4)),
    ]


@exercise.probe_with(at_most(1.01))
def traffic(implementation: Any, generator: Generator) -> Any:
    """The most bytes that any of 4 ranks sends, for one row of 240 numbers of 4 bytes."""
    tensors = shares(generator, 4, 1, 240)

    def program(communicator: Communicator) -> int:
        implementation(communicator, tensors[communicator.rank])
        return communicator.bytes_sent

    return max(simulate(program, 4))


def _overheard(communicator: Communicator) -> set[int]:
    """Collect to whom a rank sends from now on."""
    targets = set[int]()
    send = communicator.send

    def noted(tensor: Tensor, target: int) -> None:
        targets.add(target)
        send(tensor, target)

    setattr(communicator, "send", noted)  # noqa: B010 - a method of this one object
    return targets


@exercise.probe
def who_sends_to_whom(implementation: Any, generator: Generator) -> Any:
    """How many different ranks each of 5 ranks sends to: in a ring, one."""
    tensors = shares(generator, 5, 10)

    def program(communicator: Communicator) -> int:
        targets = _overheard(communicator)
        implementation(communicator, tensors[communicator.rank])
        return len(targets)

    return {"ranks that each rank sends to": simulate(program, 5)}


@exercise.faults(
    one_round="Your ring goes around once: each rank has the whole sum of one chunk, and parts of sums "
    "in all others. That is a reduce-scatter, the first half. Reread 'Second round: pass on'.",
    sends_own_share="In the first round your ranks send their own share of a chunk, not the sum that has "
    "built up in it, so each chunk collects its neighbor only. Reread 'First round: add and "
    "pass on'.",
    adds_in_both_rounds="In the second round what arrives is added. The chunks that go around are finished sums "
    "by then, and shares are counted twice. Reread 'Second round: pass on'.",
    replaces_in_both_rounds="Either your first round replaces a chunk by what arrives, where the two are to be "
    "added, or your second round begins with the chunk of the rank's own number: unfinished "
    "sums are passed on. Reread 'Second round: pass on'.",
    begins_with_own_number="Either your first round replaces a chunk by what arrives, where the two are to be "
    "added, or your second round begins with the chunk of the rank's own number: unfinished "
    "sums are passed on. Reread 'Second round: pass on'.",
    begins_one_early="Your second round begins with a chunk that is not finished on that rank: the one after "
    "the one that is. Reread 'Second round: pass on'.",
    reduces_too_briefly="Your first round is one step short: no chunk has met all the ranks. Count the hops that "
    "a chunk needs to visit N ranks, beginning at one of them. Reread 'First round: add and "
    "pass on'.",
    reduces_too_long="Your first round is one step too long: the finished chunks are passed on once more, and "
    "a share is added that was in the sum before. Reread 'First round: add and pass on'.",
    gathers_too_briefly="Your second round is one step short: on each rank one chunk is still unfinished. Reread "
    "'Second round: pass on'.",
    adds_to_sent="What arrives is added to the chunk that the rank has just sent, and belongs to the one "
    "before it. Reread 'First round: add and pass on'.",
    always_own_chunk="In every step of the first round a rank sends the chunk of its own number. It should "
    "send on what it changed in the step before. Reread 'First round: add and pass on'.",
    mean="Your ring gives the mean over the ranks. An all-reduce gives the sum. Reread 'All-reduce, the plain way'.",
    flat="Your result is flat: the shape that the tensor had is lost. Reread 'Cut it into chunks'.",
    loses_the_rest="Your chunks are equally long, rounded down: the numbers of the rest are left out, or "
    "never summed. Reread 'Cut it into chunks'.",
    fails_on_a_rest="Your chunks need a length that the number of ranks divides, and a tensor of any shape "
    "may come. Reread 'Cut it into chunks'.",
    other_order="Your chunks are joined in another order than they were cut in: begin at chunk 0 on "
    "every rank. Reread 'Cut it into chunks'.",
    along_rows="Your chunks are cut along the first axis: of a tensor with few rows some chunks are empty and "
    "others large, and more than its part travels. Reread 'Cut it into chunks'.",
    in_place="Your code adds into the tensor that it was given: the chunks are windows on it. The "
    "caller still needs it. Reread 'Cut it into chunks'.",
)
def faulty(on: Switches) -> Any:
    def ring_all_reduce(communicator: Communicator, tensor: Tensor) -> Tensor:
        rank, size = communicator.rank, communicator.world_size
        following, previous = (rank + 1) % size, (rank - 1) % size
        chunks = _chunks(on, tensor, size)
        before = list(chunks)
        for step in range(
            size - 1 - on("reduces_too_briefly") + (on("reduces_too_long") and size > 1)
        ):
            leaving = rank if on("always_own_chunk") else (rank - step) % size
            communicator.send((before if on("sends_own_share") else chunks)[leaving], following)
            place = (rank - step - (not on("adds_to_sent"))) % size
            arrived = communicator.receive(previous)
            if on("in_place"):
                chunks[place] += arrived
            else:
                chunks[place] = (
                    arrived if on("replaces_in_both_rounds") else chunks[place] + arrived
                )
        start = 0 if on("begins_with_own_number") else 2 if on("begins_one_early") else 1
        for step in range(0 if on("one_round") else size - 1 - on("gathers_too_briefly")):
            communicator.send(chunks[(rank + start - step) % size], following)
            place = (rank + start - 1 - step) % size
            arrived = communicator.receive(previous)
            chunks[place] = chunks[place] + arrived if on("adds_in_both_rounds") else arrived
        return _joined(on, chunks, tensor, rank)

    return ring_all_reduce


def _chunks(on: Switches, tensor: Tensor, size: int) -> list[Tensor]:
    flat = tensor.flatten()
    if on("along_rows"):
        return list(tensor.tensor_split(size))
    if on("loses_the_rest"):
        length = len(flat) // size
        return [flat[place * length : (place + 1) * length] for place in range(size)]
    if on("fails_on_a_rest"):
        return list(flat.view(size, -1))
    return list(flat.tensor_split(size))


def _joined(on: Switches, chunks: list[Tensor], tensor: Tensor, rank: int) -> Tensor:
    if on("other_order"):
        chunks = chunks[rank:] + chunks[:rank]
    whole = torch.cat(chunks)
    if on("mean"):
        whole = whole / len(chunks)
    if on("loses_the_rest"):
        whole = torch.cat([whole, tensor.flatten()[len(whole) :]])
    return whole if on("flat") else whole.reshape(tensor.shape)


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
    "Your ranks send to others than their neighbor, so that is no ring: the sums are right, and somewhere a rank "
    "sends more than its part, or over lines that a ring does without. Reread 'A ring'."
)
def no_ring(communicator: Communicator, tensor: Tensor) -> Tensor:
    return training.all_reduce(communicator, tensor)


@exercise.misconception(
    "Your ranks send chunks to other ranks than the next one. The bytes are as few as in a ring, "
    "and every rank talks to all others, where a ring needs a line to one neighbor alone. "
    "Reread 'A ring'."
)
def straight_to_the_owner(communicator: Communicator, tensor: Tensor) -> Tensor:
    rank, size = communicator.rank, communicator.world_size
    chunks = list(tensor.flatten().tensor_split(size))
    others = [one for one in range(size) if one != rank]
    for other in others:
        communicator.send(chunks[other], other)
    for other in others:
        chunks[rank] = chunks[rank] + communicator.receive(other)
    for other in others:
        communicator.send(chunks[rank], other)
    for other in others:
        chunks[other] = communicator.receive(other)
    return torch.cat(chunks).reshape(tensor.shape)


@exercise.misconception(
    "Your ranks wait for messages that nobody sends: a deadlock. In a ring all ranks do the same, "
    "so look at the order of send and receive in one step, and at whether there are as many of the "
    "one as of the other. Reread 'Who waits for whom'."
)
def receives_first(communicator: Communicator, tensor: Tensor) -> Tensor:
    size = communicator.world_size
    return communicator.receive((communicator.rank - 1) % size) if size > 1 else tensor.clone()
