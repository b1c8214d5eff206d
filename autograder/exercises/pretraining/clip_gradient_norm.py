"""`pretraining.clip_gradient_norm`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import normal
from autograder.exercises.pretraining import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "clip_gradient_norm",
    reference=foundations.clip_gradient_norm,
    mutates=True,
    forbidden=("torch.nn.utils.clip_grad_norm_", "torch.nn.utils.clip_grad_value_"),
    hints=(
        "All gradients together are one long vector. How long is it?",
        "The square of its length is the sum of the squares of all numbers, over all parameters. `parameters` may be "
        "a generator, which can be gone through once: make a list of the gradients first.",
        "Collect the gradients that are not None; take the root of the sum of all squares; if that is longer than "
        "allowed, multiply each gradient in place by what is allowed over what there is; return the length.",
    ),
)


def _with_gradients(generator: Generator, size: float) -> list[nn.Parameter]:
    parameters = [nn.Parameter(normal(generator, *shape)) for shape in ((3,), (2, 2), (4,))]
    for parameter in parameters:
        parameter.grad = size * normal(generator, *parameter.shape)
    return parameters


def _clipped(implementation: Any, parameters: list[nn.Parameter], max_norm: float) -> Any:
    length = implementation(parameters, max_norm)
    return {"length before": float(length), "gradients": [one.grad for one in parameters]}


@exercise.probe
def too_long(implementation: Any, generator: Generator) -> Any:
    """Three parameters with gradients that are too long by far."""
    return _clipped(implementation, _with_gradients(generator, 5.0), 1.0)


@exercise.probe
def short_enough(implementation: Any, generator: Generator) -> Any:
    """Gradients that are shorter than allowed."""
    return _clipped(implementation, _with_gradients(generator, 0.05), 10.0)


@exercise.probe
def of_a_model(implementation: Any, generator: Generator) -> Any:
    """`model.parameters()`, which can be gone through once; one parameter has no gradient."""
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    parameters = list(model.parameters())
    for parameter in parameters[:3]:
        parameter.grad = 3 * normal(generator, *parameter.shape)
    length = implementation(model.parameters(), 0.5)
    return {"length before": float(length), "gradients": [one.grad for one in parameters[:3]]}


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [one.grad for one in parameters if one.grad is not None]


def _length(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack([one.norm() for one in gradients]).norm()


def _shorten(gradients: Sequence[Tensor], factor: Tensor) -> None:
    for gradient in gradients:
        gradient.mul_(factor)


@exercise.misconception(
    "Each number of the gradient is cut off at the limit by itself. Large numbers shrink and small ones stay, so the "
    "gradient points elsewhere than down. Reread 'A step that is too long'."
)
def cut_by_value(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = _length(gradients)
    for gradient in gradients:
        gradient.clamp_(-max_norm, max_norm)
    return length


@exercise.misconception(
    "Each parameter is shortened by itself. Those with long gradients lose more than the others, so the direction of "
    "the whole changes. One factor goes for all. Reread 'A step that is too long'."
)
def each_by_itself(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = _length(gradients)
    for gradient in gradients:
        gradient.mul_((max_norm / gradient.norm()).clamp(max=1.0))
    return length


@exercise.misconception(
    "Short gradients are made longer, up to the limit. Near a minimum gradients are short for a reason, and yours "
    "would step over it again and again. Reread 'A step that is too long'."
)
def lengthened(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = _length(gradients)
    _shorten(gradients, max_norm / length)
    return length


@exercise.misconception(
    "Your length is the sum of the parameters' lengths. Lengths at right angles do not add up; their squares do. "
    "Reread 'A step that is too long'."
)
def lengths_added(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    length = torch.stack([one.norm() for one in gradients]).sum()
    _shorten(gradients, (max_norm / length).clamp(max=1.0))
    return length


@exercise.misconception(
    "The root is missing: what you compare with the limit is the square of the length. "
    "Reread 'A step that is too long'."
)
def without_root(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    square = _length(gradients).square()
    _shorten(gradients, (max_norm / square).clamp(max=1.0))
    return square


@exercise.misconception(
    "You return the length after shortening. It is the limit whenever there was something to shorten, and tells nobody "
    "how long the gradient was. Reread 'A step that is too long'."
)
def length_after(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    gradients = _gradients(parameters)
    _shorten(gradients, (max_norm / _length(gradients)).clamp(max=1.0))
    return _length(gradients)


@exercise.misconception(
    "The gradients stay as long as they were: your code makes shorter ones and gives them to nobody. They have to be "
    "changed in place. Reread 'A step that is too long'."
)
def nothing_changed(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    return _length(_gradients(parameters))


@exercise.misconception(
    "Your code goes through `parameters` twice. `model.parameters()` can be gone through once, and the second time it "
    "is empty, so nothing is shortened. Make a list first. Reread 'A step that is too long'."
)
def gone_through_twice(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    length = _length(_gradients(parameters))
    _shorten(_gradients(parameters), (max_norm / length).clamp(max=1.0))
    return length
