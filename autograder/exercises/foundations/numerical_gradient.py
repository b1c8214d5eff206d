"""`foundations.numerical_gradient`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Function
from llmlab import foundations

exercise = LAB.exercise(
    "numerical_gradient",
    reference=foundations.numerical_gradient,
    hints=(
        "The gradient has one number for each entry of x, and each asks for two calls of the "
        "function.",
        "For one entry: copy x, move that entry up, call the function; copy x, move it down, call "
        "it again. All other entries stay.",
        "Loop over the indices of x. In each turn take the value with the entry moved up, subtract "
        "the value with it moved down, and divide by twice the step.",
    ),
)


@exercise.probe
def sum_of_cubes(implementation: Any, generator: Generator) -> Any:
    """The sum of the cubes of (1, 2, -1.5), with a step of 0.1."""
    x = torch.tensor([1.0, 2.0, -1.5], dtype=torch.float64)
    return {"gradient": implementation(lambda x: (x**3).sum(), x, 0.1)}


@exercise.probe
def of_a_matrix(implementation: Any, generator: Generator) -> Any:
    """A function of a matrix of two by three, with products of its rows and sines; a step of 0.1."""
    x = normal(generator, 2, 3).double()
    return {"gradient": implementation(lambda x: (x[0] * x[1]).sum() + x.sin().sum(), x, 0.1)}


def _each_entry(x: Tensor, slope: Callable[[Tensor, float], Tensor], step: float) -> Tensor:
    """Fill a gradient by a rule that is given the direction of each entry in turn."""
    directions = torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    return torch.stack([slope(one, step) for one in directions]).reshape(x.shape)


@exercise.misconception(
    "Your code looks forward alone: it compares the function at x and a step ahead. Its error falls "
    "with the step, that of the central difference with the step's square. Reread 'Which "
    "difference?'."
)
def forward_difference(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return _each_entry(x, lambda one, h: (function(x + h * one) - function(x)) / h, step)


@exercise.misconception(
    "Your code looks backward alone: it compares the function at x and a step behind. Its error "
    "falls with the step, that of the central difference with the step's square. Reread 'Which "
    "difference?'."
)
def backward_difference(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return _each_entry(x, lambda one, h: (function(x) - function(x - h * one)) / h, step)


@exercise.misconception(
    "Your gradient is twice too large: the two places lie two steps apart, and your code divides by "
    "one. Reread 'Which difference?'."
)
def divided_by_one_step(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return _each_entry(x, lambda one, h: (function(x + h * one) - function(x - h * one)) / h, step)


@exercise.misconception(
    "Your code moves all entries together and returns one number, the effect of all. The gradient "
    "asks what one entry does while the others stay. Reread 'One entry at a time'."
)
def all_at_once(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return (function(x + step) - function(x - step)) / (2 * step)


@exercise.misconception(
    "Your code moves a whole row of the tensor at once, so the entries of a row are told the effect "
    "of all of them. Indexing a matrix by one number gives a row. Reread 'One entry at a time'."
)
def a_row_at_once(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        move = torch.zeros_like(x)
        move[i] = step
        gradient[i] = (function(x + move) - function(x - move)) / (2 * step)
    return gradient


@exercise.misconception(
    "Your code asks PyTorch for the exact gradient. Here it is to be measured, with the step that is "
    "given, so that it can judge what was computed by a rule. Reread 'Which difference?'."
)
def by_rule(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(function(leaf), leaf)[0]


@exercise.misconception(
    "Your code does not put an entry back before it moves the next, so later entries are measured "
    "at another place. Reread 'One entry at a time'."
)
def not_put_back(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    place, gradient = x.clone(), torch.zeros_like(x)
    for i in range(x.numel()):
        place.view(-1)[i] += step
        above = function(place)
        place.view(-1)[i] -= 2 * step
        gradient.view(-1)[i] = (above - function(place)) / (2 * step)
    return gradient
