"""The feed-forward network: what each token does with what it has gathered, by itself."""

from __future__ import annotations

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


def gelu(
    x: Float[Tensor, "..."], approximate: Literal["none", "tanh"] = "none"
) -> Float[Tensor, "..."]:
    """Weigh each input by the chance that a standard normal draw lies below it.

    The Gaussian error linear unit of Hendrycks & Gimpel (2016).

    Args:
        x: Any tensor.
        approximate: `tanh` for the paper's approximation, which GPT-2 was trained with.
    """
    if approximate == "tanh":
        chance = 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    else:
        chance = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    return x * chance


def silu(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Weigh each input by its sigmoid (Elfwing et al., 2017; also called swish)."""
    return x * torch.sigmoid(x)


def feed_forward(
    x: Float[Tensor, "... model_dim"],
    up: Float[Tensor, "model_dim hidden_dim"],
    up_bias: Float[Tensor, "hidden_dim"],
    down: Float[Tensor, "hidden_dim model_dim"],
    down_bias: Float[Tensor, "model_dim"],
) -> Float[Tensor, "... model_dim"]:
    """Compute `gelu(x up + up_bias) down + down_bias` for each token (Vaswani et al., 2017, section 3.3).

    The matrices stand as in the formula; `nn.Linear` stores their transposes.
    """
    return gelu(x @ up + up_bias) @ down + down_bias


class FeedForward(nn.Module):
    """Two linear maps with GELU between them, as in GPT-2.

    Args:
        model_dim: The length of each token's vector.
        hidden_dim: The width between the maps; by default four times `model_dim`.
        bias: Whether the maps add a bias.
        approximate: How GELU is computed: `none` (exactly) or `tanh`.
    """

    def __init__(
        self,
        model_dim: int,
        hidden_dim: int | None = None,
        bias: bool = True,
        approximate: Literal["none", "tanh"] = "none",
    ) -> None:
        super().__init__()
        hidden_dim = 4 * model_dim if hidden_dim is None else hidden_dim
        self.approximate = approximate
        self.up = nn.Linear(model_dim, hidden_dim, bias=bias)
        self.down = nn.Linear(hidden_dim, model_dim, bias=bias)

    def forward(self, x: Float[Tensor, "... model_dim"]) -> Float[Tensor, "... model_dim"]:
        """Compute `down(gelu(up(x)))` for each token."""
        # As `gelu`, in one step, which keeps less for the gradient.
        hidden = functional.gelu(self.up(x), approximate=self.approximate)
        output: Tensor = self.down(hidden)
        return output


class SwiGLU(nn.Module):
    """A gated feed-forward network, as in LLaMA (Shazeer, 2020).

    Args:
        model_dim: The length of each token's vector.
        hidden_dim: The width between the maps; by default 8/3 of `model_dim`, so that the three
            matrices hold as many numbers as the two of `FeedForward`.
        bias: Whether the maps add a bias.
    """

    def __init__(self, model_dim: int, hidden_dim: int | None = None, bias: bool = False) -> None:
        super().__init__()
        hidden_dim = 8 * model_dim // 3 if hidden_dim is None else hidden_dim
        self.gate = nn.Linear(model_dim, hidden_dim, bias=bias)
        self.up = nn.Linear(model_dim, hidden_dim, bias=bias)
        self.down = nn.Linear(hidden_dim, model_dim, bias=bias)

    def forward(self, x: Float[Tensor, "... model_dim"]) -> Float[Tensor, "... model_dim"]:
        """Compute `down(silu(gate(x)) * up(x))` for each token."""
        # As `silu`, in one step.
        hidden = functional.silu(self.gate(x)) * self.up(x)
        output: Tensor = self.down(hidden)
        return output
