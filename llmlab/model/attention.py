"""Attention: each token gathers from the others what it needs (Vaswani et al., 2017).

A query asks, keys are compared with it, and the values are averaged by how well their keys fit. In
masks True means 'may attend', as in PyTorch's `scaled_dot_product_attention`.
"""

from __future__ import annotations

import math

import torch
from einops import einsum, repeat
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from llmlab.errors import ConfigurationError, DtypeError, ShapeError
from llmlab.model.cache import LayerCache
from llmlab.model.positions import Rotation, rotary_angles

# Boolean (True: may attend) or added to the scores (0: may, -inf: may not). It broadcasts, so a
# mask that is the same for all queries can be (batch, 1, 1, key).
Mask = Bool[Tensor, "... #query #key"] | Float[Tensor, "... #query #key"]


def causal_mask(query_length: int, key_length: int | None = None) -> Bool[Tensor, "query key"]:
    """Make the mask with which each token sees itself and those before it.

    With more keys than queries, the queries are the last positions, as in generation with a cache.

    Raises:
        ShapeError: There are fewer keys than queries.
    """
    key_length = query_length if key_length is None else key_length
    if key_length < query_length:
        raise ShapeError(
            f"{query_length} queries cannot be the last of {key_length} positions; a causal mask "
            "needs at least as many keys as queries."
        )
    everything = torch.ones(query_length, key_length, dtype=torch.bool)
    return everything.tril(diagonal=key_length - query_length)


def attention_weights(
    query: Float[Tensor, "... query head_dim"],
    key: Float[Tensor, "... key head_dim"],
    mask: Mask | None = None,
) -> Float[Tensor, "... query key"]:
    """Compute how much each query attends to each key: `softmax(Q K^T / sqrt(head_dim) + mask)`.

    Each row sums to 1, but for a query that may attend to nothing: its row is zero.

    Raises:
        DtypeError: The mask is neither boolean nor floating-point.
    """
    # A sum of head_dim products has head_dim times their variance; the root brings it back to 1.
    scale = 1 / math.sqrt(query.shape[-1])
    scores = scale * einsum(query, key, "... query dim, ... key dim -> ... query key")
    if mask is None:
        return scores.softmax(dim=-1)
    if mask.dtype == torch.bool:
        scores = scores.masked_fill(~mask, -math.inf)
    elif mask.is_floating_point():
        scores = scores + mask
    else:
        raise DtypeError(
            f"The attention mask is of {mask.dtype}, and added to the scores its numbers would "
            "hide nothing; turn it into booleans with mask.bool()."
        )
    # A row of -inf has no softmax. It is replaced before the softmax, not only after, so that no
    # NaN enters the gradients either.
    hidden = (scores == -math.inf).all(dim=-1, keepdim=True)
    return scores.masked_fill(hidden, 0.0).softmax(dim=-1).masked_fill(hidden, 0.0)


def scaled_dot_product_attention(
    query: Float[Tensor, "... query head_dim"],
    key: Float[Tensor, "... key head_dim"],
    value: Float[Tensor, "... key value_dim"],
    mask: Mask | None = None,
) -> Float[Tensor, "... query value_dim"]:
    """Average the values by the attention weights (Vaswani et al., 2017, equation 1).

    Args:
        query: What each token asks for.
        key: What each token offers to be found by.
        value: What each token gives when it is found.
        mask: Boolean (True: may attend) or additive (0: may, -inf: may not). Broadcasts.

    Returns:
        For each query, the weighted average of the values; zeros where everything is masked.
    """
    weights = attention_weights(query, key, mask)
    return einsum(weights, value, "... query key, ... key dim -> ... query dim")


def fused_attention(
    query: Float[Tensor, "... head query head_dim"],
    key: Float[Tensor, "... kv_head key head_dim"],
    value: Float[Tensor, "... kv_head key value_dim"],
    mask: Mask | None = None,
    causal: bool = False,
) -> Float[Tensor, "... head query value_dim"]:
    """Compute the same as `scaled_dot_product_attention`, by PyTorch's fused kernel.

    It never stores the weights (FlashAttention; Dao et al., 2022), and lets neighboring query heads
    share a key-value head without copying it.

    Args:
        query: As there, heads before tokens.
        key: May have fewer heads, a divisor of the query's.
        value: As many heads as the key.
        mask: As there; a query that may attend to nothing gets zeros.
        causal: Let each token see itself and those before it; instead of a mask, and faster.
    """
    grouped = query.shape[-3] != key.shape[-3]
    same_for_all_heads = mask is None or mask.dim() == 2 or mask.shape[-3] == 1
    if grouped and query.shape[-2] == 1 and same_for_all_heads and not causal:
        # One token is being written. Query heads that share keys are then as good as several
        # queries of one head, and the keys are read once for all of them.
        shared = query.unflatten(-3, (key.shape[-3], -1)).squeeze(-2)
        gathered = functional.scaled_dot_product_attention(shared, key, value, attn_mask=mask)
        return gathered.flatten(-3, -2).unsqueeze(-2)
    return functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=causal, enable_gqa=grouped
    )


def split_heads(
    x: Float[Tensor, "... length model_dim"], num_heads: int
) -> Float[Tensor, "... head length head_dim"]:
    """Cut each token's vector into equal parts, one a head, and put the heads before the tokens.

    Raises:
        ConfigurationError: The heads do not divide the vectors.
    """
    if num_heads < 1 or x.shape[-1] % num_heads:
        raise ConfigurationError(
            f"{num_heads} heads do not divide vectors of {x.shape[-1]}; choose a divisor of it."
        )
    return x.unflatten(-1, (num_heads, -1)).transpose(-3, -2)


