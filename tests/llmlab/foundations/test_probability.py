import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.errors import DomainError
from llmlab.foundations import log_softmax, logsumexp, sample, softmax

property_test = settings(derandomize=True, deadline=None, max_examples=50, database=None)
PAIRS = [
    (softmax, torch.softmax),
    (log_softmax, torch.log_softmax),
    (logsumexp, torch.logsumexp),
]
every_pair = pytest.mark.parametrize(
    ("ours", "theirs"), PAIRS, ids=lambda function: function.__name__
)
EXTREME = {
    "large": [1e4, -1e4, 0.0],
    "huge": [3e38, -3e38, 0.0],
    "tiny": [1e-38, 0.0, -1e-38],
    "one hidden": [-math.inf, 0.0, 1.0],
    "all but one hidden": [-math.inf, -math.inf, 5.0],
}
scores = st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=8).map(torch.tensor)


@every_pair
@pytest.mark.parametrize("dim", [-1, 0, 1])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4), (1, 1)])
def test_softmax_and_its_logarithms_are_pytorchs(agree, ours, theirs, dim, shape):
    agree(lambda x: ours(x, dim), lambda x: theirs(x, dim), [3 * torch.randn(shape)])


@every_pair
@pytest.mark.parametrize("name", EXTREME)
def test_extreme_scores_give_pytorchs_numbers(agree, ours, theirs, name):
    agree(lambda x: ours(x, -1), lambda x: theirs(x, -1), [torch.tensor([EXTREME[name]])])


@every_pair
@pytest.mark.parametrize("row", [[-math.inf, -math.inf], [math.inf, 0.0]])
def test_scores_without_an_answer_give_what_pytorch_gives(ours, theirs, row):
    row = torch.tensor(row)
    torch.testing.assert_close(ours(row, -1), theirs(row, -1), equal_nan=True)


@every_pair
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_sum_too_large_for_half_precision_is_taken_in_float32(ours, theirs, dtype):
    # Seventy thousand equal scores: their exponentials add up to more than float16 can hold.
    row = torch.zeros(70_000, dtype=dtype)
    result = ours(row, -1)
    assert result.dtype == dtype
    torch.testing.assert_close(result, theirs(row.float(), -1).to(dtype))


@property_test
@given(scores=scores, shift=st.integers(-500, 500))
def test_a_shift_of_all_scores_changes_no_probability(scores, shift):
    wide = scores.double()
    torch.testing.assert_close(softmax(wide + shift), softmax(wide), atol=1e-12, rtol=0)
    torch.testing.assert_close(log_softmax(wide + shift), log_softmax(wide), atol=1e-9, rtol=0)
    torch.testing.assert_close(logsumexp(wide + shift), logsumexp(wide) + shift, atol=1e-9, rtol=0)


@property_test
@given(scores=scores)
def test_probabilities_add_up_to_1_and_keep_the_order_of_the_scores(scores):
    probabilities = softmax(scores)
    assert probabilities.sum().item() == pytest.approx(1, abs=1e-6)
    assert bool((probabilities >= 0).all())
    assert bool((probabilities[scores.argsort()].diff() >= 0).all())


@property_test
@given(scores=scores)
def test_logsumexp_lies_between_the_largest_score_and_that_of_all_scores_equal(scores):
    largest, value = scores.max().item(), logsumexp(scores).item()
    assert largest - 1e-3 <= value <= largest + math.log(len(scores)) + 1e-3


# --- sampling ---------------------------------------------------------------------------------


def test_outcomes_come_as_often_as_their_probabilities_say():
    probabilities = torch.tensor([0.1, 0.0, 0.6, 0.3])
    generator = torch.Generator().manual_seed(0)
    drawn = sample(probabilities.expand(20_000, 4), generator)
    shares = torch.bincount(drawn, minlength=4) / 20_000
    assert shares[1] == 0
    torch.testing.assert_close(shares, probabilities, atol=0.012, rtol=0)


def test_equal_seeds_draw_equal_outcomes_and_leave_the_global_state_alone():
    probabilities, before = torch.rand(2, 3, 50), torch.get_rng_state()
    first, second, third = (
        sample(probabilities, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert first.shape == (2, 3)
    assert torch.equal(torch.get_rng_state(), before)


@property_test
@given(
    weights=st.lists(st.sampled_from([0.0, 1e-30, 0.5, 7.0]), min_size=1, max_size=6),
    seed=st.integers(0, 2**31),
)
def test_what_is_drawn_is_possible_and_the_weights_need_not_add_up_to_1(weights, seed):
    row = torch.tensor(weights)
    generator = torch.Generator().manual_seed(seed)
    if not row.any():
        with pytest.raises(DomainError, match="Nothing can be drawn"):
            sample(row, generator)
        return
    drawn = sample(row, generator)
    assert drawn.shape == ()
    assert row[drawn] > 0


def test_small_probabilities_of_a_large_vocabulary_are_not_lost():
    # After 0.999 a running sum in float32 cannot take another 1e-8.
    row = torch.full((100_001,), 1e-8)
    row[0] = 0.999
    generator = torch.Generator().manual_seed(3)
    drawn = torch.stack([sample(row, generator) for _ in range(4_000)])
    assert 0 < int((drawn > 0).sum()) < 20


@pytest.mark.parametrize("row", [[-0.1, 1.1], [math.nan, 1.0], [math.inf, 1.0], [0.0, 0.0]])
def test_what_is_no_distribution_is_refused(row):
    with pytest.raises(DomainError, match="Nothing can be drawn"):
        sample(torch.tensor(row), torch.Generator())
