"""Positions: attention is blind to order, so the order has to be put into the vectors.

Sinusoidal positions (Vaswani et al., 2017) and learned ones (GPT-2; Radford et al., 2019) are added to
the embeddings. Rotary positions (RoPE; Su et al., 2021) turn queries and keys instead, so that
their product depends on the distance between two tokens alone; today's models use these.
"""

from __future__ import annotations

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmlab.errors import ConfigurationError, ShapeError


def _frequencies(dim: int, base: float) -> Float[Tensor, "half"]:
    """Give the angle per position of each pair of dimensions: from 1 down to nearly 1 / base."""
    if dim < 2 or dim % 2:
        raise ConfigurationError(
            f"Positions pair the dimensions, and {dim} is not an even number of them; use an even size."
        )
    return base ** (-torch.arange(0, dim, 2, dtype=torch.float32) / dim)


def sinusoidal_positions(
    length: int, model_dim: int, base: float = 10_000.0
) -> Float[Tensor, "length model_dim"]:
    """Make the fixed position vectors of Vaswani et al. (2017), section 3.5.

    Even dimensions hold `sin(position * frequency)`, odd ones the cosine of the same angle, with
    frequency `base ** (-2i / model_dim)` for the i-th pair.

    Raises:
        ConfigurationError: `model_dim` is odd.
    """
    positions = torch.arange(length, dtype=torch.float32)
    angles = torch.outer(positions, _frequencies(model_dim, base))
    pairs = torch.stack([angles.sin(), angles.cos()], dim=-1)
    return rearrange(pairs, "length half two -> length (half two)")


class LearnedPositions(nn.Module):
    """One learned vector a position, as in GPT-2; there is none beyond `max_length`."""

    def __init__(self, max_length: int, model_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_length, model_dim))
        nn.init.normal_(self.weight, std=0.02)

    def forward(
        self, x: Float[Tensor, "... length model_dim"], offset: int = 0
    ) -> Float[Tensor, "... length model_dim"]:
        """Add the vectors of the positions `offset`, `offset + 1`, ...

        Raises:
            ShapeError: The sequence reaches beyond the last position.
        """
        end = offset + x.shape[-2]
        if end > len(self.weight):
            raise ShapeError(
                f"The sequence ends at position {end}, and there are vectors for {len(self.weight)}; "
                "shorten it, or make the model with a larger max_length."
            )
        return x + self.weight[offset:end]


def rotary_angles(
    positions: Int[Tensor, "length"], head_dim: int, base: float = 10_000.0
) -> Float[Tensor, "length half"]:
    """Give the angle by which each pair of dimensions is turned at each position.

    Raises:
        ConfigurationError: `head_dim` is odd.
    """
    frequencies = _frequencies(head_dim, base).to(positions.device)
    return torch.outer(positions.to(torch.float32), frequencies)


def apply_rotary(
    x: Float[Tensor, "... length head_dim"], angles: Float[Tensor, "length half"]
) -> Float[Tensor, "... length head_dim"]:
    """Turn each pair of dimensions of queries or keys by its angle (RoPE; Su et al., 2021).

    Dimension `i` is paired with `i + head_dim / 2`, as LLaMA's weights in Hugging Face's layout are; the
    paper pairs neighbors, which is the same up to the order of the dimensions.
    """
    first, second = x.chunk(2, dim=-1)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)
