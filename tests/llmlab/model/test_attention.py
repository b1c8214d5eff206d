import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from llmlab.errors import ConfigurationError, DtypeError, ShapeError
from llmlab.model import (
    MultiHeadAttention,
    apply_rotary,
    attention_weights,
    causal_mask,
    fused_attention,
    join_heads,
    rotary_angles,
    scaled_dot_product_attention,
    split_heads,
)

LEADS = [(), (2,), (2, 3), (2, 1, 3)]
property_test = settings(derandomize=True, deadline=None, max_examples=25, database=None)


def inputs(*lead: int, query: int = 4, key: int = 5) -> list[torch.Tensor]:
    return [
        torch.randn(*lead, query, 8),
        torch.randn(*lead, key, 8),
        torch.randn(*lead, key, 6),
    ]


# --- masks ------------------------------------------------------------------------------------


def test_a_causal_mask_lets_a_token_see_itself_and_those_before_it():
    assert causal_mask(3).tolist() == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


@property_test
@given(queries=st.integers(0, 8), cached=st.integers(0, 8))
def test_with_more_keys_than_queries_the_queries_are_the_last_positions(queries, cached):
    whole = causal_mask(cached + queries)
    assert torch.equal(causal_mask(queries, cached + queries), whole[cached:])


def test_a_causal_mask_with_fewer_keys_than_queries_is_refused():
    with pytest.raises(ShapeError, match="3 queries cannot be the last of 2 positions"):
        causal_mask(3, 2)


# --- scaled dot-product attention -------------------------------------------------------------


@pytest.mark.parametrize("lead", LEADS)
def test_attention_is_pytorchs(agree, lead):
    agree(scaled_dot_product_attention, functional.scaled_dot_product_attention, inputs(*lead))


@pytest.mark.parametrize("lead", LEADS)
def test_attention_with_a_boolean_mask_is_pytorchs(agree, lead):
    mask = torch.rand(*lead, 4, 5) < 0.5
    mask[..., 1] = True
    agree(
        lambda query, key, value: scaled_dot_product_attention(query, key, value, mask),
        lambda query, key, value: functional.scaled_dot_product_attention(query, key, value, mask),
        inputs(*lead),
    )


@pytest.mark.parametrize("lead", LEADS)
def test_attention_with_an_additive_mask_is_pytorchs(agree, lead):
    # The mask is an input as well: its gradient is that of a learned bias.
    agree(
        scaled_dot_product_attention,
        functional.scaled_dot_product_attention,
        [*inputs(*lead), torch.randn(*lead, 4, 5)],
    )


@pytest.mark.parametrize("lead", LEADS)
def test_attention_with_a_causal_mask_is_pytorchs(agree, lead):
    mask = causal_mask(5)
    agree(
        lambda query, key, value: scaled_dot_product_attention(query, key, value, mask),
        lambda query, key, value: functional.scaled_dot_product_attention(
            query, key, value, is_causal=True
        ),
        inputs(*lead, query=5),
    )


@pytest.mark.parametrize("mask_shape", [(5,), (1, 5), (4, 1), (2, 1, 1, 5), (3, 4, 5)])
def test_a_mask_broadcasts_over_queries_heads_and_batch(agree, mask_shape):
    mask = torch.rand(mask_shape) < 0.5
    mask[..., 0] = True
    if len(mask_shape) == 1:
        mask = mask[None]
    agree(
        lambda query, key, value: scaled_dot_product_attention(query, key, value, mask),
        lambda query, key, value: functional.scaled_dot_product_attention(query, key, value, mask),
        inputs(2, 3),
    )


