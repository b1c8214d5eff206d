"""`foundations.cross_entropy`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.foundations import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "cross_entropy",
    reference=foundations.cross_entropy,
    forbidden=(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.nll_loss",
        "torch.log_softmax",
        "torch.logsumexp",
    ),
    hints=(
        "Three questions: what is the logarithm of the softmax, which entry of each row is wanted, "
        "and how many rows count?",
        "The logarithm of a quotient is a difference: shifted score less the logarithm of the sum of "
        "exponentials. No small probability is ever computed.",
        "Drop the rows whose target is the ignored one. Take each row's largest score away, subtract "
        "the logarithm of the sum of the exponentials, pick the entry of the target in each row, "
        "change the sign, and average.",
    ),
)


@exercise.probe
def four_tokens(implementation: Any, generator: Generator) -> Any:
    """Four rows of five scores, all targets count."""
    return implementation(2 * normal(generator, 4, 5), torch.tensor([3, 0, 0, 4]))


@exercise.probe
def sure_and_wrong(implementation: Any, generator: Generator) -> Any:
    """The scores (1000, 0, -1000) when the last class is right, and the gradient."""
    scores = torch.tensor([[1000.0, 0.0, -1000.0], [0.0, 1.0, 2.0]], requires_grad=True)
    value = implementation(scores, torch.tensor([2, 1]))
    value.backward()
    return {"loss": value, "gradient of the scores": scores.grad}


@exercise.probe
def with_padding(implementation: Any, generator: Generator) -> Any:
    """Five rows of four scores, of which two targets are -100 and do not count."""
    return {"loss": implementation(normal(generator, 5, 4), torch.tensor([2, -100, 1, 3, -100]))}


def _surprises(scores: Tensor, targets: Tensor) -> Tensor:
    """Give the surprise at each target that counts."""
    counted = targets != -100
    return -scores[counted].log_softmax(dim=-1).gather(-1, targets[counted][:, None])[:, 0]


@exercise.misconception(
    "Your code computes the probability first and then its logarithm. A small probability is rounded "
    "to 0, and the loss of a model that is sure and wrong becomes infinite. Reread 'The logarithm of "
    "zero'."
)
def log_of_softmax(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    kept = targets != ignore_index
    probabilities = scores[kept].softmax(dim=-1)
    return -probabilities.gather(-1, targets[kept][:, None]).log().mean()


@exercise.misconception(
    "Your mean divides by all targets, the ignored ones too, so padding makes the loss look smaller. "
    "Only those that count are counted. Reread 'What counts'."
)
def mean_over_all(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores, targets).sum() / len(targets)


@exercise.misconception(
    "Your loss is a sum over the targets. Then it grows with the length of the text, and two texts "
    "cannot be compared. Reread 'What counts'."
)
def summed(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores, targets).sum()


@exercise.misconception(
    "Your code looks up every target in every row: a colon in front of a list of columns takes all "
    "rows. Each row has one target of its own. Reread 'Surprise at what came'."
)
def every_target_everywhere(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    kept = targets != ignore_index
    return -scores[kept].log_softmax(dim=-1)[:, targets[kept]].mean()


@exercise.misconception(
    "Your softmax runs down the columns, over the tokens. The classes of one token compete with each "
    "other, and they stand in a row. Reread 'Surprise at what came'."
)
def over_tokens(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    kept = targets != ignore_index
    table = scores[kept].log_softmax(dim=0)
    return -table.gather(-1, targets[kept][:, None]).mean()


@exercise.misconception(
    "Your code applies the softmax twice: it takes the probabilities for scores. The loss can then "
    "hardly fall, however sure and right the model is. Reread 'Surprise at what came'."
)
def softmax_twice(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores.softmax(dim=-1), targets).mean()


@exercise.misconception(
    "Your code takes the ignored targets for class 0, so the model is taught to guess that class "
    "wherever there is padding. Reread 'What counts'."
)
def padding_is_class_0(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return _surprises(scores, targets.clamp(min=0)).mean()


@exercise.misconception(
    "Your loss is negative: it is the log-likelihood, which is to be made large. A loss is to be made "
    "small, so its sign is the other one. Reread 'Surprise at what came'."
)
def likelihood(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    return -_surprises(scores, targets).mean()
