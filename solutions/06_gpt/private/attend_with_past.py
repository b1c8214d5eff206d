"""`gpt.attend_with_past`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Private
from autograder.exercises.gpt.attend_with_past import attention_of, in_parts, one_past_twice

private = Private()


@private.probe
def grown_by_many(implementation: Any, generator: Generator) -> Any:
    """Parts of drawn sizes, with a single key-value head and biases."""
    attention = attention_of(generator, 12, 6, 1, bias=True)
    sizes = torch.randint(1, 5, (5,), generator=generator).tolist()
    x = torch.randn(1, sum(sizes), 12, generator=generator)
    return in_parts(implementation, attention, x, sizes)


@private.probe
def one_past_continued_twice(implementation: Any, generator: Generator) -> Any:
    """Two ways to go on from the same past, which must not change it."""
    attention = attention_of(generator, 8, 2, 2)
    return one_past_twice(implementation, attention, torch.randn(2, 7, 8, generator=generator), 2)


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
