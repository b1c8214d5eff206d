"""`foundations.linear_gradients`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Rules, unless
from llmlab import foundations

exercise = LAB.exercise(
    "linear_gradients",
    reference=foundations.linear_gradients,
    forbidden=(
        "torch.Tensor.backward",
        "torch.autograd.backward",
        "torch.autograd.grad",
        "torch.autograd.functional.jacobian",
        "torch.autograd.functional.hessian",
        "torch.autograd.functional.jvp",
        "torch.autograd.functional.vjp",
        "torch.autograd.functional.hvp",
        "torch.autograd.functional.vhp",
        "torch.autograd.forward_ad.make_dual",
        "torch.func.grad",
        "torch.func.grad_and_value",
        "torch.func.jvp",
        "torch.func.vjp",
        "torch.func.jacfwd",
        "torch.func.jacrev",
        "torch.func.hessian",
        "torch.func.linearize",
        "llmlab.foundations.numerical_gradient",
    ),
    hints=(
        "Each gradient has the shape of what it belongs to. Write the four shapes down side by side.",
        "For x and for the weight there is one product each whose shapes fit, with one matrix "
        "transposed. The bias is added to every row, so every row has a say in its gradient.",
        "Multiply the upstream gradient by the transposed weight; the transposed x by the upstream "
        "gradient; and add the upstream gradient up over the batch.",
    ),
    matters="These two products are why a training step costs about three times as much as running the model "
    "forward: one product forward, two back (Kaplan et al., 2020). Read llmlab/foundations/linear.py.",
)


def _named(found: Any) -> Any:
    """Name the three gradients; a dictionary or a single tensor is told as such."""
    if isinstance(found, dict):
        return "a dictionary"
    if isinstance(found, Tensor):
        return "one tensor"
    names = ("gradient of x", "gradient of the weight", "gradient of the bias")
    if len(found) != len(names):
        return f"{len(found)} gradients"
    return dict(zip(names, found, strict=True))


def _tried(implementation: Any, generator: Generator, batch: int, inputs: int, outputs: int) -> Any:
    x, weight = normal(generator, batch, inputs), normal(generator, inputs, outputs)
    return _named(implementation(x, weight, normal(generator, batch, outputs)))


@exercise.probe
def small_batch(implementation: Any, generator: Generator) -> Any:
    """A batch of four, three inputs, two outputs."""
    return _tried(implementation, generator, 4, 3, 2)


@exercise.probe
def square(implementation: Any, generator: Generator) -> Any:
    """A batch of three, three inputs, three outputs: all products fit, and one is right."""
    return _tried(implementation, generator, 3, 3, 3)


@exercise.probe
def one_example(implementation: Any, generator: Generator) -> Any:
    """A batch of one, two inputs, three outputs."""
    return _tried(implementation, generator, 1, 2, 3)


@exercise.probe
def one_input(implementation: Any, generator: Generator) -> Any:
    """A batch of three, a single input, two outputs."""
    return _tried(implementation, generator, 3, 1, 2)


@exercise.probe
def one_output(implementation: Any, generator: Generator) -> Any:
    """A batch of two, three inputs, a single output."""
    return _tried(implementation, generator, 2, 3, 1)


_RULE = "Reread 'The rule, from one entry'."
_BIAS = "Reread 'The bias is shared'."
_NO_DIVISION = "If the loss is an average, that division is in the upstream gradient already."


@exercise.faults(
    forward_again="Your gradient of x goes through the weight in the forward direction. On the way back outputs "
    f"become inputs, so rows and columns of the weight change places. {_RULE}",
    x_by_number="Your gradient of x multiplies number by number. Each entry of x has a path through every output, "
    f"and the paths add up. {_RULE}",
    x_turned="Your gradient of x is turned on its side: rows and columns are exchanged. A gradient has the shape of "
    f"what it belongs to, here (batch, inputs). {_RULE}",
    x_averaged="Your gradient of x is divided by the size of the batch. "
    + _NO_DIVISION
    + " "
    + _RULE,
    x_without_upstream="Your gradient of x takes no notice of the upstream gradient. The chain rule multiplies by "
    f"what comes from above. {_RULE}",
    x_times_x="Your gradient of x has x itself in it. In a linear map the slope of the output is the weight, "
    "whatever x is. " + _RULE,
    x_is_weight="Your gradient of x is the weight itself, turned. The chain rule multiplies it by what comes from "
    f"above. {_RULE}",
    x_is_upstream="Your gradient of x is the upstream gradient, unchanged: it has to go back through the weight. "
    + _RULE,
    x_upstream_turned="Your gradient of x turns the upstream gradient on its side before it is multiplied. Its "
    f"rows are the examples already. {_RULE}",
)
def gradient_of_x(on: Switches) -> Any:
    others: Rules = {
        "forward_again": lambda x, weight, upstream: upstream @ weight,
        "x_by_number": lambda x, weight, upstream: upstream * weight,
        "x_turned": lambda x, weight, upstream: weight @ upstream.T,
        "x_averaged": lambda x, weight, upstream: upstream @ weight.T / len(x),
        "x_without_upstream": lambda x, weight, upstream: torch.ones_like(upstream) @ weight.T,
        "x_times_x": lambda x, weight, upstream: x * (upstream @ weight.T),
        "x_is_weight": lambda x, weight, upstream: weight.T,
        "x_is_upstream": lambda x, weight, upstream: upstream,
        "x_upstream_turned": lambda x, weight, upstream: upstream.T @ weight,
    }

    def linear_gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
        for_x = upstream @ weight.T
        for name, compute in others.items():
            if on(name):
                for_x = compute(x, weight, upstream)
        return for_x, x.T @ upstream, upstream.sum(dim=0)

    return linear_gradients


@exercise.faults(
    weight_turned="Your gradient of the weight is turned on its side: rows and columns are exchanged. A gradient "
    f"has the shape of what it belongs to, here (inputs, outputs). {_RULE}",
    weight_averaged="Your gradient of the weight is divided by the size of the batch. "
    + _NO_DIVISION
    + " "
    + _RULE,
    weight_unturned="Your gradient of the weight multiplies the rows of x by the columns of the upstream "
    f"gradient. What they share, and what is summed over, is the examples. {_RULE}",
    weight_by_number="Your gradient of the weight multiplies number by number. Each weight has a path through every "
    f"example, and the paths add up. {_RULE}",
    weight_without_upstream="Your gradient of the weight takes no notice of the upstream gradient. The chain rule "
    f"multiplies by what comes from above. {_RULE}",
    weight_is_x="Your gradient of the weight is x itself. The chain rule multiplies it by what comes from above. "
    + _RULE,
    weight_from_sums="Your gradient of the weight multiplies two sums over the batch. The products come first, "
    f"example by example, and then the sum. {_RULE}",
    weight_from_first="Your gradient of the weight comes from the first example alone. Every example has a path "
    f"through each weight. {_RULE}",
    weight_from_last="Your gradient of the weight comes from the last example alone: is it written anew in each "
    f"round of a loop? Every example has a path through each weight. {_RULE}",
    weight_for_each="Your gradient of the weight has a matrix for each example. There is one weight for all of "
    f"them, and the examples add up. {_RULE}",
    weight_times_output="Your gradient of the weight multiplies x by the output of the map, where the upstream "
    f"gradient belongs. {_RULE}",
    weight_over_outputs="Your gradient of the weight adds the upstream gradient up over the outputs, so that all "
    f"columns are alike. Each output has weights of its own. {_RULE}",
    weight_includes_weight="Your gradient of the weight has the weight itself in it. In a linear map the slope of "
    f"the output is x, whatever the weight is. {_RULE}",
    step_taken="Your code returns the weight after a step against its gradient. Asked for is the gradient. "
    + _RULE,
)
def gradient_of_weight(on: Switches) -> Any:
    others: Rules = {
        "weight_turned": lambda x, weight, upstream: upstream.T @ x,
        "weight_averaged": lambda x, weight, upstream: x.T @ upstream / len(x),
        "weight_unturned": lambda x, weight, upstream: x @ upstream,
        "weight_by_number": lambda x, weight, upstream: x * upstream,
        "weight_without_upstream": lambda x, weight, upstream: x.T @ torch.ones_like(upstream),
        "weight_is_x": lambda x, weight, upstream: x,
        "weight_from_sums": lambda x, weight, upstream: torch.outer(
            x.sum(dim=0), upstream.sum(dim=0)
        ),
        "weight_from_first": lambda x, weight, upstream: torch.outer(x[0], upstream[0]),
        "weight_from_last": lambda x, weight, upstream: torch.outer(x[-1], upstream[-1]),
        "weight_for_each": lambda x, weight, upstream: x[:, :, None] * upstream[:, None],
        "weight_times_output": lambda x, weight, upstream: x.T @ (x @ weight),
        "weight_over_outputs": lambda x, weight, upstream: (
            x.T @ upstream.sum(dim=1, keepdim=True).expand_as(upstream)
        ),
        "weight_includes_weight": lambda x, weight, upstream: weight * (x.T @ upstream),
        "step_taken": lambda x, weight, upstream: weight - x.T @ upstream,
    }

    def linear_gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
        for_weight = x.T @ upstream
        for name, compute in others.items():
            if on(name):
                for_weight = compute(x, weight, upstream)
        return upstream @ weight.T, for_weight, upstream.sum(dim=0)

    return linear_gradients


@exercise.faults(
    bias_averaged="Your gradient of the bias is an average over the batch. The bias is added to every row and the "
    f"loss gathers the effects of all, so they add up. {_BIAS}",
    bias_for_each_row="Your gradient of the bias has a row for each example. There is one bias for all of them, and "
    f"one gradient of its shape. {_BIAS}",
    bias_over_outputs="Your gradient of the bias adds up each example over its outputs. Every output has a bias "
    f"of its own, and what adds up is the examples. {_BIAS}",
    bias_one_number="Your gradient of the bias is one number. Every output has a bias of its own, so the gradient "
    f"has the shape (outputs,). {_BIAS}",
    bias_kept_as_row="Your gradient of the bias is a matrix of one row. It has to have the shape of the bias, "
    f"(outputs,). {_BIAS}",
    bias_is_one="Your gradient of the bias is 1 everywhere: that is how the output moves with the bias. The chain "
    f"rule goes on, by what comes from above, and adds up over the examples. {_BIAS}",
    bias_counts_rows="Your gradient of the bias is the size of the batch, and takes no notice of the upstream "
    "gradient. " + _BIAS,
    bias_first_row="Your gradient of the bias comes from the first example alone. The bias is added to every row. "
    + _BIAS,
    bias_last_row="Your gradient of the bias comes from the last example alone: is it written anew in each round "
    f"of a loop? The bias is added to every row. {_BIAS}",
    bias_zero="Your gradient of the bias is 0. The bias is no input, and the loss moves with it all the same. "
    + _BIAS,
    bias_from_x="Your gradient of the bias adds up x. The bias does not meet x: it is added to the outputs. "
    + _BIAS,
    bias_from_output="Your gradient of the bias adds up the output of the map, and not the gradient that comes from "
    f"above. {_BIAS}",
)
def gradient_of_bias(on: Switches) -> Any:
    others: Rules = {
        "bias_averaged": lambda x, weight, upstream: upstream.mean(dim=0),
        "bias_for_each_row": lambda x, weight, upstream: upstream,
        "bias_over_outputs": lambda x, weight, upstream: upstream.sum(dim=1),
        "bias_one_number": lambda x, weight, upstream: upstream.sum(),
        "bias_kept_as_row": lambda x, weight, upstream: upstream.sum(dim=0, keepdim=True),
        "bias_is_one": lambda x, weight, upstream: torch.ones_like(upstream[0]),
        "bias_counts_rows": lambda x, weight, upstream: torch.ones_like(upstream).sum(dim=0),
        "bias_first_row": lambda x, weight, upstream: upstream[0],
        "bias_last_row": lambda x, weight, upstream: upstream[-1],
        "bias_zero": lambda x, weight, upstream: torch.zeros_like(upstream[0]),
        "bias_from_x": lambda x, weight, upstream: x.sum(dim=0),
        "bias_from_output": lambda x, weight, upstream: (x @ weight).sum(dim=0),
    }

    def linear_gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
        for_bias = upstream.sum(dim=0)
        for name, compute in others.items():
            if on(name):
                for_bias = compute(x, weight, upstream)
        return upstream @ weight.T, x.T @ upstream, for_bias

    return linear_gradients


_ORDER = (
    "Your three gradients are right and in another order. The text asks for that of x first, then "
    f"the weight, then the bias. {_BIAS}"
)


@exercise.faults(
    weight_first=_ORDER,
    bias_second=_ORDER,
    reversed_order=_ORDER,
    bias_first=_ORDER,
    bias_missing="Your code returns two gradients. The bias has one as well, though its values are not given. "
    + _BIAS,
    dictionary="Your code returns a dictionary. The three gradients are to come as a tuple, in the order of the "
    "text. " + _BIAS,
    one_tensor="Your code returns one tensor. There are three gradients, each in the shape of what it belongs to. "
    + _RULE,
    upstream_ignored="Your gradients take no notice of the upstream gradient: they are those of the sum of all "
    f"outputs. The chain rule multiplies by what comes from above. {_RULE}",
    all_averaged="Your three gradients are divided by the size of the batch. "
    + _NO_DIVISION
    + " "
    + _RULE,
    both_averaged="Your gradients of the weight and of the bias are divided by the size of the batch. "
    + _NO_DIVISION
    + " "
    + _RULE,
    negated="Your gradients have the other sign, as a step of descent has. Asked for are the gradients themselves. "
    + _RULE,
    doubled="Your gradients are twice what they should be. That factor belongs to the derivative of a square, and "
    f"is in the upstream gradient already if the loss has squares. {_RULE}",
    of_squares="Your gradients are those of a loss that your code chose itself, made from the map's output. How "
    f"the loss moves with the output is given: it is the upstream gradient. {_RULE}",
    of_output="Your gradients have the output of the map where the upstream gradient belongs. "
    + _RULE,
    all_turned="Your gradients of x and of the weight are turned on their sides: rows and columns are exchanged. "
    f"A gradient has the shape of what it belongs to. {_RULE}",
)
def all_three(on: Switches) -> Any:
    def linear_gradients(x: Tensor, weight: Tensor, upstream: Tensor) -> Any:
        if on("upstream_ignored"):
            upstream = torch.ones_like(upstream)
        if on("of_squares"):
            upstream = 2 * (x @ weight)
        if on("of_output"):
            upstream = x @ weight
        factor = 2.0 if on("doubled") else 1.0
        factor /= -1 if on("negated") else 1
        all_, two = len(x) if on("all_averaged") else 1, len(x) if on("both_averaged") else 1
        for_x = factor * upstream @ weight.T / all_
        for_weight = factor * x.T @ upstream / all_ / two
        for_bias = factor * upstream.sum(dim=0) / all_ / two
        if on("all_turned"):
            for_x, for_weight = for_x.T, for_weight.T
        return _handed_over(on, for_x, for_weight, for_bias)

    return linear_gradients


def _handed_over(on: Switches, for_x: Tensor, for_weight: Tensor, for_bias: Tensor) -> Any:
    others: Rules = {
        "weight_first": lambda: (for_weight, for_x, for_bias),
        "bias_second": lambda: (for_x, for_bias, for_weight),
        "reversed_order": lambda: (for_bias, for_weight, for_x),
        "bias_first": lambda: (for_bias, for_x, for_weight),
        "bias_missing": lambda: (for_x, for_weight),
        "dictionary": lambda: {"x": for_x, "weight": for_weight, "bias": for_bias},
        "one_tensor": lambda: for_x,
    }
    return unless(on, others, (for_x, for_weight, for_bias))
