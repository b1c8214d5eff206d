"""From scores to probabilities to a draw.

A model gives each token a score (a logit), any number at all; the softmax turns scores into
probabilities. Exponentials overflow early, in float32 at 89, so all functions here take the largest score
away first, which changes no result.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from llmlab.errors import DomainError
from llmlab.precision import at_least_float32


def logsumexp(scores: Float[Tensor, "*shape"], dim: int = -1) -> Float[Tensor, "..."]:
    """Compute `log(sum(exp(scores)))`, the logarithm of the softmax's denominator.

    With the largest score `m` this is `m + log(sum(exp(scores - m)))`, where no exponential overflows
    and one of them is 1, so that the sum is never 0.

    Args:
        scores: Of any shape.
        dim: What is summed over; the result lacks it.
    """
    wide = at_least_float32(scores)
    largest = wide.detach().amax(dim=dim, keepdim=True)
    # Minus infinity less itself is no number; a row of nothing else sums to 0, whose logarithm it is.
    largest = largest.masked_fill(largest.isinf(), 0.0)
    total = (wide - largest).exp().sum(dim=dim)
    return (total.log() + largest.squeeze(dim)).to(scores.dtype)


def softmax(scores: Float[Tensor, "*shape"], dim: int = -1) -> Float[Tensor, "*shape"]:
    """Turn scores into probabilities: `exp(scores) / sum(exp(scores))` (Bridle, 1990).

    Args:
        scores: Of any shape.
        dim: Along which the probabilities add up to 1.
    """
    wide = at_least_float32(scores)
    powers = (wide - wide.detach().amax(dim=dim, keepdim=True)).exp()
    return (powers / powers.sum(dim=dim, keepdim=True)).to(scores.dtype)


def log_softmax(scores: Float[Tensor, "*shape"], dim: int = -1) -> Float[Tensor, "*shape"]:
    """Compute the logarithm of the softmax: `scores - logsumexp(scores)`.

    The softmax itself rounds small probabilities to 0, whose logarithm is minus infinity. This way
    round none is computed, so a score of -1000 beside one of 0 gives -1000.
    """
    wide = at_least_float32(scores)
    shifted = wide - wide.detach().amax(dim=dim, keepdim=True)
    return (shifted - shifted.exp().sum(dim=dim, keepdim=True).log()).to(scores.dtype)


def sample(
    probabilities: Float[Tensor, "*batch outcomes"], generator: Generator
) -> Int[Tensor, "*batch"]:
    """Draw one outcome from each distribution, by a uniform number and the running sum.

    The outcomes divide the line from 0 to 1 among them, each taking as much as its probability; a
    uniform number falls into one of the pieces (inverse transform sampling).

    Args:
        probabilities: They need not add up to 1.
        generator: Draws the uniform numbers.

    Returns:
        The index of the outcome drawn; one of probability 0 is never drawn.

    Raises:
        DomainError: A probability is negative or no number, or all of a distribution are 0.
    """
    # In float32 the running sum over a large vocabulary would lose the small probabilities.
    ends = probabilities.detach().double().cumsum(dim=-1)
    totals = ends[..., -1:]
    if not bool((probabilities >= 0).all()) or not bool(((totals > 0) & totals.isfinite()).all()):
        raise DomainError(
            "Nothing can be drawn from these numbers; probabilities are at least 0, finite, and not "
            "all 0."
        )
    shape = probabilities.shape[:-1]
    uniform = torch.rand(shape, dtype=torch.float64, generator=generator, device=ends.device)
    return (ends <= uniform[..., None] * totals).sum(dim=-1)
