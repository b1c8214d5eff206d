"""`learning.gradient_descent`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator
from torch.nn import functional

from autograder.exercise import Private
from autograder.exercises.learning.gradient_descent import descended

private = Private()


@private.probe
def seven_examples(implementation: Any, generator: Generator) -> Any:
    """Seven examples of four features, and six small steps."""
    return descended(implementation, generator, 7, 4, 0.03, 6)


@private.probe
def more_features_than_examples(implementation: Any, generator: Generator) -> Any:
    """Two examples of five features, and one step."""
    return descended(implementation, generator, 2, 5, 0.07, 1)


@private.variant
def descent_by_autograd(inputs, targets, weights, learning_rate, steps):
    """Let PyTorch compute the gradient."""
    weights = weights.clone().requires_grad_()
    for _ in range(steps):
        loss = functional.mse_loss(inputs @ weights, targets)
        (gradient,) = torch.autograd.grad(loss, weights)
        weights = (weights - learning_rate * gradient).detach().requires_grad_()
    return weights.detach()


@private.variant
def descent_in_place(inputs, targets, weights, learning_rate, steps):
    """Change a copy, and average over the examples by hand."""
    weights = weights.clone()
    for _ in range(steps):
        errors = (inputs * weights).sum(dim=1) - targets
        weights -= learning_rate * (2 * errors[:, None] * inputs).mean(dim=0)
    return weights


@private.variant
def descent_loop(inputs, targets, weights, learning_rate, steps):
    """Go through examples and features one by one."""
    now = weights.tolist()
    rows, answers = inputs.tolist(), targets.tolist()
    for _ in range(steps):
        gradient = [0.0] * len(now)
        for row, answer in zip(rows, answers, strict=True):
            error = sum(x * w for x, w in zip(row, now, strict=True)) - answer
            gradient = [g + 2 * error * x / len(rows) for g, x in zip(gradient, row, strict=True)]
        now = [w - learning_rate * g for w, g in zip(now, gradient, strict=True)]
    return torch.tensor(now)


private.equivalent("for _ in range(steps):", "RANGE", "the number of a step is not used")
private.equivalent(
    "gradient = 2 / len(targets) * inputs.mT @ errors", "SIZE", "targets have one dimension"
)
private.equivalent(
    "gradient = 2 / len(targets) * inputs.mT @ errors", "NAME", "the two have equally many rows"
)
private.equivalent(
    "rows, answers = inputs.tolist(), targets.tolist()", "CALL", "tensors can be gone through too"
)
