"""`foundations.linear_gradients`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.foundations import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "linear_gradients",
    reference=foundations.linear_gradients,
    forbidden=("torch.Tensor.backward", "torch.autograd.grad"),
    hints=(
        "Each gradient has the shape of what it belongs to. Write the four shapes down side by side.",
        "For x and for the weight there is one product each whose shapes fit, with one matrix "
        "transposed. The bias is added to every row, so every row has a say in its gradient.",
        "Multiply the upstream gradient by the transposed weight; the transposed x by the upstream "
        "gradient; and add the upstream gradient up over the batch.",
    ),
)


_THREE = ("gradient of x", "gradient of the weight", "gradient of the bias")


@exercise.probe
def small_batch(implementation: Any, generator: Generator) -> Any:
    """A batch of four, three inputs, two outputs."""
    shapes = ((4, 3), (3, 2), (4, 2))
    found = implementation(*(normal(generator, *shape) for shape in shapes))
    return dict(zip(_THREE, found, strict=False))


@exercise.probe
def square(implementation: Any, generator: Generator) -> Any:
    """A batch of three, three inputs, three outputs: all products fit, and one is right."""
    found = implementation(*(normal(generator, 3, 3) for _ in range(3)))
    return dict(zip(_THREE, found, strict=False))


def _gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return upstream @ weight.T, x.T @ upstream, upstream.sum(dim=0)


@exercise.misconception(
    "Your gradient of the bias is an average over the batch. The bias is added to every row and the "
    "loss gathers the effects of all, so they add up. Reread 'The bias is shared'."
)
def bias_averaged(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (*_gradients(x, weight, upstream)[:2], upstream.mean(dim=0))


@exercise.misconception(
    "Your gradient of the bias has a row for each example. There is one bias for all of them, and "
    "one gradient of its shape. Reread 'The bias is shared'."
)
def bias_for_each_row(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (*_gradients(x, weight, upstream)[:2], upstream)


@exercise.misconception(
    "Your gradient of the bias adds up each example over its outputs. Every output has a bias of its "
    "own, and what adds up is the examples. Reread 'The bias is shared'."
)
def bias_over_outputs(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (*_gradients(x, weight, upstream)[:2], upstream.sum(dim=-1))


@exercise.misconception(
    "Your gradient of the weight is turned on its side: rows and columns are exchanged. A gradient "
    "has the shape of what it belongs to, here (inputs, outputs). Reread 'The rule, from one "
    "entry'."
)
def weight_turned(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    for_x, for_weight, for_bias = _gradients(x, weight, upstream)
    return for_x, for_weight.T, for_bias


@exercise.misconception(
    "Your gradient of x goes through the weight in the forward direction. On the way back outputs "
    "become inputs, so rows and columns of the weight change places. Reread 'The rule, from one "
    "entry'."
)
def forward_again(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return (upstream @ weight, *_gradients(x, weight, upstream)[1:])


@exercise.misconception(
    "Your gradient of the weight is divided by the size of the batch. If the loss is an average, "
    "that division is in the upstream gradient already. Reread 'The rule, from one entry'."
)
def weight_averaged(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    for_x, for_weight, for_bias = _gradients(x, weight, upstream)
    return for_x, for_weight / len(x), for_bias


@exercise.misconception(
    "Your gradients take no notice of the upstream gradient: they are those of the sum of all "
    "outputs. The chain rule multiplies by what comes from above. Reread 'The rule, from one entry'."
)
def upstream_ignored(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    return _gradients(x, weight, torch.ones_like(upstream))


@exercise.misconception(
    "Your three gradients are right and in another order. The text asks for that of x first, then "
    "the weight, then the bias. Reread 'The bias is shared'."
)
def weight_first(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    for_x, for_weight, for_bias = _gradients(x, weight, upstream)
    return for_weight, for_x, for_bias
