import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.errors import ConfigurationError
from llmlab.foundations import cosine_with_warmup

property_test = settings(derandomize=True, deadline=None, max_examples=50, database=None)
lengths = st.tuples(st.integers(0, 50), st.integers(1, 200)).map(lambda pair: (pair[0], sum(pair)))


def rates(warmup_steps: int, total_steps: int, floor: float = 0.0) -> list[float]:
    return [
        cosine_with_warmup(
            step, warmup_steps=warmup_steps, total_steps=total_steps, peak=1.0, floor=floor
        )
        for step in range(total_steps + 5)
    ]


def test_the_rate_rises_in_equal_parts_and_falls_along_a_cosine():
    expected = [0.25, 0.5, 0.75, 1.0, 0.853553, 0.5, 0.146447, 0.0]
    assert rates(3, 7)[:8] == pytest.approx(expected, abs=1e-6)


@property_test
@given(lengths=lengths, floor=st.floats(0, 1))
def test_the_peak_stands_at_the_end_of_the_warm_up_and_the_floor_at_the_end_of_all(lengths, floor):
    warmup_steps, total_steps = lengths
    found = rates(warmup_steps, total_steps, floor)
    assert found[warmup_steps] == max(found) == 1.0
    assert found[total_steps:] == pytest.approx([floor] * 5)
    up, down = found[: warmup_steps + 1], found[warmup_steps:]
    assert up == sorted(up)
    assert down == sorted(down, reverse=True)
    assert found[0] > 0


@pytest.mark.parametrize(
    ("step", "warmup_steps", "total_steps", "message"),
    [(-1, 1, 9, "no step -1"), (0, 9, 9, "warm-up of 9"), (0, -1, 9, "warm-up of -1")],
)
def test_a_schedule_that_cannot_be_is_refused(step, warmup_steps, total_steps, message):
    with pytest.raises(ConfigurationError, match=message):
        cosine_with_warmup(step, warmup_steps=warmup_steps, total_steps=total_steps, peak=1.0)
