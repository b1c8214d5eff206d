"""Lab 08: the exercises on distributed training, with what people get wrong about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Lab, normal
from autograder.exercise.comparison import at_most
from llmlab import training
from llmlab.training import Communicator, simulate

LAB = Lab(8, "distributed", "Distributed training")


def shares(generator: Generator, world_size: int, *shape: int) -> list[Tensor]:
    """Draw one tensor for each rank."""
    return [normal(generator, *shape) for _ in range(world_size)]


def on_ranks(implementation: Any, tensors: list[Tensor]) -> list[Any]:
    """Call `implementation(communicator, tensor)` on as many ranks as there are tensors."""

    def program(communicator: Communicator) -> Any:
        return implementation(communicator, tensors[communicator.rank])

    return simulate(program, len(tensors))


# ----------------------------------------------------------------------------------------------
share = LAB.exercise(
    "shard_indices",
    points=2,
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


@share.probe
def divisible(implementation: Any, generator: Generator) -> Any:
    """Twelve shuffled indices, dealt to each of 4 ranks."""
    return _all_shares(implementation, _drawn(generator, 12), 4)


@share.probe
def with_a_rest(implementation: Any, generator: Generator) -> Any:
    """Ten shuffled indices, dealt to each of 4 ranks."""
    return _all_shares(implementation, _drawn(generator, 10), 4)


@share.probe
def one_rank(implementation: Any, generator: Generator) -> Any:
    """Five shuffled indices and a single rank."""
    return _all_shares(implementation, _drawn(generator, 5), 1)


def _padded(indices: Sequence[int], world_size: int) -> list[int]:
    size = -(-len(indices) // world_size) * world_size
    return [indices[place % len(indices)] for place in range(size)]


@share.misconception(
    "Each rank takes a block of neighbors. No example is lost, but the first batches of all ranks "
    "together are then not the first batch of one device, so a run on 4 ranks cannot be compared "
    "with a run on one. Reread 'Dealing out the examples'."
)
def in_blocks(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    padded = _padded(indices, world_size)
    size = len(padded) // world_size
    return padded[rank * size : (rank + 1) * size]


@share.misconception(
    "Some ranks get an example more than others. In the last step those that have none left do not "
    "take part, and the others wait for their gradients forever. Reread 'Equally long shares'."
)
def unequal(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return list(indices[rank::world_size])


@share.misconception(
    "Your shares are equally long because the rest is left out: those examples are never learned "
    "from in this epoch. This exercise wants every example to be seen. Reread "
    "'Equally long shares'."
)
def drops_the_rest(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return list(indices[: len(indices) // world_size * world_size][rank::world_size])


@share.misconception(
    "Your shares are filled up by repeating the last index. One example would then count several "
    "times, by the number that was missing; the exercise begins again at the front, so that each "
    "is repeated at most once. Reread 'Equally long shares'."
)
def repeats_the_last(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    missing = -len(indices) % world_size
    return [*indices, *[indices[-1]] * missing][rank::world_size]


@share.misconception(
    "All ranks get the same share: the rank decides nothing in your code. Then all of them compute "
    "the same gradient, and many devices do the work of one. Reread 'Dealing out the examples'."
)
def same_for_all(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return _padded(indices, world_size)[::world_size]


@share.misconception(
    "Every rank gets all the indices, so each goes through the whole epoch, and nothing is faster "
    "than on one device. Reread 'Dealing out the examples'."
)
def everything(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    return list(indices)


@share.misconception(
    "Your shares are one longer than they need to be where the number of ranks divides the number "
    "of indices: there is no rest then, and nothing has to be repeated. Reread "
    "'Equally long shares'."
)
def one_too_many(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    size = (len(indices) // world_size + 1) * world_size
    return [indices[place % len(indices)] for place in range(rank, size, world_size)]


# ----------------------------------------------------------------------------------------------
reduce_all = LAB.exercise(
    "all_reduce",
    points=2,
    reference=training.all_reduce,
    hints=(
        "There are two kinds of rank, with two different jobs. Begin with an `if`.",
        "Who sends first, and who receives first? Rank 0 needs the shares of all the others before "
        "it has anything to send; the others have something to send at once.",
        "On rank 0: copy the tensor, add what is received from each other rank, send the total to "
        "each, and return it. On any other: send the tensor to rank 0, and return what comes back.",
    ),
)


@reduce_all.probe
def three_ranks(implementation: Any, generator: Generator) -> Any:
    """Three ranks, four numbers each."""
    return on_ranks(implementation, shares(generator, 3, 4))


@reduce_all.probe
def two_and_five(implementation: Any, generator: Generator) -> Any:
    """Two ranks with a matrix each, then five ranks with a single number each."""
    return [
        on_ranks(implementation, shares(generator, 2, 2, 3)),
        on_ranks(implementation, shares(generator, 5)),
    ]


@reduce_all.probe
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


@reduce_all.misconception(
    "The sum is divided by the number of ranks. An all-reduce gives the sum; who wants the mean "
    "divides it, and you will see that the mean is not always what is wanted. Reread "
    "'All-reduce, the plain way'."
)
def mean_of_all(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _through_root(communicator, tensor, last=lambda total: total / communicator.world_size)


@reduce_all.misconception(
    "Only rank 0 has the sum; the others return what they came with. The 'all' of all-reduce says "
    "where the result is wanted. Reread 'All-reduce, the plain way'."
)
def only_at_root(communicator: Communicator, tensor: Tensor) -> Tensor:
    total = _through_root(communicator, tensor)
    return total if communicator.rank == 0 else tensor.clone()


@reduce_all.misconception(
    "Rank 0 leaves its own share out of the sum. It has two jobs: it collects, and it is a rank "
    "like all others. Reread 'All-reduce, the plain way'."
)
def without_root(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _through_root(communicator, tensor, first=torch.zeros_like)


@reduce_all.misconception(
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


@reduce_all.misconception(
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


# ----------------------------------------------------------------------------------------------
average = LAB.exercise(
    "average_gradients",
    points=3,
    reference=training.average_gradients,
    hints=(
        "Compute the two-rank example of the text by hand: which numbers did you need, and which of "
        "them does a rank not know by itself?",
        "A mean over tokens is a sum over tokens divided by their number. Both the sum and the "
        "number can be added up over the ranks; the mean cannot.",
        "All-reduce the count as a tensor; then, for each gradient, all-reduce the gradient times "
        "this rank's count, and divide by the total count.",
    ),
)

Gradients = list[Tensor]


def _averaged(
    implementation: Any, gradients: list[Gradients], counts: Sequence[int]
) -> list[Gradients]:
    def program(communicator: Communicator) -> Gradients:
        rank = communicator.rank
        return list(implementation(communicator, gradients[rank], counts[rank]))

    return simulate(program, len(counts))


def _two_parameters(generator: Generator, world_size: int) -> list[Gradients]:
    return [[normal(generator, 2, 3), normal(generator, 4)] for _ in range(world_size)]


@average.probe
def unequal_counts(implementation: Any, generator: Generator) -> Any:
    """Two parameters on 3 ranks that had 1, 2 and 5 tokens."""
    return _averaged(implementation, _two_parameters(generator, 3), (1, 2, 5))


@average.probe
def equal_counts(implementation: Any, generator: Generator) -> Any:
    """Two parameters on 2 ranks that had 4 tokens each."""
    return _averaged(implementation, _two_parameters(generator, 2), (4, 4))


def _summed(communicator: Communicator, tensor: Tensor) -> Tensor:
    return training.ring_all_reduce(communicator, tensor)


def _total(communicator: Communicator, count: int) -> Tensor:
    return _summed(communicator, torch.tensor([float(count)]))


@average.misconception(
    "Your code takes the mean of the ranks' means. A rank with one token then has as much say as a "
    "rank with five: that is not the gradient of the mean over all tokens. Reread "
    "'The mean of means'."
)
def mean_of_means(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one) / communicator.world_size for one in gradients]


@average.misconception(
    "The gradients are added up and divided by nothing: with more ranks the steps grow longer, and "
    "the learning rate no longer fits. Reread 'Data parallel by hand'."
)
def only_summed(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one) for one in gradients]


@average.misconception(
    "The gradients are weighted by the counts and then not divided by the total: what you have is "
    "the gradient of the sum over all tokens, and the mean is asked for. Reread "
    "'The mean of means'."
)
def of_the_sum(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one * count) for one in gradients]


@average.misconception(
    "The sum of the ranks' means is divided by the total number of tokens. Each of those means was "
    "divided by its count before, so you divide twice. Reread 'The mean of means'."
)
def divided_twice(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    total = _total(communicator, count)
    return [_summed(communicator, one) / total for one in gradients]


@average.misconception(
    "The gradients are weighted by the counts, and then divided by the number of ranks. The weights "
    "must add up to 1, and those add up to the mean count. Reread 'The mean of means'."
)
def divided_by_ranks(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    size = communicator.world_size
    return [_summed(communicator, one * count) / size for one in gradients]


@average.misconception(
    "Each rank divides by its own count, so the ranks end up with different gradients, and after "
    "one step they are different models. Reread 'Data parallel by hand'."
)
def by_own_count(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one * count) / count for one in gradients]


@average.misconception(
    "Each rank keeps its own gradients: nothing of the others arrives in the result, and after one "
    "step the copies of the model are different models. Reread 'Data parallel by hand'."
)
def not_averaged(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [one.clone() for one in gradients]


# ----------------------------------------------------------------------------------------------
ring = LAB.exercise(
    "ring_all_reduce",
    points=4,
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


@ring.probe
def four_ranks(implementation: Any, generator: Generator) -> Any:
    """Four ranks, eight numbers each."""
    return on_ranks(implementation, shares(generator, 4, 8))


@ring.probe
def a_matrix(implementation: Any, generator: Generator) -> Any:
    """Three ranks with a matrix of 5 by 2 each, which 3 does not divide."""
    return on_ranks(implementation, shares(generator, 3, 5, 2))


@ring.probe_with(at_most(1.01))
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


@ring.misconception(
    "Your ring goes around once: each rank has the whole sum of one chunk, and parts of sums in "
    "all others. That is a reduce-scatter, the first half. Reread 'Second round: pass on'."
)
def one_round(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, gather_steps=0)


@ring.misconception(
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


@ring.misconception(
    "In the first round your ranks send their own share of a chunk, not the sum that has built up "
    "in it, so each chunk collects its neighbor only. Reread 'First round: add and pass on'."
)
def sends_own_share(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, own=True)


@ring.misconception(
    "In the second round what arrives is added. The chunks that go around are finished sums by "
    "then, and shares are counted twice. Reread 'Second round: pass on'."
)
def adds_in_both_rounds(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, add_twice=True)


@ring.misconception(
    "Your second round begins with the wrong chunk: each rank first sends the chunk of its own "
    "number, and that one is not finished there. Which chunk is? Reread 'Second round: pass on'."
)
def begins_with_own_number(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, gather_from=0)


@ring.misconception(
    "Your first round is one step short: no chunk has met all the ranks. Count the hops that a "
    "chunk needs to visit N ranks, beginning at one of them. Reread "
    "'First round: add and pass on'."
)
def reduces_too_briefly(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, reduce_steps=communicator.world_size - 2)


@ring.misconception(
    "Your first round is one step too long: the finished chunks are passed on once more, and a "
    "share is added that was in the sum before. Reread 'First round: add and pass on'."
)
def reduces_too_long(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, reduce_steps=communicator.world_size)


@ring.misconception(
    "Your second round is one step short: on each rank one chunk is still unfinished. Reread "
    "'Second round: pass on'."
)
def gathers_too_briefly(communicator: Communicator, tensor: Tensor) -> Tensor:
    return _around(communicator, tensor, gather_steps=communicator.world_size - 2)


@ring.misconception(
    "Your ranks wait for messages that nobody sends: a deadlock. In a ring all ranks do the same, "
    "so look at the order of send and receive in one step, and at whether there are as many of the "
    "one as of the other. Reread 'Who waits for whom'."
)
def receives_first(communicator: Communicator, tensor: Tensor) -> Tensor:
    return communicator.receive((communicator.rank - 1) % communicator.world_size)


# ----------------------------------------------------------------------------------------------
buckets = LAB.exercise(
    "gradient_buckets",
    points=2,
    reference=training.gradient_buckets,
    hints=(
        "Which layer's gradient is known first in the backward pass?",
        "Go through the parameters from the last to the first with two things at hand: the bucket "
        "that is being filled, and how many bytes it holds.",
        "Append each number to the last bucket and add its size; if the bucket holds at least the "
        "capacity, the next number starts a new one. A bucket that is not full at the end counts "
        "too.",
    ),
)


@buckets.probe
def six_parameters(implementation: Any, generator: Generator) -> Any:
    """Parameters of 40, 10, 30, 10, 20 and 10 bytes, and buckets of 35."""
    return implementation([40, 10, 30, 10, 20, 10], 35)


@buckets.probe
def random_sizes(implementation: Any, generator: Generator) -> Any:
    """Twenty parameters of random sizes, with a capacity of 100 bytes."""
    sizes = torch.randint(1, 90, (20,), generator=generator).tolist()
    return implementation(sizes, 100)


@buckets.probe
def large_and_small(implementation: Any, generator: Generator) -> Any:
    """Three parameters of which each fills a bucket; then three that fit into one together."""
    return [implementation([50, 60, 50], 50), implementation([2, 3, 4], 50)]


def _filled(
    numbers: Sequence[int],
    sizes: Sequence[int],
    capacity: int,
    *,
    never_over: bool = False,
    unfinished: bool = True,
    resets: bool = True,
) -> list[list[int]]:
    found: list[list[int]] = []
    bucket: list[int] = []
    held = 0
    for number in numbers:
        if never_over and bucket and held + sizes[number] > capacity:
            found.append(bucket)
            bucket, held = [], 0
        bucket.append(number)
        held += sizes[number]
        if not never_over and held >= capacity:
            found.append(bucket)
            bucket, held = [], 0 if resets else held
    return [*found, bucket] if bucket and unfinished else found


@buckets.misconception(
    "Your buckets are filled from the first parameter on. Its gradient is the last to be known, so "
    "the first bucket would wait for the end of the backward pass, and nothing could overlap. "
    "Reread 'Send while you compute'."
)
def in_forward_order(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes)), sizes, capacity)


@buckets.misconception(
    "Your buckets never hold more than the capacity. Here, as in PyTorch, a bucket is full once it "
    "holds at least that much: the parameter that reaches the line is in it. Reread "
    "'When a bucket is full'."
)
def never_over_the_line(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes))[::-1], sizes, capacity, never_over=True)


@buckets.misconception(
    "The bucket that is not full at the end is lost: the gradients of the first layers are never "
    "averaged, and those layers drift apart. Reread 'When a bucket is full'."
)
def loses_the_last(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes))[::-1], sizes, capacity, unfinished=False)


@buckets.misconception(
    "Your count of bytes goes on after a bucket is full, so that every parameter after the first "
    "full bucket gets one of its own. Reread 'When a bucket is full'."
)
def never_emptied(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes))[::-1], sizes, capacity, resets=False)


@buckets.misconception(
    "Each parameter has a bucket of its own. Every message then pays the latency, and a bias of a "
    "few bytes pays as much as a matrix. Reread 'Send while you compute'."
)
def one_each(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return [[number] for number in range(len(sizes))[::-1]]


@buckets.misconception(
    "Everything is in one bucket. It is complete when the backward pass ends, and so the whole "
    "message comes after it. Reread 'Send while you compute'."
)
def one_for_all(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return [list(range(len(sizes))[::-1])]


# ----------------------------------------------------------------------------------------------
memory = LAB.exercise(
    "training_memory",
    points=2,
    reference=training.training_memory,
    hints=(
        "Write the table of the text for one parameter and 4 devices: three columns, four rows.",
        "Each stage shares out one thing more than the stage before it, and keeps sharing out "
        "what that one did.",
        "Begin with 2, 2 and 12 bytes; divide the 12 by the number of devices from stage 1 on, the "
        "gradient's 2 from stage 2 on, the weight's 2 at stage 3; add up, times the "
        "number of parameters.",
    ),
)


@memory.probe
def four_devices(implementation: Any, generator: Generator) -> Any:
    """A model of 1000 parameters on 4 devices, at each of the stages 0 to 3."""
    return [implementation(1000, 4, stage) for stage in range(4)]


@memory.probe
def the_paper(implementation: Any, generator: Generator) -> Any:
    """A model of 7.5 billion parameters on 64 devices, in GB, at each of the stages 0 to 3."""
    return [implementation(7_500_000_000, 64, stage) / 1e9 for stage in range(4)]


def _bytes(
    parameters: int, world_size: int, weight: bool, gradient: bool, optimizer: bool, state: int = 12
) -> float:
    kept = [(2, weight), (2, gradient), (state, optimizer)]
    return parameters * sum(size / (world_size if shared else 1) for size, shared in kept)


@memory.misconception(
    "Your stages share out the weights first and the optimizer's state last. It is the other way "
    "about: what is largest, and is needed only at the step itself, goes first. Reread "
    "'Three stages of sharing'."
)
def weights_first(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 1, stage >= 2, stage >= 3)


@memory.misconception(
    "Each of your stages shares out one thing and takes back what the stage before it shared. The "
    "stages build on each other. Reread 'Three stages of sharing'."
)
def one_at_a_time(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage == 3, stage == 2, stage == 1)


@memory.misconception(
    "Your stages come one too early: stage 0 shares the optimizer's state already, and it is plain "
    "data parallelism, where everybody has everything. Reread 'Three stages of sharing'."
)
def one_too_early(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 2, stage >= 1, stage >= 0)


@memory.misconception(
    "Your optimizer has 8 bytes a parameter: the mean and the mean square. The copy of the weights "
    "in 4 bytes, from which the 2-byte weights are made anew at each step, is missing. Reread "
    "'Sixteen bytes a parameter'."
)
def without_master(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 3, stage >= 2, stage >= 1, state=8)


@memory.misconception(
    "You count as if weights and gradients had 4 bytes each. In mixed precision they have 2, and "
    "the 4-byte copy belongs to the optimizer, which is shared out first. Reread "
    "'Sixteen bytes a parameter'."
)
def in_full_precision(parameters: int, world_size: int, stage: int) -> float:
    sizes = [(4, stage >= 3), (4, stage >= 2), (8, stage >= 1)]
    return parameters * sum(size / (world_size if shared else 1) for size, shared in sizes)


@memory.misconception(
    "Your stages from 1 on all share out everything. Stage 1 shares only the optimizer's state, "
    "and stage 2 leaves the weights whole on each device. Reread 'Three stages of sharing'."
)
def all_or_nothing(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 1, stage >= 1, stage >= 1)


@memory.misconception(
    "Your number is that of all devices together. A device runs out of memory by itself: what "
    "counts is what each of them holds. Reread 'Sixteen bytes a parameter'."
)
def of_all_devices(parameters: int, world_size: int, stage: int) -> float:
    return world_size * training.training_memory(parameters, world_size, stage)


# ----------------------------------------------------------------------------------------------
sharded = LAB.exercise(
    "ShardedParameter",
    points=3,
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


@sharded.probe
def nine_numbers(implementation: Any, generator: Generator) -> Any:
    """A matrix of 3 by 3 on 2 ranks: each rank's shard, and the matrix gathered again."""
    return _shards(implementation, 1 + normal(generator, 3, 3), 2)


