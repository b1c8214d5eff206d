"""`gpt.attend_with_past`: hidden probes, and right answers written differently."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Private, fill_parameters
from llmlab.model import MultiHeadAttention, TransformerConfig

private = Private()


@private.probe
def grown_by_many(implementation: Any, generator: Generator) -> Any:
    """Parts of drawn sizes, a single key-value head, and the state that a second text begins from."""
    attention = MultiHeadAttention(12, 6, 1, bias=True, rotary_base=500.0)
    fill_parameters(attention, generator)
    sizes = torch.randint(1, 5, (5,), generator=generator).tolist()
    outputs = []
    for _ in range(2):
        past = None
        for part in torch.randn(1, sum(sizes), 12, generator=generator).split(sizes, dim=1):
            output, past = implementation(attention, part, past)
            outputs.append(output)
    return outputs


@private.probe
def one_past_continued_twice(implementation: Any, generator: Generator) -> Any:
    """Two ways to go on from the same past, which must not change it."""
    attention = MultiHeadAttention(8, 2, 2, bias=False, rotary_base=10_000.0)
    fill_parameters(attention, generator)
    x = torch.randn(2, 6, 8, generator=generator)
    _, past = implementation(attention, x[:, :3])
    first, _ = implementation(attention, x[:, 3:4], past)
    second, _ = implementation(attention, x[:, 4:], past)
    return [first, second]


@private.variant
def past_written_out(
    attention: Any, x: Tensor, past: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The softmax by hand, with heads repeated and positions compared."""
    before = past[0].shape[2] if past else 0
    places = torch.arange(before, before + x.shape[1])
    query, key, value = attention.project(x, positions=places)
    if past:
        key, value = torch.cat((past[0], key), 2), torch.cat((past[1], value), 2)
    group = query.shape[1] // key.shape[1]
    keys, values = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
    scores = query @ keys.mT / math.sqrt(attention.head_dim)
    scores = scores.masked_fill(torch.arange(keys.shape[2]) > places[:, None], -math.inf)
    gathered = scores.softmax(dim=-1) @ values
    return attention.output(gathered.transpose(1, 2).flatten(2)), (key, value)


@private.variant
def past_stacked(attention: Any, x: Tensor, past: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Keep keys and values in one tensor."""
    before = 0 if past is None else past.shape[-2]
    query, *new = attention.project(x, torch.arange(x.shape[1]) + before)
    kept = torch.stack(new) if past is None else torch.cat([past, torch.stack(new)], dim=-2)
    mask = torch.ones(x.shape[1], kept.shape[-2], dtype=torch.bool).tril(diagonal=before)
    gathered = nn.functional.scaled_dot_product_attention(
        query, kept[0], kept[1], attn_mask=mask, enable_gqa=True
    )
    return attention.output(library.join_heads(gathered)), kept
