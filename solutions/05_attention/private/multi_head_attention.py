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


for line in (
    "num_kv_heads: int | None = None,",
    "bias: bool = True,",
    "rotary_base: float | None = None,",
    "fused: bool = True,",
    "num_kv_heads = num_heads if num_kv_heads is None else num_kv_heads",
    "head_dim = model_dim // num_heads",
    "self.num_heads, self.num_kv_heads, self.head_dim = num_heads, num_kv_heads, head_dim",
    "self.rotary_base, self.fused = rotary_base, fused",
    "self.query = nn.Linear(model_dim, num_heads * head_dim, bias=bias)",
    "self.key = nn.Linear(model_dim, num_kv_heads * head_dim, bias=bias)",
    "self.value = nn.Linear(model_dim, num_kv_heads * head_dim, bias=bias)",
    "self.output = nn.Linear(num_heads * head_dim, model_dim, bias=bias)",
):
    private.equivalent(line, None, "The lab gives the four maps.")
for line in (
    'positions: Int[Tensor, "length"] | None = None,',
    "query, key, value = self.project(x, positions, rotation)",
    "rotation: Rotation | None = None,",
    "causal: bool = False,",
    "cache: LayerCache | None = None,",
    "if cache is not None:",
    "key, value = cache.append(key, value)",
    "if self.fused:",
    "if causal:",
    "mask = causal_mask(query.shape[-2], key.shape[-2]).to(x.device)",
    "gathered = scaled_dot_product_attention(",
    "query, self._shared(key), self._shared(value), mask",
):
    private.equivalent(line, None, "It serves positions, a cache, and attention in explicit steps.")
for line in (
    "query, key, _ = self.project(x, positions, rotation)",
    "return attention_weights(query, self._shared(key), mask)",
):
    private.equivalent(
        line, None, "It gives attention weights, for which the exercise does not ask."
    )
for line in (
    "if self.rotary_base is not None:",
    "rotation = rotation or self._rotation(x, positions)",
    "query, key = rotation.turn(query), rotation.turn(key)",
    "assert self.rotary_base is not None  # noqa: S101 - the callers have looked",
    "if positions is None:",
    "positions = torch.arange(x.shape[-2], device=x.device)",
    "return Rotation.of(rotary_angles(positions, self.head_dim, self.rotary_base), x.dtype)",
    "group = self.num_heads // self.num_kv_heads",
    "if group == 1:",
    "return heads",
    'return repeat(heads, "... head length dim -> ... (head group) length dim", group=group)',
):
    private.equivalent(
        line, None, "The exercise has no rotary positions, and no key heads that are shared."
    )
