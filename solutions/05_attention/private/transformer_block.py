"""`attention.TransformerBlock`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private, fill_parameters
from autograder.exercises.attention.transformer_block import learned, one_token_hidden
from llmlab.model import FeedForward, LayerNorm
from llmlab.model import MultiHeadAttention as ReferenceAttention

private = Private()


@private.probe
def learned_weights(implementation: Any, generator: Generator) -> Any:
    """Other sizes, the causal mask, and all gradients."""
    return learned(implementation, generator, 8, 2, 3, 5)


@private.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """A single head, with two leading dimensions, a mask for each sequence, and a single token."""
    module = implementation(6, 1)
    fill_parameters(module, generator)
    x = 2 * torch.randn(3, 2, 5, 6, generator=generator)
    mask = one_token_hidden(generator, 3, 5)
    return [module(x.clone()), module(x[:, 1].clone(), mask), module(x[0, 0, :1].clone())]


class _Maps(nn.Module):
    """What the lab gives."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(model_dim, model_dim)
        self.key = nn.Linear(model_dim, model_dim)
        self.value = nn.Linear(model_dim, model_dim)
        self.output = nn.Linear(model_dim, model_dim)


class AttentionEinsum(_Maps):
    """Everything in einsum, the output map included."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let the tokens attend to each other."""
        query, key, value = (
            m(x).unflatten(-1, (self.num_heads, -1)) for m in (self.query, self.key, self.value)
        )
        scores = torch.einsum("...qhd,...khd->...hqk", query, key) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = torch.where(mask, scores, -math.inf)
        joined = torch.einsum("...hqk,...khd->...qhd", scores.softmax(-1), value).flatten(-2)
        return joined @ self.output.weight.T + self.output.bias


class _Parts(nn.Module):
    """What the lab gives."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.attention_norm = LayerNorm(model_dim)
        self.attention = ReferenceAttention(model_dim, num_heads)
        self.feed_forward_norm = LayerNorm(model_dim)
        self.feed_forward = FeedForward(model_dim)


@private.variant
class BlockInBranches(_Parts):
    """Each branch by name, and sums in place on tensors of its own."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pass sequences through the block."""
        stream = x.clone()
        for branch in (self._gather, self._think):
            stream = branch(stream, mask) + stream
        return stream

    def _gather(self, x: Tensor, mask: Tensor | None) -> Tensor:
        return self.attention(self.attention_norm(x), mask=mask)

    def _think(self, x: Tensor, mask: Tensor | None) -> Tensor:
        return self.feed_forward(self.feed_forward_norm(x))


@private.variant
class BlockWrittenOut(_Parts):
    """PyTorch's functions in place of the given modules' own forward, and one head's attention by hand."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__(model_dim, num_heads)
        self.attention = AttentionEinsum(model_dim, num_heads)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pass sequences through the block."""
        first, second = self.attention_norm, self.feed_forward_norm
        shape = (x.shape[-1],)
        normed = nn.functional.layer_norm(x, shape, first.weight, first.bias, first.epsilon)
        middle = torch.add(x, self.attention(normed, mask))
        normed = nn.functional.layer_norm(middle, shape, second.weight, second.bias, second.epsilon)
        hidden = nn.functional.gelu(self.feed_forward.up(normed))
        return torch.add(middle, self.feed_forward.down(hidden))


for line in (
    "num_kv_heads: int | None = None,",
    "hidden_dim: int | None = None,",
    "norm_epsilon: float = 1e-5,",
    "norm_first: bool = True,",
    "bias: bool = True,",
    "rotary_base: float | None = None,",
    "fused: bool = True,",
    "self.norm_first = norm_first",
    "self.attention_norm = NORMS[norm](model_dim, norm_epsilon)",
    "self.attention = MultiHeadAttention(",
    "model_dim, num_heads, num_kv_heads, bias, rotary_base, fused",
    "self.feed_forward_norm = NORMS[norm](model_dim, norm_epsilon)",
    "self.feed_forward = FEED_FORWARDS[feed_forward](model_dim, hidden_dim, bias)",
):
    private.equivalent(line, None, "The lab gives the parts.")
for line in (
    "def from_config(cls, config: TransformerConfig, *, fused: bool = True) -> TransformerBlock:",
    "return cls(",
    "config.model_dim,",
    "config.num_heads,",
    "num_kv_heads=config.num_kv_heads,",
    "hidden_dim=config.hidden_dim,",
    "norm=config.norm,",
    "norm_epsilon=config.norm_epsilon,",
    "feed_forward=config.feed_forward,",
    "bias=config.bias,",
    'rotary_base=config.rotary_base if config.position == "rotary" else None,',
    "fused=fused,",
):
    private.equivalent(line, None, "It reads a configuration, of which the exercise knows nothing.")
for line in (
    'positions: Int[Tensor, "length"] | None = None,',
    "rotation: Rotation | None = None,",
    "causal: bool = False,",
    "cache: LayerCache | None = None,",
    "return self.attention(x, mask, positions, rotation=rotation, causal=causal, cache=cache)",
    "if self.norm_first:",
    "x = self.attention_norm(x + attend(x))",
    "x = self.feed_forward_norm(x + self.feed_forward(x))",
):
    private.equivalent(line, None, "It serves positions, a cache, and norms after the sums.")
