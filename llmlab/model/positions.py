"""Positions: attention is blind to order, so the order has to be put into the vectors.

Sinusoidal positions (Vaswani et al., 2017) and learned ones (GPT-2; Radford et al., 2019) are added
to the embeddings. Rotary positions (RoPE; Su et al., 2021) turn queries and keys instead, so that
their product depends on the distance between two tokens alone; LLaMA and most models since use
these.
"""

from __future__ import annotations

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmlab.errors import ConfigurationError, OutOfRangeError, ShapeError


def _frequencies(dim: int, base: float) -> Float[Tensor, "half"]:
    """Give the angle per position of each pair of dimensions: from 1 down to nearly 1 / base."""
    if dim < 2 or dim % 2:
        raise ConfigurationError(
            f"Sines and rotations take the dimensions in pairs, and {dim} dimensions do not pair "
            "up; use an even number of them."
        )
    exponents = torch.arange(0, dim, 2, dtype=torch.float32) / dim
    return 1 / base**exponents


def sinusoidal_positions(
    length: int, model_dim: int, base: float = 10_000.0
) -> Float[Tensor, "length model_dim"]:
    """Make the fixed position vectors of Vaswani et al. (2017), section 3.5.

    Dimension `2i` holds `sin(position * frequency)` and dimension `2i + 1` the cosine of the same
    angle, with the frequency `base ** (-2i / model_dim)`.

    Raises:
        ConfigurationError: `model_dim` is odd.
    """
    positions = torch.arange(length, dtype=torch.float32)
    angles = torch.outer(positions, _frequencies(model_dim, base))
    pairs = torch.stack([angles.sin(), angles.cos()], dim=-1)
    return rearrange(pairs, "length half two -> length (half two)")


class LearnedPositions(nn.Module):
    """One learned vector a position, as in GPT-2; there is none beyond `max_length`.

    Args:
        max_length: How many positions there are.
        model_dim: The length of each token's vector.
    """

    def __init__(self, max_length: int, model_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(max_length, model_dim))
        nn.init.normal_(self.weight, std=0.02)

    def forward(
        self, x: Float[Tensor, "... length model_dim"], offset: int = 0
    ) -> Float[Tensor, "... length model_dim"]:
        """Add the vectors of the positions `offset`, `offset + 1`, ...

        Raises:
            OutOfRangeError: The sequence begins before the first or ends after the last position.
        """
        end = offset + x.shape[-2]
        if offset < 0 or end > len(self.weight):
            raise OutOfRangeError(
                f"A sequence from position {offset} up to {end} does not fit {len(self.weight)} "
                "positions; shorten it, or make the model with a larger max_length."
            )
        return x + self.weight[offset:end]


def rotary_angles(
    positions: Int[Tensor, "length"], head_dim: int, base: float = 10_000.0
) -> Float[Tensor, "length half"]:
    """Give the angle by which each pair of dimensions is turned at each position.

    Raises:
        ConfigurationError: `head_dim` is odd.
    """
    # float32 whatever the model's type: bfloat16 knows no odd position beyond 256.
    return torch.outer(positions.float(), _frequencies(head_dim, base).to(positions.device))


def apply_rotary(
    x: Float[Tensor, "... length head_dim"], angles: Float[Tensor, "length half"]
) -> Float[Tensor, "... length head_dim"]:
    """Turn each pair of dimensions of queries or keys by its angle (RoPE; Su et al., 2021).

    Dimension `i` is paired with `i + head_dim / 2`, as in Hugging Face's LLaMA. The paper pairs
    neighbors, `2i` with `2i + 1`: the same rotations with the dimensions in another order, so
    weights that were trained in one order must be reordered for the other.

    Raises:
        ShapeError: There is not one angle for each token and each pair of its dimensions.
    """
    length, half = angles.shape
    if x.shape[-2:] != (length, 2 * half):
        raise ShapeError(
            f"Angles for {length} tokens of {2 * half} dimensions do not fit "
            f"{x.shape[-2]} tokens of {x.shape[-1]}; make them with rotary_angles from these "
            "tokens' positions and an even head_dim."
        )
    first, second = x.chunk(2, dim=-1)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)
