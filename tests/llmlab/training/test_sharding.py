import math

import pytest
import torch

from llmlab.training import ShardedParameter, simulate


@pytest.mark.parametrize("world_size", [1, 2, 3, 5])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (2, 3, 5)], ids=str)
def test_what_is_gathered_is_what_was_sharded(shape, world_size):
    parameter = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    results = simulate(lambda one: ShardedParameter(parameter, one).gather(), world_size)
    assert all(torch.equal(result, parameter) for result in results)


def test_shards_are_equally_long_stretches_with_zeros_at_the_end():
    parameter = torch.arange(1.0, 10.0).reshape(3, 3)
    shards = simulate(lambda one: ShardedParameter(parameter, one).shard.tolist(), 2)
    assert shards == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 0]]


def test_a_shard_keeps_no_more_memory_than_its_own():
    parameter = torch.zeros(1000, dtype=torch.float64)
    shards = simulate(lambda one: ShardedParameter(parameter, one).shard, 3)
    for shard in shards:
        assert shard.untyped_storage().nbytes() == math.ceil(1000 / 3) * 8
