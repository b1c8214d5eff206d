"""Correct answers to lab 08, written differently: each must get full points."""

import itertools
import math

import torch
from torch import Tensor

from llmlab import training
from llmlab.training import Communicator


def shares_sliced(indices: list[int], rank: int, world_size: int) -> list[int]:
    """Lengthen the list by its own beginning, and slice."""
    size = math.ceil(len(indices) / world_size) * world_size
    return (list(indices) * (size // len(indices) + 1))[:size][rank::world_size]


def shares_cycled(indices: list[int], rank: int, world_size: int) -> list[int]:
    """Deal from an endless list, card by card."""
    size = len(indices) // world_size + (len(indices) % world_size > 0)
    cards = itertools.cycle(indices)
    hands: list[list[int]] = [[] for _ in range(world_size)]
    for _ in range(size):
        for hand in hands:
            hand.append(next(cards))
    return hands[rank]


def shares_of_a_tensor(indices: list[int], rank: int, world_size: int) -> list[int]:
    """Let a tensor repeat and index itself."""
    size = -(-len(indices) // world_size) * world_size
    places = torch.arange(size) % len(indices)
    return torch.tensor(indices)[places].view(-1, world_size)[:, rank].tolist()


def reduced_by_all(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Everybody sends to everybody, and each adds up for itself."""
    others = [one for one in range(communicator.world_size) if one != communicator.rank]
    for other in others:
        communicator.send(tensor, other)
    return tensor + sum(communicator.receive(other) for other in others)


def reduced_along_a_line(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Add up from the last rank to the first, and pass the total back."""
    rank, last = communicator.rank, communicator.world_size - 1
    total = tensor.clone()
    if rank < last:
        total += communicator.receive(rank + 1)
    if rank > 0:
        communicator.send(total, rank - 1)
        total = communicator.receive(rank - 1)
    if rank < last:
        communicator.send(total, rank + 1)
    return total


def reduced_stacked(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Collect at the last rank, in one tensor, and sum over it."""
    root = communicator.world_size - 1
    if communicator.rank != root:
        communicator.send(tensor, root)
        return communicator.receive(root)
    everything = torch.stack([communicator.receive(other) for other in range(root)] + [tensor])
    total = everything.sum(dim=0)
    for other in range(root):
        communicator.send(total, other)
    return total


def averaged_by_share(
    communicator: Communicator, gradients: list[Tensor], count: int
) -> list[Tensor]:
    """Scale by this rank's share of all tokens before adding up."""
    total = training.all_reduce(communicator, torch.tensor(count)).item()
    return [training.all_reduce(communicator, one * (count / total)) for one in gradients]


def averaged_in_one_message(
    communicator: Communicator, gradients: list[Tensor], count: int
) -> list[Tensor]:
    """Send one flat tensor with the count at its end."""
    flat = torch.cat([one.flatten() for one in gradients])
    summed = training.all_reduce(communicator, torch.cat([flat * count, torch.tensor([count])]))
    means = (summed[:-1] / summed[-1]).split([one.numel() for one in gradients])
    return [mean.view_as(one) for mean, one in zip(means, gradients, strict=True)]


def ring_padded(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Pad to equal chunks in one matrix, and change its rows in place."""
    rank, size = communicator.rank, communicator.world_size
    length = math.ceil(tensor.numel() / size)
    rows = torch.zeros(size, length, dtype=tensor.dtype)
    rows.view(-1)[: tensor.numel()] = tensor.reshape(-1)
    for step in range(2 * size - 2):
        leaving = (rank - step) % size
        communicator.send(rows[leaving], (rank + 1) % size)
        arrived = communicator.receive((rank + size - 1) % size)
        if step < size - 1:
            rows[leaving - 1] += arrived
        else:
            rows[leaving - 1] = arrived
    return rows.view(-1)[: tensor.numel()].view(tensor.shape)


def ring_the_other_way(communicator: Communicator, tensor: Tensor) -> Tensor:
    """Go around against the numbers, keeping only the chunk that moves."""
    rank, size = communicator.rank, communicator.world_size
    chunks = list(torch.tensor_split(tensor.reshape(-1), size))
    moving, place = chunks[rank], rank
    for _ in range(size - 1):
        communicator.send(moving, (rank - 1) % size)
        place = (place + 1) % size
        moving = communicator.receive((rank + 1) % size) + chunks[place]
    finished = {place: moving}
    for _ in range(size - 1):
        communicator.send(moving, (rank - 1) % size)
        place = (place + 1) % size
        moving = finished[place] = communicator.receive((rank + 1) % size)
    return torch.cat([finished[place] for place in range(size)]).reshape(tensor.shape)


def buckets_from_the_end(sizes: list[int], capacity: int) -> list[list[int]]:
    """Keep the bucket apart until it is full."""
    found, bucket = [], []
    for number in range(len(sizes) - 1, -1, -1):
        bucket.append(number)
        if sum(sizes[one] for one in bucket) >= capacity:
            found.append(bucket)
            bucket = []
    if bucket:
        found.append(bucket)
    return found


def buckets_recursive(sizes: list[int], capacity: int) -> list[list[int]]:
    """Cut off one bucket, and do the same with the rest."""
    if not sizes:
        return []
    sums = list(itertools.accumulate(reversed(sizes)))
    taken = next((i + 1 for i, held in enumerate(sums) if held >= capacity), len(sizes))
    rest = len(sizes) - taken
    return [list(range(len(sizes) - 1, rest - 1, -1)), *buckets_recursive(sizes[:rest], capacity)]


def memory_by_table(parameters: int, world_size: int, stage: int) -> float:
    """Write down what is whole and what is shared out at each stage."""
    whole, shared = [(16, 0), (4, 12), (2, 14), (0, 16)][stage]
    return parameters * whole + parameters * shared / world_size


def memory_by_loop(parameters: int, world_size: int, stage: int) -> float:
    """Share out one part a stage, the largest first."""
    parts = [12.0, 2.0, 2.0]
    for number in range(stage):
        parts[number] /= world_size
    return sum(parts) * parameters


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


def seconds_by_volume(
    forward: float,
    backward: float,
    size: float,
    world_size: int,
    bandwidth: float,
    latency: float = 0.0,
) -> float:
    """Count volume and messages apart."""
    volume = 2 * (world_size - 1) / world_size * size
    network = volume / bandwidth + 2 * (world_size - 1) * latency
    return forward + (network if network > backward else backward)


def seconds_by_excess(
    forward: float,
    backward: float,
    size: float,
    world_size: int,
    bandwidth: float,
    latency: float = 0.0,
) -> float:
    """Add to the compute what sticks out behind it."""
    network = sum(latency + size / (world_size * bandwidth) for _ in range(2 * world_size - 2))
    return forward + backward + max(0.0, network - backward)


VARIANTS: dict[str, list[object]] = {
    "distributed.shard_indices": [shares_sliced, shares_cycled, shares_of_a_tensor],
    "distributed.all_reduce": [reduced_by_all, reduced_along_a_line, reduced_stacked],
    "distributed.average_gradients": [averaged_by_share, averaged_in_one_message],
    "distributed.ring_all_reduce": [ring_padded, ring_the_other_way],
    "distributed.gradient_buckets": [buckets_from_the_end, buckets_recursive],
    "distributed.training_memory": [memory_by_table, memory_by_loop],
    "distributed.ShardedParameter": [ShardedByPad, ShardedByNumber],
    "distributed.step_seconds": [seconds_by_volume, seconds_by_excess],
}
