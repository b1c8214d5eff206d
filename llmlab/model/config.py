"""The configuration of a transformer: one class describes GPT-2, LLaMA, Mistral and SmolLM2 alike.

Presets are data. Their sizes are those of the published models: GPT-2 (Radford et al., 2019),
SmolLM2 (Allal et al., 2025), Llama 3.2 (Meta, 2024), Mistral 7B (Jiang et al., 2023); the two
`tales` models are our own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from llmlab.errors import ConfigurationError
from llmlab.model.positions import RotaryScaling


@dataclass(frozen=True)
class TransformerConfig:
    """The sizes and choices that make a `Transformer`.

    Attributes:
        vocabulary_size: How many different tokens there are.
        max_length: The longest sequence that the model was made for, in tokens.
        model_dim: The length of each token's vector.
        num_layers: How many blocks are stacked.
        num_heads: Query heads of each block.
        num_kv_heads: Key-value heads of each block (grouped-query attention); None for as many.
        hidden_dim: The width of the feed-forward network; None for its own choice.
        norm: `layer` (LayerNorm) or `rms` (RMSNorm).
        norm_epsilon: What the norms add to the variance.
        feed_forward: `gelu`, `gelu_tanh` or `swiglu`.
        position: `learned` or `rotary`.
        rotary_base: The base of rotary positions.
        rotary_scaling: How rotary frequencies are stretched beyond the length of pretraining.
        sliding_window: How many tokens, itself included, each one sees; None for all before it.
        bias: Whether attention and feed-forward network add biases.
        tied_embeddings: Whether the map to logits is the embedding table (Press & Wolf, 2017).

    Raises:
        ConfigurationError: A size is not positive, a choice is unknown, or the heads do not divide.
    """

    vocabulary_size: int
    max_length: int
    model_dim: int
    num_layers: int
    num_heads: int
    num_kv_heads: int | None = None
    hidden_dim: int | None = None
    norm: Literal["layer", "rms"] = "rms"
    norm_epsilon: float = 1e-5
    feed_forward: Literal["gelu", "gelu_tanh", "swiglu"] = "swiglu"
    position: Literal["learned", "rotary"] = "rotary"
    rotary_base: float = 10_000.0
    rotary_scaling: RotaryScaling | None = None
    sliding_window: int | None = None
    bias: bool = False
    tied_embeddings: bool = True

    def __post_init__(self) -> None:
        """Refuse what no model can be made of."""
        for name in ("vocabulary_size", "max_length", "model_dim", "num_layers", "num_heads"):
            self._positive(name, getattr(self, name))
        for name in ("num_kv_heads", "hidden_dim", "sliding_window"):
            if getattr(self, name) is not None:
                self._positive(name, getattr(self, name))
        if self.position not in ("learned", "rotary"):
            raise ConfigurationError(
                f"There are no positions {self.position!r}; choose `learned` or `rotary`."
            )
        if self.model_dim % self.num_heads:
            raise ConfigurationError(
                f"{self.num_heads} heads do not divide a model_dim of {self.model_dim}; choose a "
                "divisor."
            )

    def _positive(self, name: str, value: int) -> None:
        if value < 1:
            raise ConfigurationError(f"{name} is {value}; give a whole number of at least 1.")

    @property
    def head_dim(self) -> int:
        """The length of one head's queries, keys and values."""
        return self.model_dim // self.num_heads

    @property
    def kv_heads(self) -> int:
        """How many key-value heads there are, spelled out."""
        return self.num_heads if self.num_kv_heads is None else self.num_kv_heads

    def changed(self, **fields: Any) -> TransformerConfig:
        """Return the configuration with some fields changed."""
        return dataclasses.replace(self, **fields)


def _gpt2(model_dim: int, num_layers: int, num_heads: int) -> TransformerConfig:
    return TransformerConfig(
        vocabulary_size=50_257,
        max_length=1024,
        model_dim=model_dim,
        num_layers=num_layers,
        num_heads=num_heads,
        norm="layer",
        feed_forward="gelu_tanh",
        position="learned",
        bias=True,
    )


PRESETS: dict[str, TransformerConfig] = {
    "tales-1m": TransformerConfig(1024, 256, 128, 4, 4, hidden_dim=384),
    "tales-8m": TransformerConfig(2048, 512, 256, 9, 8, hidden_dim=768),
    "gpt2-124m": _gpt2(768, 12, 12),
    "gpt2-350m": _gpt2(1024, 24, 16),
    "gpt2-774m": _gpt2(1280, 36, 20),
    "gpt2-1.5b": _gpt2(1600, 48, 25),
    "smollm2-135m": TransformerConfig(
        49_152, 8192, 576, 30, 9, num_kv_heads=3, hidden_dim=1536, rotary_base=100_000.0
    ),
    "smollm2-360m": TransformerConfig(
        49_152, 8192, 960, 32, 15, num_kv_heads=5, hidden_dim=2560, rotary_base=100_000.0
    ),
    "llama-3.2-1b": TransformerConfig(
        128_256,
        131_072,
        2048,
        16,
        32,
        num_kv_heads=8,
        hidden_dim=8192,
        rotary_base=500_000.0,
        rotary_scaling=RotaryScaling(
            factor=32.0, low_frequency=1.0, high_frequency=4.0, original_length=8192
        ),
    ),
    "mistral-7b": TransformerConfig(
        32_000,
        32_768,
        4096,
        32,
        32,
        num_kv_heads=8,
        hidden_dim=14_336,
        sliding_window=4096,
        tied_embeddings=False,
    ),
}


def preset(name: str) -> TransformerConfig:
    """Find a preset by its name, as `gpt2-124m`.

    Raises:
        ConfigurationError: There is none; the message lists them.
    """
    if name not in PRESETS:
        raise ConfigurationError(f"There is no preset {name!r}; choose from: {', '.join(PRESETS)}.")
    return PRESETS[name]
