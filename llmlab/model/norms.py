"""Norms: they keep the size of each token's vector in bounds, so that deep models train.

LayerNorm (Ba et al., 2016) centers and scales; RMSNorm (Zhang & Sennrich, 2019) only scales, costs
less, and serves as well, which is why LLaMA and most models since use it.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from llmlab.precision import at_least_float32


def layer_norm(
    x: Float[Tensor, "... dim"],
    weight: Float[Tensor, "dim"],
    bias: Float[Tensor, "dim"],
    epsilon: float = 1e-5,
) -> Float[Tensor, "... dim"]:
    """Bring each vector to mean 0 and variance 1, then scale and shift it (Ba et al., 2016).

    The variance divides by `dim`, not by `dim - 1`; `epsilon` keeps a constant vector from a
    division by 0.
    """
    wide = at_least_float32(x)
    centered = wide - wide.mean(dim=-1, keepdim=True)
    variance = centered.square().mean(dim=-1, keepdim=True)
    normalized = centered * torch.rsqrt(variance + epsilon)
    return (normalized * weight + bias).to(x.dtype)


def rms_norm(
    x: Float[Tensor, "... dim"], weight: Float[Tensor, "dim"], epsilon: float = 1e-5
) -> Float[Tensor, "... dim"]:
    """Bring each vector to a root mean square of 1, then scale it (Zhang & Sennrich, 2019)."""
    wide = at_least_float32(x)
    normalized = wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + epsilon)
    return (normalized * weight).to(x.dtype)


class LayerNorm(nn.Module):
    """`layer_norm` with a learned scale and shift."""

    def __init__(self, dim: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.epsilon = epsilon

    def forward(self, x: Float[Tensor, "... dim"]) -> Float[Tensor, "... dim"]:
        """Normalize each vector; by PyTorch's fused kernel, if the types of numbers are equal."""
        if x.dtype != self.weight.dtype:
            return layer_norm(x, self.weight, self.bias, self.epsilon)
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


class RMSNorm(nn.Module):
    """`rms_norm` with a learned scale."""

    def __init__(self, dim: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.epsilon = epsilon

    def forward(self, x: Float[Tensor, "... dim"]) -> Float[Tensor, "... dim"]:
        """Normalize each vector; by PyTorch's fused kernel, if the types of numbers are equal."""
        if x.dtype != self.weight.dtype:
            return rms_norm(x, self.weight, self.epsilon)
        return functional.rms_norm(x, self.weight.shape, self.weight, self.epsilon)
