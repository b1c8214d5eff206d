"""`attention.MultiHeadAttention`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private, fill_parameters
from autograder.exercises.attention.multi_head_attention import learned, padded

private = Private()


@private.probe
def learned_weights(implementation: Any, generator: Generator) -> Any:
    """Other sizes, and all gradients."""
    return learned(implementation, generator, 12, 3, 2, 6)


@private.probe
def mask_for_each(implementation: Any, generator: Generator) -> Any:
    """A batch with a mask of its own for each sequence."""
    return padded(implementation, generator, 2, 5, 3)


@private.probe
def free_leading_dimensions(implementation: Any, generator: Generator) -> Any:
    """No mask; one sequence, two leading dimensions, then a single token, which can look only at itself."""
    module = implementation(10, 5)
    fill_parameters(module, generator)
    x = 3 * torch.randn(3, 2, 4, 10, generator=generator)
    return [module(x[0, 1].clone()), module(x), module(x[0, 0, :1].clone())]


def attention_in_place(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Change the scores in place, which are this function's own."""
    scores = torch.matmul(query, key.mT)
    scores /= query.shape[-1] ** 0.5
    if mask is not None:
        scores.masked_fill_(mask.logical_not(), float("-inf"))
    return torch.matmul(nn.functional.softmax(scores, dim=-1), value)


class _Maps(nn.Module):
    """What the lab gives."""

    def __init__(self, model_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(model_dim, model_dim)
        self.key = nn.Linear(model_dim, model_dim)
        self.value = nn.Linear(model_dim, model_dim)
        self.output = nn.Linear(model_dim, model_dim)


@private.variant
class AttentionByHead(_Maps):
    """One head after the other, joined by concatenation; masks are picked by head."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let the tokens attend to each other."""
        parts = []
        shape = (*x.shape[:-2], self.num_heads, x.shape[-2], x.shape[-2])
        allowed = None if mask is None else mask.expand(shape)
        maps = [m(x).chunk(self.num_heads, -1) for m in (self.query, self.key, self.value)]
        for head, (query, key, value) in enumerate(zip(*maps, strict=True)):
            mine = None if allowed is None else allowed[..., head, :, :]
            parts.append(attention_in_place(query, key, value, mine))
        return self.output(torch.cat(parts, dim=-1))


@private.variant
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
