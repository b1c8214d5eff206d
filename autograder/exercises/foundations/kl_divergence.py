"""`foundations.kl_divergence`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import distributions
from llmlab import foundations

exercise = LAB.exercise(
    "kl_divergence",
    reference=foundations.kl_divergence,
    forbidden=("torch.nn.functional.kl_div",),
    hints=(
        "Which of the two draws the outcomes, and which is only believed? The first is the weight.",
        "It is the average, over what p draws, of one surprise less another. Where p is 0 there is "
        "nothing to average.",
        "Subtract the logarithm of q from that of p, where p is 0 put 0 in its place, multiply by p, "
        "and add up over the last dimension.",
    ),
)


@exercise.probe
def truth_and_belief(implementation: Any, generator: Generator) -> Any:
    """The truth (0.5, 0.5) and the belief (0.9, 0.1)."""
    return implementation(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]]))


@exercise.probe
def never_drawn(implementation: Any, generator: Generator) -> Any:
    """Three outcomes, one of which the truth never draws and the belief thinks possible."""
    truth = torch.tensor([[0.3, 0.0, 0.7], [0.2, 0.6, 0.2]])
    return implementation(truth, distributions(generator, 2, 3))


@exercise.misconception(
    "The two distributions have changed places: your outcomes are drawn from the belief. p draws "
    "them, so p is the weight, and the result is not the same. Reread 'Which way round?'."
)
def wrong_way_round(p: Tensor, q: Tensor) -> Tensor:
    return foundations.kl_divergence(q, p)


@exercise.misconception(
    "Your divergence is negative: the two surprises are subtracted the other way. Who believes q is "
    "surprised more, and the difference counts what is more. Reread 'Believing the wrong thing'."
)
def sign_changed(p: Tensor, q: Tensor) -> Tensor:
    return -foundations.kl_divergence(p, q)


@exercise.misconception(
    "Your code takes the logarithm of 0 where p never draws an outcome, and 0 times infinity is no "
    "number. What is never drawn adds nothing. Reread 'Believing the wrong thing'."
)
def nothing_times_infinity(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum(dim=-1)


@exercise.misconception(
    "Your code returns the whole surprise of one who believes q: the cross-entropy. The divergence "
    "is only what comes on top of p's own entropy. Reread 'Believing the wrong thing'."
)
def whole_surprise(p: Tensor, q: Tensor) -> Tensor:
    return -(p * q.log()).sum(dim=-1)


@exercise.misconception(
    "Your code subtracts two entropies, each averaged over its own distribution. Both surprises have "
    "to be averaged over what p draws. Reread 'Believing the wrong thing'."
)
def difference_of_entropies(p: Tensor, q: Tensor) -> Tensor:
    return foundations.entropy(q) - foundations.entropy(p)


@exercise.misconception(
    "Your divergence is in bits, since its logarithm has the base 2. The text asks for nats, as "
    "everywhere in this course. Reread 'Bits and nats'."
)
def divergence_in_bits(p: Tensor, q: Tensor) -> Tensor:
    return foundations.kl_divergence(p, q) / math.log(2)
