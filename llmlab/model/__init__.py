"""The parts of a transformer, in the order in which a lab builds them."""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

from llmlab.model.attention import (
    MultiHeadAttention,
    attention_weights,
    causal_mask,
    join_heads,
    scaled_dot_product_attention,
    split_heads,
)
from llmlab.model.block import TransformerBlock
from llmlab.model.embedding import TokenEmbedding, embed
from llmlab.model.feed_forward import FeedForward, SwiGLU, gelu, silu
from llmlab.model.norms import LayerNorm, RMSNorm, layer_norm, rms_norm
from llmlab.model.positions import (
    LearnedPositions,
    apply_rotary,
    rotary_angles,
    sinusoidal_positions,
)

__all__ = [
    # embeddings and positions
    "embed",
    "TokenEmbedding",
    "sinusoidal_positions",
    "LearnedPositions",
    "rotary_angles",
    "apply_rotary",
    # attention
    "causal_mask",
    "attention_weights",
    "scaled_dot_product_attention",
    "split_heads",
    "join_heads",
    "MultiHeadAttention",
    # what follows attention
    "gelu",
    "silu",
    "FeedForward",
    "SwiGLU",
    "layer_norm",
    "LayerNorm",
    "rms_norm",
    "RMSNorm",
    "TransformerBlock",
]
