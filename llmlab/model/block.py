"""The transformer block: attention, then the feed-forward network, each added to what came in.

The sums (residuals; He et al., 2015) give gradients a straight way down. Norms stand before each part
(pre-norm, as in GPT-2 and LLaMA; Xiong et al., 2020) or after each sum (post-norm, as in Vaswani et al., 2017).
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from llmlab.model.attention import Mask, MultiHeadAttention
from llmlab.model.feed_forward import FeedForward, SwiGLU
from llmlab.model.norms import LayerNorm, RMSNorm


class TransformerBlock(nn.Module):
    """One layer of a transformer, in GPT-2's form by default and in LLaMA's by choice.

    Args:
        model_dim: The length of each token's vector.
        num_heads: Attention heads.
        num_kv_heads: Key-value heads; by default as many.
        hidden_dim: The width of the feed-forward network; by default its own choice.
        norm: `layer` (LayerNorm) or `rms` (RMSNorm).
        feed_forward: `gelu` or `swiglu`.
        norm_first: Pre-norm if true, post-norm if false.
        bias: Whether attention and feed-forward network add biases.
        rotary_base: The base of rotary positions; None for none.

    Raises:
        ConfigurationError: The numbers of heads do not divide what they must.
    """

    def __init__(
        self,
        model_dim: int,
        num_heads: int,
        *,
        num_kv_heads: int | None = None,
        hidden_dim: int | None = None,
        norm: Literal["layer", "rms"] = "layer",
        feed_forward: Literal["gelu", "swiglu"] = "gelu",
        norm_first: bool = True,
        bias: bool = True,
        rotary_base: float | None = None,
    ) -> None:
        super().__init__()
        norm_class = {"layer": LayerNorm, "rms": RMSNorm}[norm]
        network = {"gelu": FeedForward, "swiglu": SwiGLU}[feed_forward]
        self.norm_first = norm_first
        self.attention_norm = norm_class(model_dim)
        self.attention = MultiHeadAttention(model_dim, num_heads, num_kv_heads, bias, rotary_base)
        self.feed_forward_norm = norm_class(model_dim)
        self.feed_forward = network(model_dim, hidden_dim, bias)

    def forward(
        self,
        x: Float[Tensor, "... length model_dim"],
        mask: Mask | None = None,
        positions: Int[Tensor, "length"] | None = None,
    ) -> Float[Tensor, "... length model_dim"]:
        """Pass a sequence through the block."""
        if self.norm_first:
            x = x + self.attention(self.attention_norm(x), mask, positions)
            return x + self.feed_forward(self.feed_forward_norm(x))
        x = self.attention_norm(x + self.attention(x, mask, positions))
        return self.feed_forward_norm(x + self.feed_forward(x))
