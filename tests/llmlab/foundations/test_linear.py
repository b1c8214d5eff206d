import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from llmlab.foundations import check_gradients, cosine_similarity, linear_gradients

property_test = settings(derandomize=True, deadline=None, max_examples=25, database=None)


@pytest.mark.parametrize(("n", "m", "dim"), [(1, 1, 1), (3, 4, 5), (4, 4, 2), (0, 3, 2)])
def test_similarity_is_pytorchs_of_each_pair(agree, n, m, dim):
    agree(
        cosine_similarity,
        lambda a, b: functional.cosine_similarity(a[:, None], b[None, :], dim=-1),
        [torch.randn(n, dim), torch.randn(m, dim)],
    )


@property_test
@given(seed=st.integers(0, 2**31), scale=st.floats(1e-3, 1e3))
def test_similarity_sees_directions_and_no_lengths(seed, scale):
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(seed))
    similarity = cosine_similarity(x, x)
    torch.testing.assert_close(cosine_similarity(scale * x, x), similarity, atol=1e-5, rtol=0)
    torch.testing.assert_close(similarity.diag(), torch.ones(4))
    torch.testing.assert_close(similarity, similarity.T)
    assert similarity.abs().max() <= 1 + 1e-6


def test_a_vector_without_direction_is_like_no_other():
    similarity = cosine_similarity(torch.zeros(1, 3), torch.randn(2, 3))
    assert torch.equal(similarity, torch.zeros(1, 2))


@pytest.mark.parametrize(("batch", "inputs", "outputs"), [(1, 1, 1), (4, 3, 2), (3, 3, 3)])
def test_the_gradients_by_hand_are_pytorchs(batch, inputs, outputs):
    shapes = ((batch, inputs), (inputs, outputs), (outputs,))
    x, weight, bias = (torch.randn(shape, requires_grad=True) for shape in shapes)
    upstream = torch.randn(batch, outputs)
    theirs = torch.autograd.grad(x @ weight + bias, [x, weight, bias], upstream)
    torch.testing.assert_close(linear_gradients(x, weight, upstream), theirs)


def test_the_gradients_by_hand_are_those_that_trying_finds():
    x, weight, bias = torch.randn(4, 3), torch.randn(3, 2), torch.randn(2)
    # The loss is the sum of the squares of y, so the gradient of y is 2 y.
    gradients = linear_gradients(x, weight, 2 * (x @ weight + bias))
    report = check_gradients(
        lambda x, weight, bias: (x @ weight + bias).square().sum(), [x, weight, bias], gradients
    )
    assert report.passed, report
