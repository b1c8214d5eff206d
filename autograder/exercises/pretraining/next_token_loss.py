"""`pretraining.next_token_loss`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator, Tensor
from torch.nn import functional

from autograder.exercise import normal
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import some_ids
from llmlab import training

exercise = LAB.exercise(
    "next_token_loss",
    reference=training.next_token_loss,
    forbidden=(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.nll_loss",
    ),
    hints=(
        "The last dimension of the logits runs over the vocabulary; the other two are those of the targets.",
        "Log-probabilities come from a log-softmax over the vocabulary. Of each place one of them counts: that of the "
        "target, which `gather` picks when the targets have a last dimension of their own.",
        "Take the log-softmax over the last dimension; gather along it at the targets, unsqueezed; "
        "average over all places, and turn the sign.",
    ),
)


@exercise.probe
def one_text(implementation: Any, generator: Generator) -> Any:
    """One text of three places, a vocabulary of four."""
    return {"loss": implementation(normal(generator, 1, 3, 4), some_ids(generator, 1, 3, below=4))}


@exercise.probe
def batch_with_gradient(implementation: Any, generator: Generator) -> Any:
    """Two texts of five places, a vocabulary of seven; the loss, and its gradient."""
    logits = (2 * normal(generator, 2, 5, 7)).requires_grad_()
    value = implementation(logits, some_ids(generator, 2, 5, below=7))
    value.backward()
    return {"loss": value, "gradient": logits.grad}


def _surprise(log_probabilities: Tensor, targets: Tensor) -> Tensor:
    return -log_probabilities.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


@exercise.misconception(
    "Your loss adds the places up. Then a long batch has a larger loss than a short one and larger gradients too, and "
    "a learning rate that suits one batch does not suit the next. Reread 'How surprised is it'."
)
def summed(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets).sum()


@exercise.misconception(
    "Your loss adds up the places of each text and averages over the texts alone, so it grows with their length. "
    "Reread 'How surprised is it'."
)
def summed_over_places(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets).sum(dim=-1).mean()


@exercise.misconception(
    "The logarithm comes after the average: your code averages the probabilities of the targets first. One hopeless "
    "guess among many good ones then costs next to nothing. Reread 'How surprised is it'."
)
def logarithm_last(logits: Tensor, targets: Tensor) -> Tensor:
    return -(-_surprise(logits.log_softmax(-1), targets)).exp().mean().log()


@exercise.misconception(
    "There are two softmaxes, one on the other. The second makes the probabilities nearly equal, so that no guess can "
    "be certain and the loss never comes down. Reread 'How surprised is it'."
)
def softmax_twice(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.softmax(-1).log_softmax(-1), targets).mean()


@exercise.misconception(
    "Your softmax runs over the places of a text, where it should run over the vocabulary: tokens compete with their "
    "neighbors in time, not with the other tokens that could stand in their place. Reread 'How surprised is it'."
)
def softmax_over_places(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(1), targets).mean()


@exercise.misconception(
    "Logits and targets are lined up in different orders, so places are judged by the targets of other places. When "
    "you flatten, flatten both alike, the batch before the places. Reread 'How surprised is it'."
)
def lined_up_differently(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), targets.T.flatten().roll(1))


@exercise.misconception(
    "Only the last place of each text counts in your loss. The model has made a guess at every place, and each of "
    "them has something to learn from. Reread 'How surprised is it'."
)
def last_place_only(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets)[:, -1].mean()


@exercise.misconception(
    "Your surprise is measured in bits. The right answer is in nats, with the natural logarithm, as PyTorch's losses "
    "are. Reread 'How surprised is it'."
)
def in_bits(logits: Tensor, targets: Tensor) -> Tensor:
    return _surprise(logits.log_softmax(-1), targets).mean() / math.log(2)


@exercise.misconception(
    "The sign is missing: a log-probability is negative, and going down with it makes the right token less likely. "
    "Reread 'How surprised is it'."
)
def without_sign(logits: Tensor, targets: Tensor) -> Tensor:
    return -_surprise(logits.log_softmax(-1), targets).mean()