def test_leading_dimensions_broadcast_against_each_other():
    query, key, value = torch.randn(2, 3, 4, 8), torch.randn(3, 5, 8), torch.randn(2, 1, 5, 6)
    mask = torch.rand(7, 1, 1, 4, 5) < 0.7
    ours = scaled_dot_product_attention(query, key, value, mask)
    assert ours.shape == (7, 2, 3, 4, 6)
    theirs = functional.scaled_dot_product_attention(
        query.expand(7, 2, 3, 4, 8), key.expand(7, 2, 3, 5, 8), value.expand(7, 2, 3, 5, 6), mask
    )
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_boolean_mask_is_the_additive_one_of_zero_and_minus_infinity(agree):
    allowed = causal_mask(5)
    added = torch.zeros(5, 5).masked_fill(~allowed, -math.inf)
    agree(
        lambda *x: scaled_dot_product_attention(*x, allowed),
        lambda *x: scaled_dot_product_attention(*x, added),
        inputs(2, query=5),
    )


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_a_query_that_may_attend_to_nothing_gets_zeros_and_no_nan_even_in_gradients(
    agree, lead, kind
):
    allowed = torch.rand(*lead, 4, 5) < 0.5
    allowed[..., 0, :] = False
    allowed[..., 1, :] = True
    mask = allowed
    if kind == "additive":
        mask = torch.zeros(mask.shape).masked_fill(~allowed, -math.inf).requires_grad_()
    tensors = [tensor.requires_grad_() for tensor in inputs(*lead)]
    output = scaled_dot_product_attention(*tensors, mask)
    assert torch.equal(output[..., 0, :], torch.zeros(*lead, 6))
    wanted = tensors if kind == "boolean" else [*tensors, mask]
    for gradient in torch.autograd.grad(output.square().sum(), wanted):
        assert gradient.isfinite().all()
    agree(
        lambda *x: scaled_dot_product_attention(*x, mask),
        lambda *x: functional.scaled_dot_product_attention(*x, allowed),
        tensors,
    )


def test_no_gradient_reaches_what_is_hidden():
    query, key, value = (tensor.requires_grad_() for tensor in inputs())
    mask = torch.ones(4, 5, dtype=torch.bool)
    mask[:, 3] = False
    mask[2] = False
    output = scaled_dot_product_attention(query, key, value, mask)
    gradients = torch.autograd.grad(output.square().sum(), [query, key, value])
    for gradient, hidden in zip(gradients, (2, 3, 3), strict=True):
        assert not gradient[hidden].any()


def test_no_keys_at_all_give_zeros():
    output = scaled_dot_product_attention(*inputs(2, key=0))
    assert torch.equal(output, torch.zeros(2, 4, 6))


@pytest.mark.parametrize("size", [1e3, 1e6, 1e18])
def test_large_scores_do_not_overflow(size):
    query, key, value = (tensor.requires_grad_() for tensor in inputs(2, query=5))
    output = scaled_dot_product_attention(size * query, key, value, causal_mask(5))
    gradients = torch.autograd.grad(output.sum(), [query, key, value])
    assert all(tensor.isfinite().all() for tensor in (output, *gradients))


def test_the_gradients_are_those_of_finite_differences():
    tensors = [tensor.double().requires_grad_() for tensor in inputs(2)]
    mask = causal_mask(4, 5)
    mask[2] = False
    assert torch.autograd.gradcheck(lambda *x: scaled_dot_product_attention(*x, mask), tensors)


@property_test
@given(seed=st.integers(0, 2**31), queries=st.integers(1, 6), keys=st.integers(1, 6))
def test_weights_are_never_negative_and_sum_to_one_or_to_nothing(seed, queries, keys):
    generator = torch.Generator().manual_seed(seed)
    query = torch.randn(queries, 4, generator=generator)
    key = torch.randn(keys, 4, generator=generator)
    mask = torch.rand(queries, keys, generator=generator) < 0.4
    weights = attention_weights(query, key, mask)
    assert (weights >= 0).all()
    assert not weights[~mask].any()
    torch.testing.assert_close(weights.sum(dim=-1), mask.any(dim=-1).float())


@property_test
@given(seed=st.integers(0, 2**31), shift=st.floats(-50, 50))
def test_the_same_number_added_to_all_scores_of_a_query_changes_nothing(seed, shift):
    generator = torch.Generator().manual_seed(seed)
    query, key = (torch.randn(4, 8, generator=generator) for _ in range(2))
    shifted = attention_weights(query, key, torch.full((4, 4), shift))
    torch.testing.assert_close(shifted, attention_weights(query, key), atol=1e-5, rtol=0)


@property_test
@given(seed=st.integers(0, 2**31), order=st.permutations(range(5)))
def test_the_order_of_keys_does_not_matter(seed, order):
    generator = torch.Generator().manual_seed(seed)
    query, key, value = (torch.randn(5, 8, generator=generator) for _ in range(3))
    shuffled = scaled_dot_product_attention(query, key[order], value[order])
    torch.testing.assert_close(
        shuffled, scaled_dot_product_attention(query, key, value), atol=1e-5, rtol=0
    )


def test_a_mask_of_integers_is_refused(unchecked):
    with pytest.raises(DtypeError, match=r"int64.*mask\.bool\(\)"):
        attention_weights(*inputs()[:2], torch.ones(4, 5, dtype=torch.int64))


# --- heads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", LEADS)
def test_joining_undoes_splitting(lead):
    x = torch.randn(*lead, 5, 12)
    heads = split_heads(x, 3)
    assert heads.shape == (*lead, 3, 5, 4)
    assert torch.equal(heads[..., 1, :, :], x[..., 4:8])
    assert torch.equal(join_heads(heads), x)


