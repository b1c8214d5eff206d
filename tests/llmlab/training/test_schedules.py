"""Up, level, down."""

from __future__ import annotations

from functools import partial

import pytest

from llmlab.errors import ConfigurationError
from llmlab.foundations import cosine_with_warmup
from llmlab.training import warmup_stable_decay

RATE = partial(
    warmup_stable_decay, warmup_steps=4, decay_steps=10, total_steps=30, peak=2.0, floor=0.5
)


def test_the_rate_rises_stays_and_falls_in_equal_parts() -> None:
    rates = [RATE(step) for step in range(32)]
    assert rates[:4] == pytest.approx([0.4, 0.8, 1.2, 1.6])
    assert rates[4:21] == [2.0] * 17
    assert rates[21:31] == pytest.approx([2.0 - 0.15 * part for part in range(1, 11)])
    assert rates[31] == 0.5


def test_the_warm_up_is_that_of_the_cosine() -> None:
    for step in range(4):
        cosine = cosine_with_warmup(step, warmup_steps=4, total_steps=30, peak=2.0)
        assert RATE(step) == pytest.approx(cosine)


def test_a_longer_run_begins_as_the_shorter_one_until_that_decays() -> None:
    longer = partial(RATE, total_steps=90)
    assert [longer(step) for step in range(21)] == [RATE(step) for step in range(21)]


@pytest.mark.parametrize(
    "change", [{"warmup_steps": 21}, {"decay_steps": 0}, {"warmup_steps": -1}, {"total_steps": 13}]
)
def test_ways_that_do_not_fit_into_the_whole_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="do not fit into"):
        RATE(0, **change)  # type: ignore[arg-type]


def test_a_negative_step_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no step -1"):
        RATE(-1)
