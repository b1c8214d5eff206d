"""Positions: attention is blind to order, so the order has to be put into the vectors.

Sinusoidal positions (Vaswani et al., 2017) and learned ones (GPT-2; Radford et al., 2019) are added
to the embeddings. Rotary positions (RoPE; Su et al., 2021) turn queries and keys instead, so that
their product depends on the distance between two tokens alone; LLaMA and most models since use
these. Llama 3.1 stretches the slow rotations, so that texts longer than those of pretraining can be
read (Grattafiori et al., 2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

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
        self._must_exist(offset, end)
        return x + self.weight[offset:end]

    def at(self, positions: Int[Tensor, "... length"]) -> Float[Tensor, "... length model_dim"]:
        """Look up the vectors of any positions, as those of sequences padded on the left.

        Raises:
            OutOfRangeError: A position is negative or too large.
        """
        self._must_exist(int(positions.min()), int(positions.max()) + 1)
        return self.weight[positions]

    def _must_exist(self, first: int, end: int) -> None:
        if first < 0 or end > len(self.weight):
            raise OutOfRangeError(
                f"A sequence from position {first} up to {end} does not fit {len(self.weight)} "
                "positions; shorten it, or make the model with a larger max_length."
            )


@dataclass(frozen=True)
class RotaryScaling:
    """How Llama 3.1 stretches rotary positions (Grattafiori et al., 2024).

    Attributes:
        factor: By how much the slow frequencies are divided.
        low_frequency: Pairs that turn fewer times than this within the original length are slow.
        high_frequency: Pairs that turn more often are left as they are; between the two it blends.
        original_length: The length of pretraining, in tokens.
    """

    factor: float
    low_frequency: float
    high_frequency: float
    original_length: int

    def stretch(self, frequencies: Float[Tensor, "half"]) -> Float[Tensor, "half"]:
        """Divide the slow frequencies by the factor, and blend those in between."""
        turns = self.original_length * frequencies / (2 * math.pi)
        span = self.high_frequency - self.low_frequency
        share = ((turns - self.low_frequency) / span).clamp(0, 1)
        return (1 - share) * frequencies / self.factor + share * frequencies


def rotary_angles(
    positions: Int[Tensor, "... length"],
    head_dim: int,
    base: float = 10_000.0,
    scaling: RotaryScaling | None = None,
) -> Float[Tensor, "... length half"]:
    """Give the angle by which each pair of dimensions is turned at each position.

    Raises:
        ConfigurationError: `head_dim` is odd.
    """
    frequencies = _frequencies(head_dim, base).to(positions.device)
    if scaling is not None:
        frequencies = scaling.stretch(frequencies)
    # float32 whatever the model's type: bfloat16 knows no odd position beyond 256.
    return positions.float().unsqueeze(-1) * frequencies


class Rotation(NamedTuple):
    """The cosines and sines of rotary angles, which all heads of all layers share.

    Attributes:
        cos: (length, half), or (batch, 1, length, half) where each sequence has positions of its own.
        sin: Likewise.
    """

    cos: Tensor
    sin: Tensor

    @classmethod
    def of(cls, angles: Float[Tensor, "*batch length half"], dtype: torch.dtype) -> Rotation:
        """Compute them from angles, in float32, and round them to the type of what will be turned."""
        return cls(angles.cos().to(dtype), angles.sin().to(dtype))

    def turn(self, x: Float[Tensor, "... length head_dim"]) -> Float[Tensor, "... length head_dim"]:
        """Turn each pair of dimensions; `apply_rotary` says which are paired."""
        first, second = x.chunk(2, dim=-1)
        return torch.cat(
            [first * self.cos - second * self.sin, first * self.sin + second * self.cos], dim=-1
        )


def apply_rotary(
    x: Float[Tensor, "... length head_dim"], angles: Float[Tensor, "*#batch length half"]
) -> Float[Tensor, "... length head_dim"]:
    """Turn each pair of dimensions of queries or keys by its angle (RoPE; Su et al., 2021).

    Dimension `i` is paired with `i + head_dim / 2`, as in Hugging Face's LLaMA. The paper pairs
    neighbors, `2i` with `2i + 1`: the same rotations with the dimensions in another order, so
    weights that were trained in one order must be reordered for the other.

    Raises:
        ShapeError: There is not one angle for each token and each pair of its dimensions.
    """
    length, half = angles.shape[-2:]
    if x.shape[-2:] != (length, 2 * half):
        raise ShapeError(
            f"Angles for {length} tokens of {2 * half} dimensions do not fit "
            f"{x.shape[-2]} tokens of {x.shape[-1]}; make them with rotary_angles from these "
            "tokens' positions and an even head_dim."
        )
    return Rotation.of(angles, x.dtype).turn(x)