@pytest.mark.parametrize("num_heads", [5, 0, -2])
def test_heads_that_do_not_divide_the_vectors_are_refused(num_heads):
    with pytest.raises(ConfigurationError, match=f"{num_heads} heads do not divide"):
        split_heads(torch.zeros(5, 12), num_heads)
    with pytest.raises(ConfigurationError, match=f"{num_heads} heads do not divide"):
        MultiHeadAttention(12, num_heads)


@pytest.mark.parametrize("num_kv_heads", [3, 0, 8])
def test_key_value_heads_that_do_not_divide_the_heads_are_refused(num_kv_heads):
    with pytest.raises(ConfigurationError, match=f"{num_kv_heads} key-value heads do not divide"):
        MultiHeadAttention(16, 4, num_kv_heads)


def test_heads_of_odd_size_cannot_be_rotated():
    with pytest.raises(ConfigurationError, match="a head has 3"):
        MultiHeadAttention(12, 4, rotary_base=10_000.0)


# --- multi-head attention ---------------------------------------------------------------------


def twins(bias: bool) -> tuple[MultiHeadAttention, nn.MultiheadAttention]:
    """Make our module with the weights of PyTorch's."""
    theirs = nn.MultiheadAttention(12, 3, bias=bias, batch_first=True)
    ours = MultiHeadAttention(12, 3, bias=bias)
    with torch.no_grad():
        if bias:  # PyTorch starts them at zero, where an exchange would not show.
            theirs.in_proj_bias.normal_()
            theirs.out_proj.bias.normal_()
        for index, part in enumerate((ours.query, ours.key, ours.value)):
            part.weight.copy_(theirs.in_proj_weight.chunk(3)[index])
            if bias:
                part.bias.copy_(theirs.in_proj_bias.chunk(3)[index])
    ours.output.load_state_dict(theirs.out_proj.state_dict())
    return ours, theirs


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("lead", [(), (2,)])
def test_multi_head_attention_is_pytorchs(agree, bias, masked, lead):
    ours, theirs = twins(bias)
    mask = causal_mask(5) if masked else None
    hidden = None if mask is None else ~mask  # True means 'may not attend' in PyTorch's module
    x = torch.randn(*lead, 5, 12)
    agree(
        lambda x: ours(x, mask),
        lambda x: theirs(x, x, x, attn_mask=hidden, need_weights=False)[0],
        [x],
        [(ours.output.weight, theirs.out_proj.weight)],
    )
    their_weights = theirs(x, x, x, attn_mask=hidden, average_attn_weights=False)[1]
    torch.testing.assert_close(ours.weights(x, mask), their_weights, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_the_input_maps_get_pytorchs_gradients(bias):
    ours, theirs = twins(bias)
    x = torch.randn(2, 5, 12)
    ours(x).square().sum().backward()
    theirs(x, x, x)[0].square().sum().backward()
    parts = (ours.query, ours.key, ours.value)
    stacked = torch.cat([part.weight.grad for part in parts])
    torch.testing.assert_close(stacked, theirs.in_proj_weight.grad, atol=1e-5, rtol=1e-5)
    if bias:
        stacked = torch.cat([part.bias.grad for part in parts])
        torch.testing.assert_close(stacked, theirs.in_proj_bias.grad, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("num_kv_heads", [1, 2, 4])
@pytest.mark.parametrize("rotary_base", [None, 100.0])
@pytest.mark.parametrize("lead", LEADS)
def test_grouped_queries_are_pytorchs(agree, num_kv_heads, rotary_base, lead):
    module = MultiHeadAttention(16, 4, num_kv_heads, rotary_base=rotary_base)

    def theirs(x):
        query, key, value = (
            part(x).unflatten(-1, (-1, 4)).transpose(-3, -2)
            for part in (module.query, module.key, module.value)
        )
        if rotary_base is not None:
            angles = rotary_angles(torch.arange(5), 4, rotary_base)
            query, key = apply_rotary(query, angles), apply_rotary(key, angles)
        gathered = functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, enable_gqa=True
        )
        return module.output(gathered.transpose(-3, -2).flatten(-2))

    pairs = [(parameter, parameter) for parameter in module.parameters()]
    agree(lambda x: module(x, causal_mask(5)), theirs, [torch.randn(*lead, 5, 16)], pairs)


@pytest.mark.parametrize("queries", [1, 3])
@pytest.mark.parametrize(
    "shape", [None, (5,), (1, 5), (2, 1, 1, 5), (2, 4, 1, 5)], ids=lambda shape: f"mask of {shape}"
)
@pytest.mark.parametrize("additive", [False, True])
def test_the_fused_kernel_gives_grouped_queries_what_the_formula_gives(queries, shape, additive):
    query, key, value = (
        torch.randn(2, 4, queries, 8),
        torch.randn(2, 2, 5, 8),
        torch.randn(2, 2, 5, 6),
    )
    mask = None
    if shape is not None:
        shape = shape if len(shape) > 1 else (queries, *shape)
        mask = torch.rand(shape) < 0.6
        mask[..., 0] = True
        if additive:
            mask = torch.zeros(shape).masked_fill(~mask, -math.inf)
    repeated = [heads.repeat_interleave(2, dim=1) for heads in (key, value)]
    expected = scaled_dot_product_attention(query, *repeated, mask)
    torch.testing.assert_close(
        fused_attention(query, key, value, mask), expected, atol=1e-6, rtol=1e-5
    )


def test_grouped_queries_are_full_attention_with_repeated_key_value_heads():
    grouped, full = MultiHeadAttention(16, 4, 2), MultiHeadAttention(16, 4)
    full.query.load_state_dict(grouped.query.state_dict())
    full.output.load_state_dict(grouped.output.state_dict())
    for name in ("key", "value"):
        few, many = getattr(grouped, name), getattr(full, name)
        with torch.no_grad():
            for mine, theirs in ((many.weight, few.weight), (many.bias, few.bias)):
                first, second = theirs.chunk(2)
                mine.copy_(torch.cat([first, first, second, second]))
    x = torch.randn(2, 5, 16)
    torch.testing.assert_close(grouped(x), full(x), atol=1e-6, rtol=0)


def test_padding_tokens_receive_no_attention():
    module, x = MultiHeadAttention(12, 3), torch.randn(2, 5, 12)
    real = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]).bool()
    mask = real[:, None, None, :]
    weights = module.weights(x, mask)
    assert not weights[0, :, :, 3:].any()
    # Padding changes nothing: the tokens are what they are in a sequence without it.
    torch.testing.assert_close(module(x, mask)[0, :3], module(x[0, :3]), atol=1e-6, rtol=0)
    torch.testing.assert_close(module(x, mask)[1], module(x[1]), atol=1e-6, rtol=0)


