import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DistributedSampler

from llmlab.errors import ConfigurationError
from llmlab.training import (
    average_gradients,
    gradient_buckets,
    ring_all_reduce,
    ring_seconds,
    shard_indices,
    simulate,
    step_seconds,
    training_memory,
)


@pytest.mark.parametrize("count", [1, 3, 8, 10])
@pytest.mark.parametrize("world_size", [1, 2, 3, 4, 7])
def test_shares_are_those_of_pytorchs_sampler(count, world_size):
    indices = list(range(count))
    for rank in range(world_size):
        sampler = DistributedSampler(indices, world_size, rank, shuffle=False)
        assert shard_indices(indices, rank, world_size) == list(sampler)


@pytest.mark.parametrize("world_size", [1, 2, 5])
def test_all_ranks_together_walk_through_the_list_in_order(world_size):
    indices = torch.randperm(20, generator=torch.Generator().manual_seed(0)).tolist()
    shares = [shard_indices(indices, rank, world_size) for rank in range(world_size)]
    assert [index for step in zip(*shares, strict=True) for index in step] == indices


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (([1], 2, 2), "no rank 2"),
        (([1], -1, 2), "no rank -1"),
        (([], 0, 2), "no indices"),
        (([1], 0, 0), "world_size is 0"),
    ],
)
def test_shares_that_cannot_be_are_refused(arguments, part):
    with pytest.raises(ConfigurationError, match=part):
        shard_indices(*arguments)


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9))


def gradients(ids, targets):
    mine = model()
    cross_entropy(mine(ids), targets).backward()
    return [parameter.grad for parameter in mine.parameters()]


@pytest.mark.parametrize("counts", [(1, 2, 5), (4, 4), (7,), (1, 1, 1, 13)])
def test_averaged_gradients_are_those_of_one_process_with_all_tokens(counts):
    generator = torch.Generator().manual_seed(1)
    ids, targets = (torch.randint(9, (sum(counts),), generator=generator) for _ in range(2))
    shares = list(zip(ids.split(counts), targets.split(counts), strict=True))

    def program(communicator):
        mine = gradients(*shares[communicator.rank])
        return average_gradients(communicator, mine, counts[communicator.rank])

    whole = gradients(ids, targets)
    for averaged in simulate(program, len(counts)):
        for one, expected in zip(averaged, whole, strict=True):
            assert one.shape == expected.shape
            torch.testing.assert_close(one, expected)


def test_a_rank_without_tokens_changes_nothing_and_a_number_stays_a_number():
    def program(communicator):
        losses = [torch.tensor(3.0), torch.tensor(0.0)]
        return average_gradients(
            communicator, [losses[communicator.rank]], 5 - 5 * communicator.rank
        )

    for (loss,) in simulate(program, 2):
        assert loss.shape == ()
        assert loss.dtype == torch.float32
        assert loss.item() == 3.0


def test_buckets_are_those_of_pytorchs_own_function():
    generator = torch.Generator().manual_seed(2)
    for capacity in (1, 300, 5_000, 10**6):
        lengths = torch.randint(1, 500, (30,), generator=generator).tolist()
        parameters = [torch.zeros(length) for length in lengths]
        # PyTorch takes tensors in the order in which they go into buckets: from the last to the first.
        theirs, _ = torch.distributed._compute_bucket_assignment_by_size(
            parameters[::-1], [capacity]
        )
        ours = gradient_buckets([4 * length for length in lengths], capacity)
        assert ours == [[29 - number for number in bucket] for bucket in theirs]


def test_without_parameters_there_are_no_buckets():
    assert gradient_buckets([], 10) == []


def test_a_bucket_that_holds_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="capacity is 0 bytes"):
        gradient_buckets([1], 0)


def test_memory_is_that_of_figure_1_of_the_paper():
    gigabytes = [training_memory(7_500_000_000, 64, stage) / 1e9 for stage in range(4)]
    assert [round(one, 1) for one in gigabytes] == [120.0, 31.4, 16.6, 1.9]


def test_on_one_device_no_stage_saves_anything():
    assert {training_memory(1000, 1, stage) for stage in range(4)} == {16_000.0}


@pytest.mark.parametrize("stage", [-1, 4])
def test_there_are_four_stages(stage):
    with pytest.raises(ConfigurationError, match=f"no stage {stage}"):
        training_memory(1, 1, stage)


@pytest.mark.parametrize("world_size", [1, 2, 8])
def test_the_time_of_a_ring_is_that_of_what_a_ring_sends(world_size):
    def sent(communicator):
        ring_all_reduce(communicator, torch.zeros(800))
        return communicator.bytes_sent, communicator.messages_sent

    sizes, messages = zip(*simulate(sent, world_size), strict=True)
    expected = max(sizes) / 1000.0 + max(messages) * 0.5
    assert ring_seconds(3200.0, world_size, 1000.0, 0.5) == pytest.approx(expected)


def test_a_ring_that_is_done_before_the_backward_pass_costs_nothing():
    assert step_seconds(1.0, 2.0, 10.0, 4, bandwidth=1e9) == 3.0
    assert step_seconds(1.0, 2.0, 10.0, 4, bandwidth=1.0) == 1.0 + 15.0
    assert step_seconds(1.0, 2.0, 1e12, 1, bandwidth=1.0, latency=9.0) == 3.0