def join_heads(
    heads: Float[Tensor, "... head length head_dim"],
) -> Float[Tensor, "... length model_dim"]:
    """Undo `split_heads`."""
    return heads.transpose(-3, -2).flatten(start_dim=-2)


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own part of the vector.

    With fewer key-value heads than query heads, neighboring query heads share one: grouped-query
    attention (Ainslie et al., 2023), or multi-query attention with a single one (Shazeer, 2019).

    Args:
        model_dim: The length of each token's vector.
        num_heads: How many query heads; it divides `model_dim`.
        num_kv_heads: How many key-value heads; it divides `num_heads`. By default, as many.
        bias: Whether the four linear maps add a bias.
        rotary_base: Turn queries and keys by rotary positions with this base; None for no rotation.
        fused: Attend by PyTorch's fused kernel, or in the explicit steps of the formula.

    Raises:
        ConfigurationError: The numbers do not divide each other, or a rotated head is odd.
    """

    def __init__(
        self,
        model_dim: int,
        num_heads: int,
        num_kv_heads: int | None = None,
        bias: bool = True,
        rotary_base: float | None = None,
        fused: bool = True,
    ) -> None:
        super().__init__()
        num_kv_heads = num_heads if num_kv_heads is None else num_kv_heads
        if num_heads < 1 or model_dim % num_heads:
            raise ConfigurationError(
                f"{num_heads} heads do not divide a model_dim of {model_dim}; choose a divisor."
            )
        if num_kv_heads < 1 or num_heads % num_kv_heads:
            raise ConfigurationError(
                f"{num_kv_heads} key-value heads do not divide {num_heads} heads; choose a divisor."
            )
        head_dim = model_dim // num_heads
        if rotary_base is not None and head_dim % 2:
            raise ConfigurationError(
                f"Rotary positions turn pairs of dimensions, and a head has {head_dim}; choose "
                "num_heads so that model_dim / num_heads is even."
            )
        self.num_heads, self.num_kv_heads, self.head_dim = num_heads, num_kv_heads, head_dim
        self.rotary_base, self.fused = rotary_base, fused
        self.query = nn.Linear(model_dim, num_heads * head_dim, bias=bias)
        self.key = nn.Linear(model_dim, num_kv_heads * head_dim, bias=bias)
        self.value = nn.Linear(model_dim, num_kv_heads * head_dim, bias=bias)
        self.output = nn.Linear(num_heads * head_dim, model_dim, bias=bias)

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
        """Let the tokens of each sequence attend to each other.

        Args:
            x: The sequences.
            mask: Broadcasts to (..., head, query, key): one mask a sequence is (batch, 1, query,
                key), for without the 1 its batch would be taken for the heads.
            positions: Where the tokens stand, for rotary positions; 0, 1, 2, ... by default.
            rotation: The cosines and sines of these positions, when the caller has made them for
                all layers.
            causal: Let each token see itself and those before it, without a mask.
            cache: Keys and values of the tokens before these; theirs are added to it.
        """
        query, key, value = self.project(x, positions, rotation)
        if cache is not None:
            key, value = cache.append(key, value)
        if self.fused:
            gathered = fused_attention(query, key, value, mask, causal)
        else:
            if causal:
                mask = causal_mask(query.shape[-2], key.shape[-2]).to(x.device)
            gathered = scaled_dot_product_attention(
                query, self._shared(key), self._shared(value), mask
            )
        output: Tensor = self.output(join_heads(gathered))
        return output

    def weights(
        self,
        x: Float[Tensor, "... length model_dim"],
        mask: Mask | None = None,
        positions: Int[Tensor, "length"] | None = None,
        rotation: Rotation | None = None,
    ) -> Float[Tensor, "... head query key"]:
        """Give each head's attention weights, to be looked at."""
        query, key, _ = self.project(x, positions, rotation)
        return attention_weights(query, self._shared(key), mask)

    def project(
        self,
        x: Float[Tensor, "... length model_dim"],
        positions: Int[Tensor, "length"] | None = None,
        rotation: Rotation | None = None,
    ) -> tuple[
        Float[Tensor, "... head length head_dim"],
        Float[Tensor, "... kv_head length head_dim"],
        Float[Tensor, "... kv_head length head_dim"],
    ]:
        """Map tokens to queries, keys and values, the first two turned by position."""
        query = split_heads(self.query(x), self.num_heads)
        key = split_heads(self.key(x), self.num_kv_heads)
        value = split_heads(self.value(x), self.num_kv_heads)
        if self.rotary_base is not None:
            rotation = rotation or self._rotation(x, positions)
            query, key = rotation.turn(query), rotation.turn(key)
        return query, key, value

    def _rotation(
        self, x: Float[Tensor, "... length model_dim"], positions: Int[Tensor, "length"] | None
    ) -> Rotation:
        """Make the rotation of one layer that is used by itself."""
        assert self.rotary_base is not None  # noqa: S101 - the callers have looked
        if positions is None:
            positions = torch.arange(x.shape[-2], device=x.device)
        return Rotation.of(rotary_angles(positions, self.head_dim, self.rotary_base), x.dtype)

    def _shared(
        self, heads: Float[Tensor, "... kv_head length dim"]
    ) -> Float[Tensor, "... head length dim"]:
        """Repeat each key-value head for the query heads that share it."""
        group = self.num_heads // self.num_kv_heads
        if group == 1:
            return heads
        return repeat(heads, "... head length dim -> ... (head group) length dim", group=group)
