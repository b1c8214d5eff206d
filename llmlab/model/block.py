"""The transformer block: attention, then the feed-forward network, each added to what came in.

The sums (residuals; He et al., 2015) give gradients a straight way down. Norms stand before each
part (pre-norm, as in GPT-2 and LLaMA; Xiong et al., 2020) or after each sum (post-norm, as in
Vaswani et al., 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from llmlab.errors import ConfigurationError
from llmlab.model.attention import Mask, MultiHeadAttention
from llmlab.model.cache import LayerCache
from llmlab.model.config import TransformerConfig
from llmlab.model.feed_forward import FeedForward, SwiGLU
from llmlab.model.norms import LayerNorm, RMSNorm
from llmlab.model.positions import Rotation

NORMS: dict[str, Callable[[int, float], nn.Module]] = {"layer": LayerNorm, "rms": RMSNorm}
FEED_FORWARDS: dict[str, Callable[[int, int | None, bool], nn.Module]] = {
    "gelu": FeedForward,
    "gelu_tanh": partial(FeedForward, approximate="tanh"),
    "swiglu": SwiGLU,
}


class TransformerBlock(nn.Module):
    """One layer of a transformer, in GPT-2's form by default and in LLaMA's by choice.

    LLaMA's form is `norm="rms", feed_forward="swiglu", bias=False, rotary_base=10_000.0`.

    Args:
        model_dim: The length of each token's vector.
        num_heads: Attention heads.
        num_kv_heads: Key-value heads; by default as many.
        hidden_dim: The width of the feed-forward network; by default its own choice.
        norm: `layer` (LayerNorm) or `rms` (RMSNorm).
        norm_epsilon: What the norms add to the variance.
        feed_forward: `gelu`, `gelu_tanh` (the approximation that GPT-2's weights expect) or
            `swiglu`.
        norm_first: Pre-norm if true, post-norm if false.
        bias: Whether attention and feed-forward network add biases.
        rotary_base: The base of rotary positions; None for none.
        fused: Whether attention uses PyTorch's fused kernel.

    Raises:
        ConfigurationError: A choice is unknown, or the numbers of heads do not divide what they
            must.
    """

    def __init__(
        self,
        model_dim: int,
        num_heads: int,
        *,
        num_kv_heads: int | None = None,
        hidden_dim: int | None = None,
        norm: Literal["layer", "rms"] = "layer",
        norm_epsilon: float = 1e-5,
        feed_forward: Literal["gelu", "gelu_tanh", "swiglu"] = "gelu",
        norm_first: bool = True,
        bias: bool = True,
        rotary_base: float | None = None,
        fused: bool = True,
    ) -> None:
        super().__init__()
        if norm not in NORMS:
            raise ConfigurationError(f"There is no norm {norm!r}; choose from: {', '.join(NORMS)}.")
        if feed_forward not in FEED_FORWARDS:
            raise ConfigurationError(
                f"There is no feed-forward network {feed_forward!r}; choose from: "
                f"{', '.join(FEED_FORWARDS)}."
            )
        self.norm_first = norm_first
        self.attention_norm = NORMS[norm](model_dim, norm_epsilon)
        self.attention = MultiHeadAttention(
            model_dim, num_heads, num_kv_heads, bias, rotary_base, fused
        )
        self.feed_forward_norm = NORMS[norm](model_dim, norm_epsilon)
        self.feed_forward = FEED_FORWARDS[feed_forward](model_dim, hidden_dim, bias)

    @classmethod
    def from_config(cls, config: TransformerConfig, *, fused: bool = True) -> TransformerBlock:
        """Make one of the blocks that a configuration describes."""
        return cls(
            config.model_dim,
            config.num_heads,
            num_kv_heads=config.num_kv_heads,
            hidden_dim=config.hidden_dim,
            norm=config.norm,
            norm_epsilon=config.norm_epsilon,
            feed_forward=config.feed_forward,
            bias=config.bias,
            rotary_base=config.rotary_base if config.position == "rotary" else None,
            fused=fused,
        )

    def forward(
        self,
        x: Float[Tensor, "... length model_dim"],
        mask: Mask | None = None,
        positions: Int[Tensor, "length"] | None = None,
        *,
        rotation: Rotation | None = None,
        causal: bool = False,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "... length model_dim"]:
        """Pass sequences through the block; `MultiHeadAttention` says what the arguments mean."""

        def attend(x: Tensor) -> Tensor:
            return self.attention(x, mask, positions, rotation=rotation, causal=causal, cache=cache)

        if self.norm_first:
            x = x + attend(self.attention_norm(x))
            x = x + self.feed_forward(self.feed_forward_norm(x))
        else:
            x = self.attention_norm(x + attend(x))
            x = self.feed_forward_norm(x + self.feed_forward(x))
        return x
