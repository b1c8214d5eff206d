import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from llmlab.model import LayerNorm, RMSNorm, layer_norm, rms_norm

SHAPES = [(8,), (3, 8), (2, 3, 8), (2, 1, 3, 8), (0, 8)]
property_test = settings(derandomize=True, deadline=None, max_examples=25, database=None)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("epsilon", [1e-5, 1e-2])
def test_layer_norm_is_pytorchs(agree, shape, epsilon):
    agree(
        lambda x, weight, bias: layer_norm(x, weight, bias, epsilon),
        lambda x, weight, bias: functional.layer_norm(x, (8,), weight, bias, epsilon),
        [3 * torch.randn(shape) + 1, torch.randn(8), torch.randn(8)],
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("epsilon", [1e-5, 1e-2])
def test_rms_norm_is_pytorchs(agree, shape, epsilon):
    agree(
        lambda x, weight: rms_norm(x, weight, epsilon),
        lambda x, weight: functional.rms_norm(x, (8,), weight, epsilon),
        [3 * torch.randn(shape) + 1, torch.randn(8)],
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (LayerNorm(8), nn.LayerNorm(8)),
        (LayerNorm(8, epsilon=0.1), nn.LayerNorm(8, eps=0.1)),
        (RMSNorm(8), nn.RMSNorm(8, eps=1e-5)),
        (RMSNorm(8, epsilon=0.1), nn.RMSNorm(8, eps=0.1)),
    ],
    ids=repr,
)
def test_a_new_norm_is_a_new_norm_of_pytorch(agree, ours, theirs):
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    pairs = [(parameter, theirs.get_parameter(name)) for name, parameter in ours.named_parameters()]
    agree(ours, theirs, [torch.randn(2, 3, 8)], pairs)


@property_test
@given(seed=st.integers(0, 2**31), shift=st.floats(-10, 10), scale=st.floats(1, 100))
def test_layer_norm_sees_neither_shift_nor_scale(seed, shift, scale):
    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(seed))
    norm = LayerNorm(8, epsilon=0.0)
    torch.testing.assert_close(norm(scale * x + shift), norm(x), atol=1e-3, rtol=0)


@property_test
@given(seed=st.integers(0, 2**31), scale=st.floats(0.01, 100))
def test_rms_norm_does_not_see_scale(seed, scale):
    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(seed))
    norm = RMSNorm(8, epsilon=0.0)
    torch.testing.assert_close(norm(scale * x), norm(x), atol=1e-5, rtol=1e-5)


def test_normed_vectors_have_the_size_that_their_name_promises():
    x = 5 * torch.randn(4, 64) + 2
    centered = LayerNorm(64)(x)
    torch.testing.assert_close(centered.mean(dim=-1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(centered.var(dim=-1, correction=0), torch.ones(4))
    torch.testing.assert_close(RMSNorm(64)(x).square().mean(dim=-1), torch.ones(4))


def test_rms_norm_of_centered_vectors_is_layer_norm():
    x = torch.randn(3, 8)
    x = x - x.mean(dim=-1, keepdim=True)
    torch.testing.assert_close(RMSNorm(8)(x), LayerNorm(8)(x))


@pytest.mark.parametrize("norm", [LayerNorm(4), RMSNorm(4)], ids=repr)
def test_a_vector_of_zeros_stays_zero_and_its_gradient_is_finite(norm):
    x = torch.zeros(2, 4, requires_grad=True)
    y = norm(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(y, torch.zeros(2, 4))
    assert gradient.isfinite().all()


@pytest.mark.parametrize("norm", [LayerNorm(4), RMSNorm(4)], ids=repr)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_large_activations_do_not_overflow_half_precision(norm, dtype):
    x = torch.tensor([[1000.0, -1000.0, 500.0, 0.0]])
    half = norm(x.to(dtype))
    assert half.dtype == dtype
    torch.testing.assert_close(half.float(), norm(x), atol=1e-2, rtol=0)
