import pytest
import torch

from llmlab.training import all_gather, all_reduce, ring_all_reduce, simulate

SIZES = range(1, 7)
SHAPES = [(), (1,), (5,), (12,), (3, 4), (2, 3, 2), (0,)]
ways = pytest.mark.parametrize("way", [all_reduce, ring_all_reduce], ids=lambda one: one.__name__)


def shares(world_size, shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(world_size)]


def on_ranks(way, tensors):
    return simulate(lambda one: way(one, tensors[one.rank]), len(tensors))


@ways
@pytest.mark.parametrize("world_size", SIZES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_rank_gets_the_sum(way, world_size, shape):
    tensors = shares(world_size, shape)
    for result in on_ranks(way, tensors):
        torch.testing.assert_close(result, torch.stack(tensors).sum(dim=0))


@ways
def test_all_ranks_get_the_same_bits(way):
    results = on_ranks(way, shares(5, (17,)))
    assert all(torch.equal(result, results[0]) for result in results)


@ways
def test_the_tensor_that_is_given_stays_as_it_is(way):
    tensors = shares(3, (6,))
    before = [tensor.clone() for tensor in tensors]
    results = on_ranks(way, tensors)
    results[0].zero_()
    assert all(map(torch.equal, tensors, before))


@ways
def test_whole_numbers_are_summed_exactly(way):
    tensors = [torch.tensor([2**40 + rank, rank]) for rank in range(3)]
    for result in on_ranks(way, tensors):
        assert result.tolist() == [3 * 2**40 + 3, 3]


@pytest.mark.parametrize("world_size", [2, 3, 4, 8])
def test_around_a_ring_each_rank_sends_the_least_that_is_possible(world_size):
    def sent(communicator):
        ring_all_reduce(communicator, torch.zeros(240))
        return communicator.bytes_sent, communicator.messages_sent

    volume = 2 * (world_size - 1) * 240 * 4 // world_size
    assert simulate(sent, world_size) == [(volume, 2 * (world_size - 1))] * world_size


@pytest.mark.parametrize("world_size", SIZES)
def test_gathering_gives_every_rank_all_tensors_in_order(world_size):
    tensors = shares(world_size, (2, 2))
    for gathered in on_ranks(all_gather, tensors):
        assert len(gathered) == world_size
        assert all(map(torch.equal, gathered, tensors))
