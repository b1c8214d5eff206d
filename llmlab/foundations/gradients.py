"""Derivatives by trying: move a number a little, and see how much the result moves.

Finite differences need nothing but the function, cost two calls for each number, and carry a small
error. That makes them useless for training, and the judge of every derivative computed by rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from llmlab.errors import ShapeError


def numerical_gradient(
    function: Callable[[Tensor], Tensor], x: Float[Tensor, "*shape"], step: float = 1e-5
) -> Float64[Tensor, "*shape"]:
    """Estimate the gradient of a function of one tensor by central differences.

    For each entry, `(f(x + h) - f(x - h)) / (2 h)`, whose error falls with the square of the step `h`,
    where that of `(f(x + h) - f(x)) / h` falls with the step alone. Computed in float64, for the
    difference of two nearly equal numbers has lost most of its digits.

    Args:
        function: Takes a tensor of the shape of x, in float64; returns one number as a tensor.
        x: Where the gradient is wanted.
        step: How far each entry is moved.

    Raises:
        ShapeError: The function returns more than one number.
    """
    x = x.detach().double().contiguous()
    gradient = torch.zeros_like(x)
    moved = x.clone()
    with torch.no_grad():
        for i in range(x.numel()):
            ends = []
            for end in (step, -step):
                moved.view(-1)[i] = x.view(-1)[i] + end
                value = function(moved.clone())
                if value.numel() != 1:
                    raise ShapeError(
                        f"The function returns a tensor of shape {tuple(value.shape)}; a gradient is "
                        "that of one number: sum or average the result."
                    )
                ends.append(value.item())
            moved.view(-1)[i] = x.view(-1)[i]
            gradient.view(-1)[i] = (ends[0] - ends[1]) / (2 * step)
    return gradient


@dataclass(frozen=True)
class GradientCheck:
    """The entry at which a gradient differs most from its finite difference.

    Attributes:
        input: Which of the inputs it belongs to, counted from 0.
        index: Its place in that input.
        computed: The gradient that was checked.
        measured: The finite difference.
        error: How far they are apart, as a share of the larger one where that is above 1.
        passed: Whether the error is within the tolerance.
    """

    input: int
    index: tuple[int, ...]
    computed: float
    measured: float
    error: float
    passed: bool

    def __str__(self) -> str:
        verdict = "agree with" if self.passed else "differ from"
        return (
            f"The gradients {verdict} their finite differences; the worst is at {list(self.index)} of "
            f"input {self.input}: {self.computed:.6g} computed, {self.measured:.6g} measured."
        )


def check_gradients(
    function: Callable[..., Tensor],
    inputs: Sequence[Float[Tensor, "..."]],
    gradients: Sequence[Float[Tensor, "..."]] | None = None,
    step: float = 1e-5,
    tolerance: float = 1e-5,
) -> GradientCheck:
    """Compare gradients with finite differences, in float64.

    Args:
        function: Takes the inputs, in float64; returns one number as a tensor.
        inputs: Where the gradients are taken.
        gradients: Those to be checked, one an input; by default PyTorch's.
        step: How far each entry is moved.
        tolerance: The largest error that passes.

    Raises:
        ShapeError: There is nothing to check, the function returns more than one number, or a gradient
            has another shape than its input.
    """
    wide = [one.detach().double() for one in inputs]
    if not any(one.numel() for one in wide):
        raise ShapeError("There is no number to move; give at least one input that is not empty.")
    if gradients is None:
        leaves = [one.clone().requires_grad_() for one in wide]
        gradients = torch.autograd.grad(function(*leaves).sum(), leaves, materialize_grads=True)
    shapes = [[tuple(one.shape) for one in tensors] for tensors in (gradients, inputs)]
    if shapes[0] != shapes[1]:
        raise ShapeError(
            f"The gradients have the shapes {shapes[0]} and the inputs {shapes[1]}; a gradient has the "
            "shape of its input."
        )
    checks = []
    for number, (one, gradient) in enumerate(zip(wide, gradients, strict=True)):

        def of_one(x: Tensor, number: int = number) -> Tensor:
            return function(*wide[:number], x, *wide[number + 1 :])

        if one.numel():
            checks.append(
                _worst(number, gradient, numerical_gradient(of_one, one, step), tolerance)
            )
    return max(checks, key=lambda check: check.error)


def _worst(
    number: int,
    computed: Float[Tensor, "*shape"],
    measured: Float64[Tensor, "*shape"],
    tolerance: float,
) -> GradientCheck:
    """Find the entry at which two gradients of one input differ most."""
    computed = computed.detach().double()
    errors = (computed - measured).abs() / torch.maximum(computed.abs(), measured.abs()).clamp_min(
        1
    )
    # What is no number is as wrong as can be.
    errors = errors.nan_to_num(nan=torch.inf)
    index = tuple(int(i) for i in torch.unravel_index(errors.argmax(), errors.shape))
    error = errors[index].item()
    return GradientCheck(
        number, index, computed[index].item(), measured[index].item(), error, error <= tolerance
    )
