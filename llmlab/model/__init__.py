"""The parts of a transformer, in the order in which the labs build them, and the whole of it."""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

from llmlab.model.attention import (
    MultiHeadAttention,
    attention_weights,
    causal_mask,
    fused_attention,
    join_heads,
    scaled_dot_product_attention,
    split_heads,
)
from llmlab.model.block import TransformerBlock
from llmlab.model.cache import KVCache
from llmlab.model.config import PRESETS, TransformerConfig, preset
from llmlab.model.counting import count_parameters
from llmlab.model.embedding import TokenEmbedding, embed
from llmlab.model.feed_forward import FeedForward, SwiGLU, feed_forward, gelu, silu
from llmlab.model.generation import (
    Memory,
    Sampling,
    apply_temperature,
    generate,
    min_p,
    pad_left,
    penalize_repetition,
    stream,
    stream_text,
    top_k,
    top_p,
)
from llmlab.model.gguf_file import GGUFFile, halves_paired, load_gguf, name_from_gguf
from llmlab.model.huggingface import load_huggingface, save_huggingface
from llmlab.model.initialization import initial_deviation
from llmlab.model.layout import laid_out
from llmlab.model.lens import logit_lens, residual_stream
from llmlab.model.norms import LayerNorm, RMSNorm, layer_norm, rms_norm
from llmlab.model.past import attend_with_past
from llmlab.model.positions import (
    LearnedPositions,
    RotaryScaling,
    apply_rotary,
    rotary_angles,
    sinusoidal_positions,
)
from llmlab.model.transformer import Transformer
from llmlab.model.writing import write_on

__all__ = [
    # embeddings and positions
    "embed",
    "TokenEmbedding",
    "sinusoidal_positions",
    "LearnedPositions",
    "rotary_angles",
    "RotaryScaling",
    "apply_rotary",
    # attention
    "causal_mask",
    "attention_weights",
    "scaled_dot_product_attention",
    "fused_attention",
    "split_heads",
    "join_heads",
    "MultiHeadAttention",
    # what follows attention
    "gelu",
    "silu",
    "feed_forward",
    "FeedForward",
    "SwiGLU",
    "layer_norm",
    "LayerNorm",
    "rms_norm",
    "RMSNorm",
    "TransformerBlock",
    # the whole model
    "TransformerConfig",
    "PRESETS",
    "preset",
    "count_parameters",
    "initial_deviation",
    "attend_with_past",
    "KVCache",
    "Transformer",
    "laid_out",
    "residual_stream",
    "logit_lens",
    # writing
    "Sampling",
    "apply_temperature",
    "top_k",
    "top_p",
    "min_p",
    "penalize_repetition",
    "write_on",
    "pad_left",
    "Memory",
    "stream",
    "generate",
    "stream_text",
    # weights
    "load_huggingface",
    "save_huggingface",
    "load_gguf",
    "GGUFFile",
    "name_from_gguf",
    "halves_paired",
]