def test_a_sequence_of_padding_alone_gives_no_nan():
    module = MultiHeadAttention(12, 3, rotary_base=10_000.0)
    x = torch.randn(2, 5, 12, requires_grad=True)
    mask = torch.tensor([False, True])[:, None, None, None].expand(2, 1, 1, 5)
    output = module(x, mask)
    torch.testing.assert_close(output[0], module.output.bias.expand(5, 12))
    gradients = torch.autograd.grad(output.square().sum(), [x, *module.parameters()])
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_without_positions_the_order_of_tokens_does_not_matter_and_with_rotary_it_does():
    x, order = torch.randn(5, 16), torch.tensor([3, 0, 4, 1, 2])
    plain, rotary = MultiHeadAttention(16, 4), MultiHeadAttention(16, 4, rotary_base=10_000.0)
    torch.testing.assert_close(plain(x[order]), plain(x)[order], atol=1e-6, rtol=0)
    assert not torch.allclose(rotary(x[order]), rotary(x)[order], atol=1e-4)
    # Positions that move with their tokens restore it.
    torch.testing.assert_close(rotary(x[order], positions=order), rotary(x)[order])


def test_rotary_attention_does_not_see_where_the_sequence_starts():
    module, x = MultiHeadAttention(16, 4, 2, rotary_base=10_000.0), torch.randn(2, 5, 16)
    moved = module(x, causal_mask(5), torch.arange(5) + 1000)
    torch.testing.assert_close(moved, module(x, causal_mask(5)), atol=1e-4, rtol=0)


def test_the_parameters_have_the_names_that_weights_are_loaded_by():
    shapes = {name: tuple(p.shape) for name, p in MultiHeadAttention(16, 4, 2).named_parameters()}
    assert shapes == {
        "query.weight": (16, 16),
        "query.bias": (16,),
        "key.weight": (8, 16),
        "key.bias": (8,),
        "value.weight": (8, 16),
        "value.bias": (8,),
        "output.weight": (16, 16),
        "output.bias": (16,),
    }
    assert set(MultiHeadAttention(16, 4, bias=False).state_dict()) == {
        f"{name}.weight" for name in ("query", "key", "value", "output")
    }
