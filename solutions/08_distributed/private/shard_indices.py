"""`distributed.shard_indices`: hidden probes, and right answers written differently."""

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import training
from llmlab.training import Communicator, simulate

private = Private()


@private.probe
def more_ranks_than_examples(implementation: Any, generator: Generator) -> Any:
    """Three indices on 8 ranks, and fifteen on 7."""
    few, many = (torch.randperm(count, generator=generator).tolist() for count in (3, 15))
    return [
        [implementation(few, rank, 8) for rank in range(8)],
        [implementation(many, rank, 7) for rank in range(7)],
    ]


@private.variant
def shares_sliced(indices: list[int], rank: int, world_size: int) -> list[int]:
    """Lengthen the list by its own beginning, and slice."""
    size = math.ceil(len(indices) / world_size) * world_size
    return (list(indices) * (size // len(indices) + 1))[:size][rank::world_size]


@private.variant
def shares_cycled(indices: list[int], rank: int, world_size: int) -> list[int]:
    """Deal from an endless list, card by card."""
    size = len(indices) // world_size + (len(indices) % world_size > 0)
    cards = itertools.cycle(indices)
    hands: list[list[int]] = [[] for _ in range(world_size)]
    for _ in range(size):
        for hand in hands:
            hand.append(next(cards))
    return hands[rank]


@private.variant
def shares_of_a_tensor(indices: list[int], rank: int, world_size: int) -> list[int]:
    """Let a tensor repeat and index itself."""
    size = -(-len(indices) // world_size) * world_size
    places = torch.arange(size) % len(indices)
    return torch.tensor(indices)[places].view(-1, world_size)[:, rank].tolist()
