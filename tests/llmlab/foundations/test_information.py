import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from llmlab.errors import OutOfRangeError
from llmlab.foundations import cross_entropy, entropy, kl_divergence, perplexity, softmax

property_test = settings(derandomize=True, deadline=None, max_examples=50, database=None)
EXTREME = torch.tensor([[1e4, -1e4, 0.0, 1.0], [-1e4, 0.0, 0.0, -1e4], [0.0, 0.0, 0.0, 0.0]])


@st.composite
def distributions(draw, count=1):
    """Draw distributions over equally many outcomes, some of which may be impossible."""
    outcomes = draw(st.integers(2, 6))
    found = []
    for _ in range(count):
        weights = draw(st.lists(st.integers(0, 20), min_size=outcomes, max_size=outcomes))
        weights[draw(st.integers(0, outcomes - 1))] += 1
        found.append(torch.tensor(weights, dtype=torch.float64) / sum(weights))
    return found


# --- entropy ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5)])
def test_entropy_is_pytorchs(agree, shape):
    agree(
        entropy,
        lambda p: torch.special.entr(p).sum(dim=-1),
        [torch.randn(shape).softmax(dim=-1)],
    )


@pytest.mark.parametrize("scores", [EXTREME, torch.randn(2, 3, 7)], ids=["extreme", "random"])
def test_the_entropy_of_scores_is_pytorchs(agree, scores):
    agree(
        lambda x: entropy(softmax(x)),
        lambda x: torch.distributions.Categorical(logits=x).entropy(),
        [scores],
    )


@property_test
@given(distributions())
def test_entropy_lies_between_0_and_that_of_even_odds(found):
    (p,) = found
    value = entropy(p).item()
    assert -1e-12 <= value <= math.log(len(p)) + 1e-12


def test_entropy_is_0_for_certainty_and_largest_for_even_odds():
    assert entropy(torch.tensor([0.0, 1.0, 0.0])).item() == 0
    assert entropy(torch.full((8,), 1 / 8)).item() == pytest.approx(3 * math.log(2))


# --- divergence -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5)])
def test_divergence_is_pytorchs(agree, shape):
    agree(
        kl_divergence,
        lambda p, q: functional.kl_div(q.log(), p, reduction="none").sum(dim=-1),
        [torch.randn(shape).softmax(dim=-1), torch.randn(shape).softmax(dim=-1)],
    )


@pytest.mark.parametrize(
    ("p", "q"),
    [([0.0, 1.0], [0.5, 0.5]), ([0.5, 0.5], [0.0, 1.0]), ([0.0, 1.0], [0.0, 1.0])],
    ids=["impossible in p", "impossible in q", "impossible in both"],
)
def test_divergence_with_impossible_outcomes_is_pytorchs(p, q):
    p, q = torch.tensor(p), torch.tensor(q)
    theirs = torch.distributions.kl_divergence(
        torch.distributions.Categorical(p), torch.distributions.Categorical(q)
    )
    torch.testing.assert_close(kl_divergence(p, q), theirs, atol=1e-6, rtol=1e-6)


def test_the_gradient_of_a_divergence_with_impossible_outcomes_is_finite():
    p = torch.tensor([0.0, 0.4, 0.6], requires_grad=True)
    q = torch.tensor([0.0, 0.5, 0.5], requires_grad=True)
    gradients = torch.autograd.grad(kl_divergence(p, q), [p, q])
    assert all(gradient.isfinite().all() for gradient in gradients)


@property_test
@given(distributions(count=2))
def test_divergence_is_never_negative_and_0_only_between_equals(found):
    p, q = found
    value = kl_divergence(p, q).item()
    assert value >= -1e-12
    assert (value < 1e-12) == torch.allclose(p, q, atol=1e-9)
    assert kl_divergence(p, p).item() == 0


@property_test
@given(distributions(count=2))
def test_cross_entropy_is_entropy_plus_divergence(found):
    p, q = found
    q = q + 1e-3
    q = q / q.sum()
    expected = -(p * q.log()).sum()
    torch.testing.assert_close(entropy(p) + kl_divergence(p, q), expected)


# --- cross-entropy ----------------------------------------------------------------------------


def pytorchs(scores, targets, **options):
    return functional.cross_entropy(
        scores.reshape(-1, scores.shape[-1]), targets.reshape(-1), **options
    )


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("lead", [(), (1,), (6,), (2, 3)])
def test_cross_entropy_is_pytorchs(agree, lead, label_smoothing):
    targets = torch.randint(0, 5, lead)
    agree(
        lambda x: cross_entropy(x, targets, label_smoothing=label_smoothing),
        lambda x: pytorchs(x, targets, label_smoothing=label_smoothing),
        [3 * torch.randn(*lead, 5)],
    )


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ignore_index", [-100, 0, 2])
def test_ignored_targets_count_neither_in_the_sum_nor_in_the_mean(
    agree, ignore_index, label_smoothing
):
    targets = torch.tensor([[1, ignore_index, 3], [ignore_index, 4, ignore_index]])
    options = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
    agree(
        lambda x: cross_entropy(x, targets, **options),
        lambda x: pytorchs(x, targets, **options),
        [torch.randn(2, 3, 5)],
    )


@pytest.mark.parametrize("targets", [[0, 1, 2], [1, 0, 3], [3, 3, 3]])
def test_extreme_scores_give_pytorchs_loss_and_gradient(agree, targets):
    targets = torch.tensor(targets)
    agree(lambda x: cross_entropy(x, targets), lambda x: pytorchs(x, targets), [EXTREME])


def test_a_mean_over_no_target_is_no_number_as_in_pytorch():
    assert cross_entropy(torch.randn(2, 3), torch.tensor([-100, -100])).isnan()


def test_short_integers_are_targets_as_well():
    scores = torch.randn(2, 3)
    narrow = cross_entropy(scores, torch.tensor([0, 2], dtype=torch.int16))
    torch.testing.assert_close(narrow, cross_entropy(scores, torch.tensor([0, 2])))


@pytest.mark.parametrize("target", [-1, 3])
def test_a_target_that_is_no_class_is_refused(target):
    with pytest.raises(OutOfRangeError, match=f"no class {target}; targets run from 0 to 2"):
        cross_entropy(torch.randn(2, 3), torch.tensor([0, target]))


# --- perplexity -------------------------------------------------------------------------------


@pytest.mark.parametrize("choices", [1, 2, 10, 1000])
def test_even_odds_are_as_perplexing_as_they_have_outcomes(choices):
    text = torch.full((7,), 1 / choices).log()
    assert perplexity(text).item() == pytest.approx(choices, rel=1e-5)


@property_test
@given(distributions())
def test_perplexity_is_the_exponential_of_the_cross_entropy(found):
    scores = torch.stack(found + found).float()
    targets = torch.tensor([0, 1])
    log_probabilities = scores.log_softmax(dim=-1)[torch.arange(2), targets]
    torch.testing.assert_close(
        perplexity(log_probabilities), cross_entropy(scores, targets).exp(), atol=1e-5, rtol=1e-5
    )


def test_a_text_that_the_model_rules_out_is_infinitely_perplexing():
    assert perplexity(torch.tensor([0.0, -math.inf])).item() == math.inf
