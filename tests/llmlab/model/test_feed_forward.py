import pytest
import torch
from torch import nn
from torch.nn import functional

from llmlab.model import FeedForward, SwiGLU, feed_forward, gelu, silu

SHAPES = [(), (7,), (2, 7), (2, 3, 7), (2, 1, 3, 7)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_is_pytorchs(agree, shape, approximate):
    agree(
        lambda x: gelu(x, approximate),
        lambda x: functional.gelu(x, approximate=approximate),
        [3 * torch.randn(shape)],
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_silu_is_pytorchs(agree, shape):
    agree(silu, functional.silu, [3 * torch.randn(shape)])


@pytest.mark.parametrize("activation", [gelu, lambda x: gelu(x, "tanh"), silu])
def test_far_from_zero_an_activation_is_the_input_or_nothing(activation):
    x = torch.tensor([-100.0, 0.0, 100.0], requires_grad=True)
    y = activation(x)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(y, torch.tensor([0.0, 0.0, 100.0]))
    torch.testing.assert_close(gradient, torch.tensor([0.0, 0.5, 1.0]))


def test_the_tanh_formula_is_near_the_exact_gelu_and_not_equal_to_it():
    x = torch.linspace(-5, 5, 101)
    difference = (gelu(x) - gelu(x, "tanh")).abs().max()
    assert 1e-5 < float(difference) < 1e-3


@pytest.mark.parametrize("shape", SHAPES[1:])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("bias", [True, False])
def test_the_feed_forward_network_is_two_linear_maps_around_gelu(agree, shape, approximate, bias):
    ours = FeedForward(7, 5, bias, approximate)
    theirs = nn.Sequential(
        nn.Linear(7, 5, bias), nn.GELU(approximate=approximate), nn.Linear(5, 7, bias)
    )
    theirs[0].load_state_dict(ours.up.state_dict())
    theirs[2].load_state_dict(ours.down.state_dict())
    pairs = list(zip(ours.parameters(), theirs.parameters(), strict=True))
    agree(ours, theirs, [torch.randn(shape)], pairs)


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_the_formula_with_the_transposed_weights_is_the_module(agree, shape):
    module = FeedForward(7, 5)
    agree(
        lambda x: feed_forward(
            x, module.up.weight.T, module.up.bias, module.down.weight.T, module.down.bias
        ),
        module,
        [torch.randn(shape)],
    )


@pytest.mark.parametrize("shape", SHAPES[1:])
@pytest.mark.parametrize("bias", [True, False])
def test_swiglu_is_a_gated_linear_unit_with_silu(agree, shape, bias):
    ours = SwiGLU(7, 5, bias)
    twin = SwiGLU(7, 5, bias)
    twin.load_state_dict(ours.state_dict())

    def theirs(x):
        return twin.down(functional.silu(twin.gate(x)) * twin.up(x))

    pairs = list(zip(ours.parameters(), twin.parameters(), strict=True))
    agree(ours, theirs, [torch.randn(shape)], pairs)


@pytest.mark.parametrize("network", [FeedForward, SwiGLU])
def test_each_token_is_worked_on_by_itself(network):
    module, x = network(6), torch.randn(2, 5, 6)
    alone = torch.stack([module(x[:, token]) for token in range(5)], dim=1)
    torch.testing.assert_close(module(x), alone)


def test_widths_default_to_the_same_number_of_weights():
    wide, gated = FeedForward(12, bias=False), SwiGLU(12)
    assert wide.up.out_features == 48
    assert gated.up.out_features == 32
    counts = [sum(p.numel() for p in module.parameters()) for module in (wide, gated)]
    assert counts[0] == counts[1]


def test_the_parameters_have_the_names_that_weights_are_loaded_by():
    assert set(FeedForward(4).state_dict()) == {"up.weight", "up.bias", "down.weight", "down.bias"}
    assert set(SwiGLU(4).state_dict()) == {"gate.weight", "up.weight", "down.weight"}
