"""Probes of lab 08 that are never released: other sizes, the edges, and inputs that the text allows."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import HiddenProbes
from llmlab.training import Communicator, simulate

HIDDEN = HiddenProbes("distributed")


def on_ranks(implementation: Any, tensors: list[torch.Tensor]) -> list[Any]:
    """Call the answer on as many ranks as there are tensors."""

    def program(communicator: Communicator) -> Any:
        return implementation(communicator, tensors[communicator.rank])

    return simulate(program, len(tensors))


@HIDDEN.probe("shard_indices")
def more_ranks_than_examples(implementation: Any, generator: Generator) -> Any:
    """Three indices on 8 ranks, and fifteen on 7."""
    few, many = (torch.randperm(count, generator=generator).tolist() for count in (3, 15))
    return [
        [implementation(few, rank, 8) for rank in range(8)],
        [implementation(many, rank, 7) for rank in range(7)],
    ]


@HIDDEN.probe("all_reduce")
def six_ranks(implementation: Any, generator: Generator) -> Any:
    """Six ranks with a tensor of three dimensions, and a few whole numbers."""
    real = [torch.randn(2, 2, 3, generator=generator) for _ in range(6)]
    whole = [torch.randint(100, (4,), generator=generator) for _ in range(6)]
    return [on_ranks(implementation, real), on_ranks(implementation, whole)]


@HIDDEN.probe("average_gradients")
def a_rank_without_tokens(implementation: Any, generator: Generator) -> Any:
    """Four ranks, one of which had no tokens and has gradients of 0; then one rank by itself."""
    counts = [3, 0, 7, 2]
    gradients = [[torch.randn(3, 2, generator=generator)] for _ in counts]
    gradients[1] = [torch.zeros(3, 2)]

    def program(communicator: Communicator) -> Any:
        rank = communicator.rank
        return list(implementation(communicator, gradients[rank], counts[rank]))

    return [simulate(program, 4), simulate(program, 1)]


@HIDDEN.probe("ring_all_reduce")
def odd_sizes(implementation: Any, generator: Generator) -> Any:
    """Seven ranks with 10 numbers, five with only 3, two with a single one, and one by itself."""
    shapes = ((7, 10), (5, 3), (2, 1), (1, 4))
    return [
        on_ranks(implementation, list(torch.randn(world_size, size, generator=generator)))
        for world_size, size in shapes
    ]


@HIDDEN.probe("gradient_buckets")
def none_and_one(implementation: Any, generator: Generator) -> Any:
    """No parameters; a single one; sizes of 0; a capacity of one byte."""
    sizes = torch.randint(0, 5, (9,), generator=generator).tolist()
    return [
        implementation([], 10),
        implementation([3], 10),
        implementation(sizes, 6),
        implementation([4, 2, 7], 1),
    ]


@HIDDEN.probe("training_memory")
def other_models(implementation: Any, generator: Generator) -> Any:
    """A model of 135 million parameters on 1, 3 and 1024 devices, at each stage."""
    return [
        implementation(135_000_000, world_size, stage) / 1e6
        for world_size in (1, 3, 1024)
        for stage in range(4)
    ]


@HIDDEN.probe("ShardedParameter")
def odd_shards(implementation: Any, generator: Generator) -> Any:
    """More ranks than numbers; a number without a shape; three dimensions; one rank by itself."""
    cases = [((3,), 5), ((), 2), ((2, 3, 5), 4), ((2, 2), 1)]

    def program(communicator: Communicator, parameter: torch.Tensor) -> Any:
        one = implementation(parameter, communicator)
        return [one.shard, one.gather()]

    return [
        simulate(program, world_size, torch.randn(shape, generator=generator))
        for shape, world_size in cases
    ]


@HIDDEN.probe("step_seconds")
def random_machines(implementation: Any, generator: Generator) -> Any:
    """Random times, sizes and networks."""
    found = []
    for world_size in (1, 3, 17, 300):
        forward, backward, size, latency = torch.rand(4, generator=generator).tolist()
        found.append(
            implementation(forward, backward, 1e9 * size, world_size, 2e9, 0.002 * latency)
        )
    return found
