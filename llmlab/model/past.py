"""Attention that remembers, in its plainest form: keys and values are returned, and passed in again.

`llmlab.model.KVCache` keeps the same numbers in one piece of memory that is taken once.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from llmlab.model.attention import MultiHeadAttention, causal_mask, fused_attention, join_heads

# Keys and values of the tokens so far, each (batch, kv_head, past, head_dim).
Past = tuple[Tensor, Tensor]


def attend_with_past(
    attention: MultiHeadAttention, x: Float[Tensor, "batch new model_dim"], past: Past | None = None
) -> tuple[Float[Tensor, "batch new model_dim"], Past]:
    """Let new tokens attend to those before them and to each other, without reading those again.

    Args:
        attention: The maps, whose rotary positions count on from the past.
        x: The new tokens alone.
        past: What was returned with the tokens before these; None at the beginning.

    Returns:
        What the new tokens gathered; and the keys and values of all tokens so far.
    """
    before = 0 if past is None else past[0].shape[-2]
    positions = torch.arange(before, before + x.shape[-2], device=x.device)
    query, key, value = attention.project(x, positions)
    if past is not None:
        key, value = torch.cat([past[0], key], dim=-2), torch.cat([past[1], value], dim=-2)
    mask = causal_mask(query.shape[-2], key.shape[-2]).to(x.device)
    gathered = fused_attention(query, key, value, mask)
    return attention.output(join_heads(gathered)), (key, value)