@sharded.probe
def four_shards(implementation: Any, generator: Generator) -> Any:
    """A matrix of 4 by 6 on 4 ranks, then a vector of 5 on 3."""
    return [
        _shards(implementation, normal(generator, 4, 6), 4),
        _shards(implementation, normal(generator, 5), 3),
    ]


@sharded.probe
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


@sharded.misconception(
    "Your shard is a view: a small window on the whole parameter, which stays in memory as long as "
    "the window does. So nothing is saved. Reread 'A window is no copy'."
)
class View(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return self.padded(flat, size).chunk(size)[rank]


@sharded.misconception(
    "Your shards are not equally long: the last ranks hold less. Collective operations on a real "
    "network want tensors of one size from all ranks. Reread 'Flat, padded, cut'."
)
class NotPadded(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return flat.tensor_split(size)[rank].clone()


@sharded.misconception(
    "The zeros stand at the front. They come at the end, where cutting them off leaves every other "
    "number at its place. Reread 'Flat, padded, cut'."
)
class PaddedInFront(_Sharded):
    def padded(self, flat: Tensor, size: int) -> Tensor:
        return torch.cat([flat.new_zeros(-len(flat) % size), flat])

    def gather(self) -> Tensor:
        return self.whole()[-self.shape.numel() :].reshape(self.shape)


@sharded.misconception(
    "Your ranks take every N-th number. A shard is a stretch of neighbors, so that joining the "
    "shards puts them back in order. Reread 'Flat, padded, cut'."
)
class Strided(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return self.padded(flat, size)[rank::size].clone()

    def gather(self) -> Tensor:
        shards = training.all_gather(self.communicator, self.shard)
        return torch.stack(shards, dim=1).flatten()[: self.shape.numel()].reshape(self.shape)


@sharded.misconception(
    "`gather` returns the padding too, as a flat tensor: the layer that uses it expects the shape "
    "that the parameter had. Reread 'Flat, padded, cut'."
)
class GatheredFlat(_Sharded):
    def gather(self) -> Tensor:
        return self.whole()


@sharded.misconception(
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


@sharded.misconception(
    "Each rank keeps the whole parameter as its shard. Gathering is easy then, and no memory is "
    "saved. Reread 'Flat, padded, cut'."
)
class Whole(_Sharded):
    def cut(self, flat: Tensor, rank: int, size: int) -> Tensor:
        return flat.clone()

    def gather(self) -> Tensor:
        return self.shard.reshape(self.shape)


# ----------------------------------------------------------------------------------------------
seconds = LAB.exercise(
    "step_seconds",
    points=2,
    reference=training.step_seconds,
    hints=(
        "First the time of the ring alone: how many messages does a rank send one after another, "
        "and how long is each?",
        "The backward pass and the ring run at the same time. When two people who work side by "
        "side are both done, who has decided how long it took?",
        "Ring: twice (N - 1), times the sum of the latency and a chunk's bytes over the bandwidth. "
        "Step: the forward pass, plus the larger of the backward pass and the ring.",
    ),
)


@seconds.probe
def slow_network(implementation: Any, generator: Generator) -> Any:
    """Forward 0.1 s, backward 0.2 s, 1 GB of gradients at 1 GB/s and 10 ms, on 1 to 64 ranks."""
    return [implementation(0.1, 0.2, 1e9, size, 1e9, 1e-2) for size in (1, 2, 8, 64)]


@seconds.probe
def fast_network(implementation: Any, generator: Generator) -> Any:
    """The same with 50 GB/s and 10 microseconds."""
    return [implementation(0.1, 0.2, 1e9, size, 50e9, 1e-5) for size in (1, 2, 8, 64)]


@seconds.probe
def small_gradients(implementation: Any, generator: Generator) -> Any:
    """Hardly any bytes, and a latency of 5 ms, on 4 and on 64 ranks."""
    return [implementation(0.1, 0.2, 1e3, size, 1e9, 5e-3) for size in (4, 64)]


def _ring(size: float, world_size: int, bandwidth: float, latency: float) -> float:
    return training.ring_seconds(size, world_size, bandwidth, latency)


@seconds.misconception(
    "Your code adds the ring to the backward pass, as if the network waited for the end of it. "
    "Buckets are sent while the other gradients are computed. Reread 'Where scaling stops'."
)
def no_overlap(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return forward + backward + _ring(size, world_size, bandwidth, latency)


@seconds.misconception(
    "Your ring hides behind the forward pass too. No gradient is known yet at that time. Reread "
    "'Where scaling stops'."
)
def hides_behind_both(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return max(forward + backward, _ring(size, world_size, bandwidth, latency))


@seconds.misconception(
    "Your ring has N - 1 steps. It goes around twice: once to add up, once to pass on. Reread "
    "'What a ring costs'."
)
def half_a_ring(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return forward + max(backward, _ring(size, world_size, bandwidth, latency) / 2)


@seconds.misconception(
    "In each step of your ring the whole tensor travels, so the time grows with the number of "
    "ranks. What travels is a chunk, one part in N. Reread 'What a ring costs'."
)
def whole_tensors(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    ring = _ring(size * world_size, world_size, bandwidth, latency)
    return forward + max(backward, ring)


@seconds.misconception(
    "The latency is counted once. Every message pays it, and a ring of N ranks sends 2 (N - 1) "
    "messages one after the other. Reread 'What a ring costs'."
)
def one_latency(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    ring = _ring(size, world_size, bandwidth, 0.0)
    return forward + max(backward, ring + (latency if world_size > 1 else 0.0))


@seconds.misconception(
    "The latency is not counted. It decides when there are many ranks and little to send. Reread "
    "'What a ring costs'."
)
def no_latency(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return forward + max(backward, _ring(size, world_size, bandwidth, 0.0))


@seconds.misconception(
    "The compute is divided by the number of ranks. Its seconds are those of one rank on its own "
    "share already, whatever the others do. Reread 'Where scaling stops'."
)
def divides_the_compute(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    ring = _ring(size, world_size, bandwidth, latency)
    return forward / world_size + max(backward / world_size, ring)
