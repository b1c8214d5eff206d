"""Pretraining on a page: what lab 07 teaches, and what `LanguageModel` does with more machines and more care.

A step: gradients of one or more micro-batches added up, clipped, and one move of the optimizer, at the learning rate
that the schedule gives. Everything else is bookkeeping.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Int
from torch import Tensor, nn

from llmlab.foundations import clip_gradient_norm
from llmlab.training.errors import NotFiniteError, TrainingError
from llmlab.training.loss import inputs_and_targets, next_token_loss

Batch = Int[Tensor, "batch length_and_one"]


@dataclass(frozen=True)
class Step:
    """What became of one step.

    Attributes:
        number: Counted from 0.
        loss: Before the step, in nats a token.
        learning_rate: With which it was taken.
        gradient_norm: The length of the gradient before it was clipped.
    """

    number: int
    loss: float
    learning_rate: float
    gradient_norm: float


def accumulate_gradients(model: nn.Module, micro_batches: Sequence[Batch]) -> float:
    """Compute the gradient of one large batch in parts that fit into memory, each of the same shape.

    Args:
        model: Gives logits for ids; its gradients are added to.
        micro_batches: Ids, one token longer than what the model reads.

    Returns:
        The loss of the whole, which is the mean of the parts' losses.
    """
    total = 0.0
    for ids in micro_batches:
        inputs, targets = inputs_and_targets(ids)
        # `backward` adds up, so each part brings its share of the mean.
        loss = next_token_loss(model(inputs), targets) / len(micro_batches)
        loss.backward()
        total += loss.item()
    return total


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    micro_batches: Sequence[Batch],
    max_norm: float = 1.0,
) -> tuple[float, float]:
    """Take one step.

    Args:
        model: Gives logits for ids; its weights are changed.
        optimizer: Of its parameters.
        micro_batches: Ids, one token longer than what the model reads; together they are one batch.
        max_norm: The gradient is shortened to this length.

    Returns:
        The loss before the step, and the length of the gradient before it was shortened.

    Raises:
        NotFiniteError: The loss or the gradient is no finite number; the weights are left as they were.
    """
    optimizer.zero_grad()
    loss = accumulate_gradients(model, micro_batches)
    norm = clip_gradient_norm(model.parameters(), max_norm).item()
    if not math.isfinite(loss + norm):
        raise NotFiniteError(
            f"The loss is {loss} and the gradient has the length {norm}; the weights are still those of the step "
            "before. Lower the learning rate or lengthen the warm-up, and look at this batch."
        )
    optimizer.step()
    return loss, norm


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: Callable[[int], float],
    batches: Iterable[Batch],
    *,
    steps: int,
    first_step: int = 0,
    accumulate: int = 1,
    max_norm: float = 1.0,
) -> Iterator[Step]:
    """Train, and report after each step; who asks for the next step can look, save or stop in between.

    Args:
        model: Gives logits for ids.
        optimizer: Of its parameters.
        schedule: Gives the learning rate of each step, counted from 0.
        batches: Ids, one token longer than what the model reads.
        steps: The step to stop before.
        first_step: Where to go on; more than 0 after a checkpoint.
        accumulate: How many of the batches make one step.
        max_norm: The gradient is shortened to this length.

    Raises:
        NotFiniteError: The loss or the gradient is no finite number.
        TrainingError: There are too few batches.
    """
    source = iter(batches)
    for number in range(first_step, steps):
        micro_batches = list(islice(source, accumulate))
        if len(micro_batches) < accumulate:
            raise TrainingError(
                f"The batches ended at step {number} of {steps}; give more of them or fewer steps."
            )
        for group in optimizer.param_groups:
            group["lr"] = schedule(number)
        loss, norm = train_step(model, optimizer, micro_batches, max_norm)
        yield Step(number, loss, schedule(number), norm)


@torch.no_grad()
def evaluate(model: nn.Module, batches: Iterable[Batch]) -> float:
    """Give the mean loss on batches of equal shape, in nats a token; nothing is learned from them.

    Raises:
        TrainingError: There is no batch.
    """
    losses = []
    for ids in batches:
        inputs, targets = inputs_and_targets(ids)
        losses.append(next_token_loss(model(inputs), targets).item())
    if not losses:
        raise TrainingError("There is no batch to evaluate on; give at least one.")
    return sum(losses) / len(losses)
