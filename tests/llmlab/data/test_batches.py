"""Batches: what is read in which order, by whom, and where a run goes on."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch

from llmlab.data.batches import TokenBatches, Windows
from llmlab.data.errors import PackError
from llmlab.data.packing import Pack, pack
from llmlab.errors import CheckpointError


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    # 60 ids, so 14 windows of 4 tokens and the one after them.
    pack([list(range(59))], tmp_path / "pack", vocabulary_size=100, end_id=99)
    return Windows(Pack(tmp_path / "pack"), length=4)


def read(batches: TokenBatches, count: int) -> torch.Tensor:
    return torch.cat(list(islice(batches, count)))


def test_windows_lie_side_by_side_and_share_one_token(windows: Windows) -> None:
    assert len(windows) == 14
    assert windows[0].tolist() == [0, 1, 2, 3, 4]
    assert windows[1].tolist() == [4, 5, 6, 7, 8]


def test_text_too_short_for_one_window_is_refused(windows: Windows) -> None:
    with pytest.raises(PackError, match=r"60 tokens, too few for one sequence of 60"):
        Windows(windows.pack, length=60)


def test_each_epoch_reads_every_window_once_in_an_order_of_its_own(windows: Windows) -> None:
    rows = read(TokenBatches(windows, batch_size=7, seed=1), 4)
    first, second = rows[:14, 0].tolist(), rows[14:, 0].tolist()
    assert sorted(first) == sorted(second) == [4 * index for index in range(14)]
    assert first != second


def test_a_batch_may_reach_into_the_next_epoch(windows: Windows) -> None:
    one_by_one = read(TokenBatches(windows, batch_size=1, seed=1), 30)
    assert torch.equal(read(TokenBatches(windows, batch_size=5, seed=1), 6), one_by_one)


@pytest.mark.parametrize("world_size", [2, 3])
def test_several_processes_read_together_what_one_reads_alone(
    windows: Windows, world_size: int
) -> None:
    alone = list(islice(TokenBatches(windows, batch_size=2 * world_size, seed=1), 9))
    parts = [
        list(islice(TokenBatches(windows, 2, 1, rank=rank, world_size=world_size), 9))
        for rank in range(world_size)
    ]
    for batch, *shares in zip(alone, *parts, strict=True):
        assert torch.equal(batch, torch.cat(shares))


def test_a_restored_position_goes_on_where_it_was_also_with_other_batch_sizes(
    windows: Windows,
) -> None:
    whole = read(TokenBatches(windows, batch_size=1, seed=1), 40)
    before = TokenBatches(windows, batch_size=6, seed=1)
    read(before, 3)
    after = TokenBatches(windows, batch_size=2, seed=1)
    after.load_state_dict(before.state_dict())
    assert torch.equal(read(after, 11), whole[18:])


def test_the_position_counts_what_was_read_and_not_more(windows: Windows) -> None:
    batches = TokenBatches(windows, batch_size=3, seed=1)
    source = iter(batches)
    for read_so_far in (3, 6, 9):
        next(source)
        assert batches.state_dict()["position"] == read_so_far


@pytest.mark.parametrize("other", [{"seed": 2}, {"length": 5}])
def test_a_position_in_another_order_is_refused(windows: Windows, other: dict[str, int]) -> None:
    state = TokenBatches(windows, batch_size=1, seed=1).state_dict() | other
    with pytest.raises(CheckpointError, match=f"had a {next(iter(other))} of"):
        TokenBatches(windows, batch_size=1, seed=1).load_state_dict(state)


def test_batches_without_end_have_no_length(windows: Windows) -> None:
    with pytest.raises(TypeError, match="no end"):
        len(TokenBatches(windows, batch_size=1, seed=1))
    assert len(TokenBatches(windows, batch_size=1, seed=1, batches=7)) == 7
