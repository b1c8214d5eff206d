"""Collective operations: what all ranks of a group compute together, from `send` and `receive` alone.

An all-reduce gives every rank the sum of all ranks' tensors. Around a ring it costs each rank `2 (N - 1) / N`
times its tensor, however many ranks there are, and no algorithm can do with less (Patarasuk & Yuan, 2009).
"""

from __future__ import annotations

import torch
from jaxtyping import Shaped
from torch import Tensor

from llmlab.training.communication import Communicator


def all_reduce(
    communicator: Communicator, tensor: Shaped[Tensor, "*shape"]
) -> Shaped[Tensor, "*shape"]:
    """Give every rank the sum of all ranks' tensors, by way of rank 0.

    Each rank sends one message, and rank 0 as many as there are others: with many ranks, all wait for it.

    Args:
        communicator: This rank's.
        tensor: This rank's share, of one shape on all ranks; it is not changed.
    """
    if communicator.rank != 0:
        communicator.send(tensor, 0)
        return communicator.receive(0)
    total = tensor.clone()
    for source in range(1, communicator.world_size):
        total += communicator.receive(source)
    for target in range(1, communicator.world_size):
        communicator.send(total, target)
    return total


def ring_all_reduce(
    communicator: Communicator, tensor: Shaped[Tensor, "*shape"]
) -> Shaped[Tensor, "*shape"]:
    """Give every rank the sum of all ranks' tensors, in chunks that travel around a ring.

    With `N` ranks the tensor is cut into `N` chunks. In `N - 1` steps each rank passes on a chunk to which it
    has added its own share (reduce-scatter): then rank `r` holds the whole sum of chunk `r + 1`. In `N - 1`
    more steps the finished chunks go around (all-gather).

    Args:
        communicator: This rank's.
        tensor: This rank's share, of one shape on all ranks; it is not changed.
    """
    rank, world_size = communicator.rank, communicator.world_size
    following, previous = (rank + 1) % world_size, (rank - 1) % world_size
    chunks = list(tensor.flatten().tensor_split(world_size))
    for step in range(world_size - 1):
        communicator.send(chunks[(rank - step) % world_size], following)
        place = (rank - step - 1) % world_size
        chunks[place] = chunks[place] + communicator.receive(previous)
    for step in range(world_size - 1):
        communicator.send(chunks[(rank + 1 - step) % world_size], following)
        chunks[(rank - step) % world_size] = communicator.receive(previous)
    return torch.cat(chunks).reshape(tensor.shape)


def all_gather(communicator: Communicator, tensor: Shaped[Tensor, "..."]) -> list[Tensor]:
    """Give every rank the tensors of all ranks, around a ring.

    Returns:
        One tensor a rank, that of rank 0 first.
    """
    rank, world_size = communicator.rank, communicator.world_size
    gathered = [tensor] * world_size
    for step in range(world_size - 1):
        communicator.send(gathered[(rank - step) % world_size], (rank + 1) % world_size)
        gathered[(rank - step - 1) % world_size] = communicator.receive((rank - 1) % world_size)
    return gathered
