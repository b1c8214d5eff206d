"""Surprise, and its averages: entropy, cross-entropy, divergence, perplexity (Shannon, 1948).

An event of probability p is worth `-log p` of surprise. With the natural logarithm, as everywhere here
and in PyTorch, the unit is the nat; divided by `log 2` it is the bit.
"""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from llmlab.errors import OutOfRangeError
from llmlab.foundations.probability import log_softmax


def entropy(probabilities: Float[Tensor, "*batch outcomes"]) -> Float[Tensor, "*batch"]:
    """Compute the average surprise of each distribution: `-sum(p log p)`, in nats.

    It is 0 when one outcome is certain, and `log(outcomes)` when all are equally likely. An outcome of
    probability 0 adds nothing, for `p log p` tends to 0 with p.
    """
    safe = probabilities.masked_fill(probabilities == 0, 1.0)
    return -(probabilities * safe.log()).sum(dim=-1)


def kl_divergence(
    p: Float[Tensor, "*batch outcomes"], q: Float[Tensor, "*batch outcomes"]
) -> Float[Tensor, "*batch"]:
    """Compute how much worse q predicts what p draws than p itself: `sum(p log(p / q))`, in nats.

    This is the extra surprise of one who believes q while outcomes come from p (Kullback & Leibler,
    1951). It is never negative, 0 when p and q are equal, and in general not the same with p and q
    exchanged. Where q rules out what p allows, it is infinite.
    """
    impossible = p == 0
    ratio = p.masked_fill(impossible, 1.0).log() - q.masked_fill(impossible, 1.0).log()
    return (p * ratio).sum(dim=-1)


def cross_entropy(
    scores: Float[Tensor, "*batch classes"],
    targets: Int[Tensor, "*batch"],
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Average the surprise at the right answers, `-log softmax(scores)[target]`, in nats.

    Args:
        scores: The model's scores; the last dimension counts classes.
        targets: The right class of each.
        ignore_index: Targets of this value do not count, as those of padding.
        label_smoothing: The share of the target that is spread over all classes evenly (Szegedy et
            al., 2015), from 0 to 1.

    Returns:
        The mean over the targets that count; NaN, as in PyTorch, if none does.

    Raises:
        OutOfRangeError: A target is no class.
    """
    counted = targets != ignore_index
    chosen = targets[counted]
    classes = scores.shape[-1]
    strange = (chosen < 0) | (chosen >= classes)
    if bool(strange.any()):
        raise OutOfRangeError(
            f"There is no class {int(chosen[strange][0])}; targets run from 0 to {classes - 1}, and "
            f"{ignore_index} marks those that do not count."
        )
    surprise = -log_softmax(scores[counted])
    loss = surprise.gather(-1, chosen[:, None].long()).squeeze(-1)
    if label_smoothing:
        loss = (1 - label_smoothing) * loss + label_smoothing * surprise.mean(dim=-1)
    return loss.mean()


def perplexity(log_probabilities: Float[Tensor, "*tokens"]) -> Float[Tensor, ""]:
    """Compute `exp(-mean(log p))` over the tokens of a text (Jelinek et al., 1977).

    It is the number of equally likely tokens among which a guess would be as hard.

    Args:
        log_probabilities: The natural logarithm of the probability that the model gave to each token.
    """
    return (-log_probabilities.mean()).exp()
