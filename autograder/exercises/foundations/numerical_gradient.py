"""`foundations.numerical_gradient`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
from autograder.exercises.foundations import LAB
from autograder.exercises.foundations._shared import Function, Rules, unless
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
    matters="PyTorch tests the hand-written derivatives of its own operations against central differences in float64 "
    "(`torch.autograd.gradcheck`). Read llmlab/foundations/gradients.py.",
)


@exercise.probe
def sum_of_cubes(implementation: Any, generator: Generator) -> Any:
    """The sum of the cubes of (1, 2, -1.5), with a step of 0.1."""
    x = torch.tensor([1.0, 2.0, -1.5], dtype=torch.float64)
    return {"gradient": implementation(lambda x: (x**3).sum(), x, 0.1)}


@exercise.probe
def of_a_matrix(implementation: Any, generator: Generator) -> Any:
    """A function of a matrix of two by three: x[0] * x[1]**2 + sin(x), added up; a step of 0.1."""
    x = normal(generator, 2, 3).double()
    return {"gradient": implementation(lambda x: (x[0] * x[1] ** 2 + x.sin()).sum(), x, 0.1)}


@exercise.probe
def with_the_default_step(implementation: Any, generator: Generator) -> Any:
    """A function of three dimensions, products of neighbors, with the default step."""
    x = normal(generator, 2, 1, 2).double() + 1
    return {"gradient": implementation(lambda x: (x[0] * x[1] ** 2).sum() + x[1, 0, 1] ** 3, x)}


@exercise.probe
def of_tiny_numbers(implementation: Any, generator: Generator) -> Any:
    """The sum of (100000 x)**3 at x = (0, 0.00001), with the default step."""
    x = torch.tensor([0.0, 1e-5], dtype=torch.float64)
    return {"gradient": implementation(lambda x: ((1e5 * x) ** 3).sum(), x)}


@exercise.probe
def beside_the_original(implementation: Any, generator: Generator) -> Any:
    """A function that measures from your x itself, which stays where it is: 2 (y[0] - x[0]) - 3 (y[1] - x[1])."""
    x = torch.tensor([1.0, -0.5], dtype=torch.float64)
    slopes = torch.tensor([2.0, -3.0], dtype=torch.float64)
    return {"gradient": implementation(lambda y: (slopes * (y - x)).sum(), x, 0.1)}


@exercise.probe
def that_counts(implementation: Any, generator: Generator) -> Any:
    """How many of (0.25, 0.5, 2, -1) are above 0.25, which PyTorch cannot differentiate; a step of 0.5."""
    x = torch.tensor([0.25, 0.5, 2.0, -1.0], dtype=torch.float64)
    return {"gradient": implementation(lambda x: (x > 0.25).sum().double(), x, 0.5)}


_WHICH = "Reread 'Which difference?'."
_ENTRY = "Reread 'One entry at a time'."
_DOUBLE = (
    "Your gradient is twice too large: the two places lie two steps apart, and your code divides by "
    f"one. {_WHICH}"
)
_HALF = (
    "Your gradient is half of what it should be. How far apart are the two places, and what do you divide by? "
    f"{_WHICH}"
)
_ZERO = (
    "Your gradient is 0 everywhere: either both values of the function come from the same place, since no entry is "
    f"really moved or two names stand for one copy, or the gradient is never filled. {_ENTRY}"
)
_UNDIVIDED = (
    "Your code takes the difference of the two values and does not divide it by how far they are apart. "
    f"{_WHICH}"
)


@exercise.faults(
    forward="Your code looks forward alone: it compares the function at x and a step ahead. Its error falls "
    f"with the step, that of the central difference with the step's square. {_WHICH}",
    backward="Your code looks backward alone: it compares the function at x and a step behind. Its error "
    f"falls with the step, that of the central difference with the step's square. {_WHICH}",
    forward_halved="Your code compares a step ahead with where you were, one step apart, and divides by two steps. "
    + _WHICH,
    wider="Your places lie two steps away on each side. Each is to be one step from x. " + _WHICH,
    narrower="Your places lie half a step away on each side. Each is to be a whole step from x. "
    + _WHICH,
    one_step=_DOUBLE,
    not_divided=_UNDIVIDED,
    by_two="Your code divides by 2 alone. The slope is the difference for each unit of x, so the step belongs below "
    f"the line too. {_WHICH}",
    half_times_step="Your code multiplies by the step where it should divide: in Python a / 2 * h is (a / 2) * h. "
    + _WHICH,
    times_two_steps="Your code multiplies by the two steps instead of dividing by them. " + _WHICH,
    by_square="Your code divides by the square of the step. That belongs to the second derivative. "
    + _WHICH,
    by_four_steps=_HALF,
    second="Your code measures the second derivative: how the slope changes. Asked for is the slope. "
    + _WHICH,
    averaged="Your code adds the two values where it should subtract one from the other. " + _WHICH,
    only_above="Your code divides a value of the function by the steps, and never subtracts the other. "
    + _WHICH,
    loose_division="Your code divides one of the two values and not their difference: division comes before "
    f"subtraction. {_WHICH}",
    downward="Your gradient has the other sign. Which of the two values is taken from which? "
    + _WHICH,
    unsigned="Your gradient has lost its sign: where the function falls, its slope is negative. "
    + _WHICH,
    relative="Your code moves an entry by a share of itself. The step is a distance, the same for every entry. "
    + _WHICH,
    step_written_in="Your code goes by a step of its own, far smaller than the one that it is given. "
    + _WHICH,
    single="Your code computes in float32: with a small step, the difference of two nearly equal values is made of "
    f"rounding errors. {_WHICH}",
    not_moved=_ZERO,
    nothing_filled=_ZERO,
)
def each_entry(on: Switches) -> Any:
    def numerical_gradient(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
        if on("single"):
            x = x.float()
        step = 1e-5 if on("step_written_in") else step
        gradient = torch.zeros_like(x)
        for i in range(x.numel()):
            reach = _reach(on, x.reshape(-1)[i].item(), step)
            values = [_value(function, x, i, end) for end in (reach, -reach)]
            if not on("nothing_filled"):
                here = function(x.clone()).item()
                gradient.view(-1)[i] = _slope(on, values[0], here, values[1], step)
        return gradient

    return numerical_gradient


def _value(function: Function, x: Tensor, place: int, move: float) -> float:
    moved = x.clone()
    moved.view(-1)[place] += move
    return function(moved).item()


def _reach(on: Switches, entry: float, step: float) -> float:
    """Say how far an entry is moved."""
    if on("wider"):
        return 2 * step
    if on("narrower"):
        return step / 2
    if on("relative"):
        return step * entry
    return 0.0 if on("not_moved") else step


def _slope(on: Switches, above: float, here: float, below: float, step: float) -> float:
    """Compute the slope from three values, or what is taken for it."""
    other: Rules = {
        "forward": lambda: (above - here) / step,
        "backward": lambda: (here - below) / step,
        "forward_halved": lambda: (above - here) / (2 * step),
        "wider": lambda: (above - below) / (4 * step),
        "narrower": lambda: (above - below) / step,
        "one_step": lambda: (above - below) / step,
        "not_divided": lambda: above - below,
        "by_two": lambda: (above - below) / 2,
        "half_times_step": lambda: (above - below) / 2 * step,
        "times_two_steps": lambda: (above - below) * 2 * step,
        "by_square": lambda: (above - below) / step**2,
        "by_four_steps": lambda: (above - below) / (4 * step),
        "second": lambda: (above - 2 * here + below) / step**2,
        "averaged": lambda: (above + below) / (2 * step),
        "only_above": lambda: above / (2 * step),
        "loose_division": lambda: above - below / (2 * step),
        "downward": lambda: (below - above) / (2 * step),
        "unsigned": lambda: abs(above - below) / (2 * step),
    }
    return unless(on, other, (above - below) / (2 * step))


@exercise.faults(
    all_at_once="Your code moves all entries together and returns one number, the effect of all. The gradient "
    f"asks what one entry does while the others stay. {_ENTRY}",
    all_for_each="Your code moves all entries together, so that each is told the effect of all. The gradient asks "
    f"what one entry does while the others stay. {_ENTRY}",
    a_row_at_once="Your code moves a whole row of the tensor at once, so the entries of a row are told the effect "
    f"of all of them. Indexing a matrix by one number gives a row. {_ENTRY}",
    not_put_back="Your code leaves an entry a step below when it moves the next, so later entries are measured "
    f"at another place. {_ENTRY}",
    moved_for_good="Your code keeps its two copies through the whole loop: entries that were moved stay moved, "
    f"and their effect is counted again with every later one. {_ENTRY}",
    first_missing="Your gradient is right but for its first entry, which is left at 0. Where does your loop begin? "
    + _ENTRY,
    last_missing="Your gradient is right but for its last entry, which is left at 0. Where does your loop end? "
    + _ENTRY,
    first_alone="Your gradient is 0 in all entries but the first. Does the function return after one round of the "
    f"loop? {_ENTRY}",
    one_slope="Your code returns the slope of the first entry, one number. Does the function return after one "
    f"round of the loop? {_ENTRY}",
    last_slope="Your code returns the slope of the last entry, one number. The gradient keeps one for each entry. "
    + _ENTRY,
    forward_for_good="Your code looks forward alone, and entries that were moved stay moved, so that their effect "
    f"is counted again with every later one. {_ENTRY}",
    rows_counted="Your loop goes as often as the tensor has rows (`len`), and there is work for each of its entries. "
    + _ENTRY,
    added_up="Your code adds the slopes of all entries up into one number. The gradient keeps one for each entry. "
    + _ENTRY,
    flat="Your gradient is one long row. It has to have the shape of x. " + _ENTRY,
    listed="Your code returns a list of numbers. The gradient is a tensor in the shape of x. "
    + _ENTRY,
    whole_numbers="Your gradient holds whole numbers: each slope was cut off on its way into the tensor. "
    + _ENTRY,
    flattened="Your code gives the function a flat row. The function takes a tensor of the shape of x. "
    + _ENTRY,
    unit_length="Your code scales the gradient. Each entry is to be the slope as it was measured. "
    + _WHICH,
    averaged_over_entries="Your code divides each slope by the count of entries. Each entry's slope stands by "
    "itself. " + _ENTRY,
)
def over_the_entries(on: Switches) -> Any:
    def numerical_gradient(function: Function, x: Tensor, step: float = 1e-5) -> Any:
        if on("all_at_once"):
            return (function(x + step) - function(x - step)) / (2 * step)
        if on("all_for_each"):
            return torch.full_like(
                x, ((function(x + step) - function(x - step)) / (2 * step)).item()
            )
        if on("flattened"):
            return _of_flat(function, x, step)
        slopes = _measured(on, function, x, step)
        kept = list(range(len(slopes)))
        for name, left in (
            ("first_missing", kept[1:]),
            ("last_missing", kept[:-1]),
            ("first_alone", kept[:1]),
            ("rows_counted", kept[: len(x)]),
        ):
            kept = left if on(name) else kept
        gradient = torch.tensor([slope if i in kept else 0.0 for i, slope in enumerate(slopes)])
        return _finished(on, gradient.to(x.dtype).reshape(x.shape))

    return numerical_gradient


def _of_flat(function: Function, x: Tensor, step: float) -> Tensor:
    moves = step * torch.eye(x.numel(), dtype=x.dtype)
    flat = x.reshape(-1)
    slopes = [(function(flat + one) - function(flat - one)) / (2 * step) for one in moves]
    return torch.stack(slopes).reshape(x.shape)


def _measured(on: Switches, function: Function, x: Tensor, step: float) -> list[float]:
    """Measure the slope of each entry, from copies that may keep what was done to them."""
    slopes = []
    above, below = x.clone(), x.clone()
    for i in range(x.numel()):
        if on("not_put_back"):
            above.copy_(below)
            below.view(-1)[i] -= step
            above.view(-1)[i] += step
        elif on("forward_for_good"):
            above.view(-1)[i] += step
            slopes.append((function(above) - function(x)).item() / step)
            continue
        elif on("a_row_at_once"):
            above, below = x.clone(), x.clone()
            row = i // max(1, x[0].numel())
            above[row] += step
            below[row] -= step
        else:
            if not on("moved_for_good"):
                above, below = x.clone(), x.clone()
            above.view(-1)[i] += step
            below.view(-1)[i] -= step
        slopes.append((function(above) - function(below)).item() / (2 * step))
    return slopes


def _finished(on: Switches, gradient: Tensor) -> Any:
    endings: Rules = {
        "one_slope": lambda: gradient.flatten()[0],
        "last_slope": lambda: gradient.flatten()[-1],
        "added_up": lambda: gradient.sum(),
        "flat": lambda: gradient.flatten(),
        "listed": lambda: gradient.flatten().tolist(),
        "whole_numbers": lambda: gradient.long(),
        "unit_length": lambda: gradient / gradient.norm(),
        "averaged_over_entries": lambda: gradient / gradient.numel(),
    }
    return unless(on, endings, gradient)


_BY_RULE = (
    "Your code asks PyTorch for the gradient. Here it is to be measured, with the step that is given, which works "
    f"for functions that PyTorch cannot differentiate, and can judge what was computed by a rule. {_WHICH}"
)


@exercise.misconception(_BY_RULE)
def by_rule(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(function(leaf), leaf)[0]


@exercise.misconception(_BY_RULE)
def by_functional(function: Function, x: Tensor, step: float = 1e-5) -> Any:
    return torch.autograd.functional.jacobian(function, x)


@exercise.misconception(_BY_RULE)
def by_transform(function: Function, x: Tensor, step: float = 1e-5) -> Any:
    return torch.func.grad(function)(x)


@exercise.misconception(
    "Your code looks forward alone, and moves all entries at once. The gradient asks what one entry does while the "
    f"others stay, a step ahead and a step behind. {_ENTRY}"
)
def forward_at_once(function: Function, x: Tensor, step: float = 1e-5) -> Tensor:
    return (function(x + step) - function(x)) / step
