"""Supervised learning: from examples of inputs and right answers to a model that answers by itself.

Gradient descent (Cauchy, 1847) on the mean squared error (Legendre, 1805), examples set aside to judge by, and a
training loop that keeps the weights which did best on examples that it did not learn from: early stopping
(Morgan & Bourlard, 1990).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float, Shaped
from torch import Generator, Tensor, nn

from llmlab.errors import ConfigurationError, ShapeError

Examples = tuple[Tensor, Tensor]


def gradient_descent(
    inputs: Float[Tensor, "examples features"],
    targets: Float[Tensor, "examples"],
    weights: Float[Tensor, "features"],
    learning_rate: float,
    steps: int,
) -> Float[Tensor, "features"]:
    """Fit a linear model, `prediction = inputs @ weights`, by steps down the mean squared error.

    The loss is `L = mean((X w - y)^2)` and its gradient `2 / n * X^T (X w - y)`, computed anew for each step
    `w = w - learning_rate * gradient`.

    Args:
        inputs: One example a row.
        targets: The right answer to each.
        weights: Where the descent begins; not changed.
        learning_rate: How far each step follows the gradient.
        steps: How many steps are taken.

    Returns:
        The weights after the last step.
    """
    for _ in range(steps):
        errors = inputs @ weights - targets
        gradient = 2 / len(targets) * inputs.mT @ errors
        weights = weights - learning_rate * gradient
    return weights


def split_examples(
    inputs: Shaped[Tensor, "examples ..."],
    targets: Shaped[Tensor, "answers ..."],
    generator: Generator,
) -> tuple[Examples, Examples, Examples]:
    """Divide examples at random into those to learn from, those to choose by, and those to judge by.

    Args:
        inputs: One example a row.
        targets: The right answer to each.
        generator: Draws the order; equal seeds give equal parts.

    Returns:
        Training, validation and test set, each of inputs and their targets: a tenth of the examples each for
        validation and test, rounded down, and the rest for training.

    Raises:
        ShapeError: There are fewer than ten examples, or not one target for each input.
    """
    count = len(inputs)
    if count != len(targets):
        raise ShapeError(
            f"There are {count} inputs and {len(targets)} targets; give one target an input."
        )
    if count < 10:
        raise ShapeError(f"{count} examples are too few to be split in three; give at least 10.")
    order = torch.randperm(count, generator=generator)
    tenth = count // 10
    test, validation, training = order.split([tenth, tenth, count - 2 * tenth])
    return (
        (inputs[training], targets[training]),
        (inputs[validation], targets[validation]),
        (inputs[test], targets[test]),
    )


def train(
    model: nn.Module,
    loss_function: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Examples],
    validation: Examples,
    every: int = 1,
) -> list[float]:
    """Train a model on batches, and leave it with the weights that did best on the validation set.

    Args:
        model: Takes inputs, gives predictions; its weights are changed.
        loss_function: Takes predictions and targets, gives one number.
        optimizer: Of the model's parameters.
        batches: Inputs with their targets; each batch is one step.
        validation: Inputs with their targets; the model does not learn from them.
        every: After how many steps the validation loss is measured.

    Returns:
        The validation losses in the order in which they were measured.

    Raises:
        ConfigurationError: There were too few batches for a single measurement, or none gave a number.
    """
    losses: list[float] = []
    best, weights = math.inf, None
    for step, (inputs, targets) in enumerate(batches, 1):
        optimizer.zero_grad()
        loss_function(model(inputs), targets).backward()
        optimizer.step()
        if step % every:
            continue
        with torch.no_grad():
            losses.append(loss_function(model(validation[0]), validation[1]).item())
        if losses[-1] < best:
            # A state_dict shares its tensors with the model, which will change them.
            best, weights = losses[-1], copy.deepcopy(model.state_dict())
    if weights is None:
        raise ConfigurationError(
            f"The validation loss was never a number: {len(losses)} measurements, one every {every} "
            "batches. Give more batches, or a smaller learning rate."
        )
    model.load_state_dict(weights)
    return losses
