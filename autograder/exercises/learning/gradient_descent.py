"""`learning.gradient_descent`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.learning import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "gradient_descent",
    reference=foundations.gradient_descent,
    hints=(
        "Write one step first: what are the errors, and what does each weight have to do with them?",
        "The gradient has one number a weight: the average, over the examples, of twice the error "
        "times that weight's input. A transposed matrix of inputs, times the "
        "errors, sums over the examples.",
        "In a loop: predictions less targets; two over the number of examples, times the "
        "transposed inputs, times the errors; new weights are the old ones less the "
        "learning rate times that.",
    ),
)


@exercise.probe
def one_step(implementation: Any, generator: Generator) -> Any:
    """Five examples of two features, and one step of 0.1."""
    inputs, targets, weights = (normal(generator, *shape) for shape in ((5, 2), (5,), (2,)))
    return {"weights": implementation(inputs, targets, weights, 0.1, 1)}


@exercise.probe
def many_steps(implementation: Any, generator: Generator) -> Any:
    """Eight examples of three features, and ten steps of 0.05."""
    inputs, targets, weights = (normal(generator, *shape) for shape in ((8, 3), (8,), (3,)))
    return {"weights": implementation(inputs, targets, weights, 0.05, 10)}


def _stepped(
    inputs: Tensor, targets: Tensor, weights: Tensor, rate: float, steps: int, factor: float
) -> Tensor:
    for _ in range(steps):
        weights = weights - rate * factor * inputs.mT @ (inputs @ weights - targets)
    return weights


@exercise.misconception(
    "Your steps go up the slope: the loss grows with each of them. The gradient points to where "
    "the loss rises. Reread 'Down the slope'."
)
def uphill(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    return _stepped(inputs, targets, weights, learning_rate, steps, -2 / len(targets))


@exercise.misconception(
    "Your gradient is that of the sum of the squared errors. The loss is their mean; with the sum, "
    "steps grow with the number of examples, and a learning rate that suits ten of them is too "
    "large for a thousand. Reread 'Down the slope'."
)
def sum_of_errors(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    return _stepped(inputs, targets, weights, learning_rate, steps, 2)


@exercise.misconception(
    "Your gradient is half of the right one: the derivative of a square brings down a factor. You "
    "would still arrive, but it is not the gradient of this loss. Reread 'Down the slope'."
)
def half_the_gradient(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    return _stepped(inputs, targets, weights, learning_rate, steps, 1 / len(targets))


@exercise.misconception(
    "Your code computes the gradient once and follows it all the way. The slope changes as you "
    "walk: after the first step the old gradient belongs to a place that you have left. Reread "
    "'Down the slope'."
)
def one_gradient(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    gradient = 2 / len(targets) * inputs.mT @ (inputs @ weights - targets)
    return weights - steps * learning_rate * gradient


@exercise.misconception(
    "Your descent begins at 0 and not at the weights that it is given, so nobody can go on from "
    "where another descent ended. Reread 'Down the slope'."
)
def from_zero(
    inputs: Tensor, targets: Tensor, weights: Tensor, learning_rate: float, steps: int
) -> Tensor:
    start = torch.zeros_like(weights)
    return _stepped(inputs, targets, start, learning_rate, steps, 2 / len(targets))
