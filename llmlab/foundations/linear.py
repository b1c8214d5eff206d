"""Vectors and matrices as a model uses them: likeness, linear maps, and their derivatives."""

from __future__ import annotations

from einops import einsum
from jaxtyping import Float
from torch import Tensor


def cosine_similarity(
    first: Float[Tensor, "n dim"], second: Float[Tensor, "m dim"], epsilon: float = 1e-8
) -> Float[Tensor, "n m"]:
    """Compare the direction of each vector with that of each other one.

    `cos(a, b) = a . b / (|a| |b|)` is 1 for the same direction, 0 for a right angle, and -1 for opposite
    directions. A vector of length 0 has no direction, and a similarity of 0 to all.
    """
    first = first / first.norm(dim=-1, keepdim=True).clamp_min(epsilon)
    second = second / second.norm(dim=-1, keepdim=True).clamp_min(epsilon)
    return einsum(first, second, "n dim, m dim -> n m")


def linear_gradients(
    x: Float[Tensor, "batch inputs"],
    weight: Float[Tensor, "inputs outputs"],
    upstream: Float[Tensor, "batch outputs"],
) -> tuple[
    Float[Tensor, "batch inputs"], Float[Tensor, "inputs outputs"], Float[Tensor, "outputs"]
]:
    """Compute by hand what flows back through `y = x @ weight + bias`.

    With `G = dL/dY`, the chain rule gives `dL/dX = G W^T`, `dL/dW = X^T G`, and for the bias, which
    every row of the batch shares, the sum of the rows of G.

    Args:
        x: The input of the map.
        weight: Its matrix.
        upstream: The gradient of the loss with respect to y.

    Returns:
        The gradients with respect to x, to the weight and to the bias.
    """
    for_x = einsum(upstream, weight, "batch outputs, inputs outputs -> batch inputs")
    for_weight = einsum(x, upstream, "batch inputs, batch outputs -> inputs outputs")
    return for_x, for_weight, upstream.sum(dim=0)
