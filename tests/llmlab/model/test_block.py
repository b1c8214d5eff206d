import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from llmlab.errors import ConfigurationError
from llmlab.model import (
    FeedForward,
    LayerNorm,
    RMSNorm,
    SwiGLU,
    TransformerBlock,
    TransformerConfig,
    causal_mask,
)

property_test = settings(derandomize=True, deadline=None, max_examples=20, database=None)
LLAMA = {
    "num_kv_heads": 2,
    "norm": "rms",
    "feed_forward": "swiglu",
    "bias": False,
    "rotary_base": 10_000.0,
}


def pytorch_layer(norm_first: bool) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(
        12, 3, 20, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_first
    )


def twins(norm_first: bool) -> tuple[TransformerBlock, nn.Module, list[tuple]]:
    """Make our block with PyTorch's weights, and pairs of what must get the same gradients."""
    theirs = pytorch_layer(norm_first)
    ours = TransformerBlock(12, 3, hidden_dim=20, norm_first=norm_first)
    attention = theirs.self_attn
    with torch.no_grad():
        # PyTorch starts them at zero, where an exchange would not show.
        for bias in (attention.in_proj_bias, attention.out_proj.bias):
            bias.normal_()
        for norm in (theirs.norm1, theirs.norm2):
            norm.weight.normal_()
            norm.bias.normal_()
        parts = (ours.attention.query, ours.attention.key, ours.attention.value)
        for part, weight, bias in zip(
            parts, attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3), strict=True
        ):
            part.weight.copy_(weight)
            part.bias.copy_(bias)
    same = [
        (ours.attention.output, attention.out_proj),
        (ours.attention_norm, theirs.norm1),
        (ours.feed_forward_norm, theirs.norm2),
        (ours.feed_forward.up, theirs.linear1),
        (ours.feed_forward.down, theirs.linear2),
    ]
    pairs = []
    for mine, other in same:
        mine.load_state_dict(other.state_dict())
        pairs += [(mine.weight, other.weight), (mine.bias, other.bias)]
    return ours, theirs, pairs


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("lead", [(), (2,)])
def test_the_block_is_pytorchs_encoder_layer(agree, norm_first, masked, lead):
    ours, theirs, pairs = twins(norm_first)
    mask = causal_mask(5) if masked else None
    hidden = None if mask is None else ~mask  # True means 'may not attend' in PyTorch's module
    agree(
        lambda x: ours(x, mask),
        lambda x: theirs(x, src_mask=hidden),
        [torch.randn(*lead, 5, 12)],
        pairs,
    )


@pytest.mark.parametrize("choices", [{}, {"norm_first": False}, LLAMA])
@pytest.mark.parametrize("lead", [(), (4,), (2, 2), (2, 1, 2)])
def test_leading_dimensions_are_free(choices, lead):
    block, x = TransformerBlock(16, 4, **choices), torch.randn(*lead, 5, 16)
    one_by_one = [block(sequence, causal_mask(5)) for sequence in x.reshape(-1, 5, 16)]
    torch.testing.assert_close(block(x, causal_mask(5)), torch.stack(one_by_one).reshape(x.shape))


@property_test
@given(
    seed=st.integers(0, 2**31),
    changed=st.integers(0, 5),
    choices=st.sampled_from([{}, {"norm_first": False}, LLAMA]),
)
def test_changing_a_token_changes_nothing_before_it(seed, changed, choices):
    torch.manual_seed(seed)
    block = TransformerBlock(16, 4, **choices)
    x = torch.randn(6, 16)
    other = x.clone()
    other[changed] = torch.randn(16)
    before, after = block(x, causal_mask(6)), block(other, causal_mask(6))
    torch.testing.assert_close(before[:changed], after[:changed], atol=1e-6, rtol=0)
    assert not torch.allclose(before[changed], after[changed])


def test_a_pre_norm_block_that_adds_nothing_passes_its_input_through():
    block, x = TransformerBlock(8, 2), torch.randn(2, 3, 8)
    for part in (block.attention.output, block.feed_forward.down):
        nn.init.zeros_(part.weight)
        nn.init.zeros_(part.bias)
    assert torch.equal(block(x), x)


def test_a_post_norm_block_gives_normed_vectors():
    output = TransformerBlock(8, 2, norm_first=False)(10 * torch.randn(3, 8))
    torch.testing.assert_close(output.mean(dim=-1), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(output.var(dim=-1, correction=0), torch.ones(3), atol=1e-3, rtol=0)


def test_the_choices_choose_the_parts():
    gpt, llama = TransformerBlock(16, 4), TransformerBlock(16, 4, norm_epsilon=1e-6, **LLAMA)
    assert isinstance(gpt.attention_norm, LayerNorm)
    assert isinstance(gpt.feed_forward, FeedForward)
    assert gpt.feed_forward.approximate == "none"
    assert TransformerBlock(16, 4, feed_forward="gelu_tanh").feed_forward.approximate == "tanh"
    assert isinstance(llama.feed_forward_norm, RMSNorm)
    assert llama.attention_norm.epsilon == llama.feed_forward_norm.epsilon == 1e-6
    assert isinstance(llama.feed_forward, SwiGLU)
    assert llama.attention.key.out_features == 8
    assert not any(name.endswith("bias") for name in llama.state_dict())


@pytest.mark.parametrize("norm_first", [True, False])
def test_rotary_positions_reach_the_attention(norm_first):
    block, x = TransformerBlock(16, 4, norm_first=norm_first, **LLAMA), torch.randn(5, 16)
    spread = block(x, causal_mask(5), torch.tensor([0, 2, 4, 6, 8]))
    moved = block(x, causal_mask(5), torch.arange(5) + 100)
    torch.testing.assert_close(moved, block(x, causal_mask(5)), atol=1e-4, rtol=0)
    assert not torch.allclose(spread, block(x, causal_mask(5)), atol=1e-4)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"norm": "batch"}, "no norm 'batch'; choose from: layer, rms"),
        ({"feed_forward": "relu"}, "no feed-forward network 'relu'; choose from: gelu"),
    ],
)
def test_an_unknown_choice_is_refused_with_those_there_are(unchecked, choice, message):
    with pytest.raises(ConfigurationError, match=message):
        TransformerBlock(8, 2, **choice)


@pytest.mark.parametrize("position", ["learned", "rotary"])
def test_a_block_of_a_configuration_is_the_block_with_its_fields(position: str) -> None:
    config = TransformerConfig(
        9, 8, 16, 2, 4, num_kv_heads=2, hidden_dim=10, position=position, norm_epsilon=0.1
    )
    made = TransformerBlock.from_config(config, fused=False)
    base = 10_000.0 if position == "rotary" else None
    by_hand = TransformerBlock(
        16,
        4,
        hidden_dim=10,
        norm_epsilon=0.1,
        fused=False,
        **{**LLAMA, "rotary_base": base},
    )
    by_hand.load_state_dict(made.state_dict())
    x = torch.randn(2, 5, 16)
    torch.testing.assert_close(made(x, causal=True), by_hand(x, causal=True))
    assert made.attention.rotary_base == base
    assert not made.attention.fused
