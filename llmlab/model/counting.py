"""How many numbers a model learns, by arithmetic: a model of any size is counted without making it."""

from __future__ import annotations

from llmlab.model.config import TransformerConfig


def count_parameters(config: TransformerConfig) -> int:
    """Count the numbers that a model of this configuration learns; a shared table counts once."""
    dim, head_dim = config.model_dim, config.head_dim
    gated = config.feed_forward == "swiglu"
    hidden = config.hidden_dim or (8 * dim // 3 if gated else 4 * dim)

    def linear(inputs: int, outputs: int) -> int:
        return inputs * outputs + (outputs if config.bias else 0)

    queries, keys = config.num_heads * head_dim, config.kv_heads * head_dim
    attention = linear(dim, queries) + 2 * linear(dim, keys) + linear(queries, dim)
    feed_forward = (1 + gated) * linear(dim, hidden) + linear(hidden, dim)
    norm = dim if config.norm == "rms" else 2 * dim
    block = attention + feed_forward + 2 * norm
    table = config.vocabulary_size * dim
    tables = table if config.tied_embeddings else 2 * table
    positions = config.max_length * dim if config.position == "learned" else 0
    return tables + positions + config.num_layers * block + norm
