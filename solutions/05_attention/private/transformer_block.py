"""`attention.TransformerBlock`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private, fill_parameters
from llmlab.model import FeedForward, LayerNorm
from llmlab.model import MultiHeadAttention as ReferenceAttention

private = Private()


@private.probe
def one_token(implementation: Any, generator: Generator) -> Any:
    """Two leading dimensions, then a single token and a single head."""
    module = implementation(6, 1)
    shapes = fill_parameters(module, generator)
    x = 2 * torch.randn(2, 2, 3, 6, generator=generator)
    return {"parameters": shapes, "batch": module(x), "token": module(x[0, 0, :1])}


@private.probe
def padded_block(implementation: Any, generator: Generator) -> Any:
    """A mask that hides one token from all others."""
    module = implementation(8, 2)
    fill_parameters(module, generator)
    mask = torch.ones(5, 5, dtype=torch.bool)
    mask[:, 2] = False
    mask[2, 2] = True
    return module(2 * torch.randn(3, 5, 8, generator=generator), mask)


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
