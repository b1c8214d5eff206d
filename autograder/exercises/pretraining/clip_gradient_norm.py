"""`pretraining.clip_gradient_norm`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Switches, normal
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import way
from llmlab import foundations

exercise = LAB.exercise(
    "clip_gradient_norm",
    reference=foundations.clip_gradient_norm,
    mutates=True,
    forbidden=(
        "torch.nn.utils.clip_grad_norm_",
        "torch.nn.utils.clip_grads_with_norm_",
        "torch.nn.utils.clip_grad_value_",
        "torch.nn.utils.get_total_norm",
        "torch.nn.utils.clip_grad",
    ),
    hints=(
        "All gradients together are one long vector. How long is it?",
        "The square of its length is the sum of the squares of all numbers, over all parameters. `parameters` may be "
        "a generator, which can be gone through once: make a list of the gradients first.",
        "Collect the gradients that are not None; take the root of the sum of all squares; if that is longer than "
        "allowed, multiply each gradient by what is allowed over what there is; return the length.",
    ),
    matters="GPT-3 and LLaMA were trained with gradients no longer than 1 (2020, 2023), and the length before is the "
    "first curve that one looks at when a run goes wrong. Read llmlab/foundations/optimizers.py.",
)


def give_gradients(parameters: Sequence[Tensor], generator: Generator, length: float) -> None:
    """Give parameters drawn gradients that together have this length."""
    drawn = [normal(generator, *one.shape) for one in parameters]
    whole = torch.cat([one.flatten() for one in drawn]).norm()
    for parameter, gradient in zip(parameters, drawn, strict=True):
        parameter.grad = gradient * (length / whole)


def three_parameters(generator: Generator, length: float) -> list[nn.Parameter]:
    """Draw three parameters with gradients that together have this length."""
    parameters = [nn.Parameter(normal(generator, *shape)) for shape in ((2,), (1, 2), (3,))]
    give_gradients(parameters, generator, length)
    return parameters


def as_number(value: Any) -> Any:
    """Make a plain number of one number, whatever holds it; other results stay."""
    single = isinstance(value, Tensor) and value.numel() == 1
    return float(value) if single or isinstance(value, (int, float)) else value


def clipped(implementation: Any, parameters: Sequence[Tensor], max_norm: float) -> Any:
    """Give the length, and the gradients as they are afterward."""
    length = implementation(parameters, max_norm)
    return {"length before": as_number(length), "gradients": [one.grad for one in parameters]}


@exercise.probe
def too_long(implementation: Any, generator: Generator) -> Any:
    """Three parameters with gradients of the length 10, where 2 is allowed."""
    parameters = three_parameters(generator, 10.0)
    seen = clipped(implementation, parameters, 2.0)
    return seen | {"weights": [one.detach().clone() for one in parameters]}


@exercise.probe
def short_enough(implementation: Any, generator: Generator) -> Any:
    """Gradients of the length 3, where 3.5 is allowed."""
    return clipped(implementation, three_parameters(generator, 3.0), 3.5)


@exercise.probe
def a_little_too_long(implementation: Any, generator: Generator) -> Any:
    """Gradients of the length 0.8, where 0.7 is allowed."""
    return clipped(implementation, three_parameters(generator, 0.8), 0.7)


@exercise.probe
def of_a_model(implementation: Any, generator: Generator) -> Any:
    """`model.parameters()`, which can be gone through once; one parameter has no gradient."""
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    parameters = list(model.parameters())
    give_gradients(parameters[:2] + parameters[3:], generator, 4.0)
    length = implementation(model.parameters(), 0.5)
    return {"length before": as_number(length), "gradients": [one.grad for one in parameters]}


_READ = "Reread 'A step that is too long'."
_NONE = (
    "Your code computes with a gradient that is not there: a parameter that took no part has None for its `grad`. "
    f"Leave it out. {_READ}"
)
_ONCE = (
    "Your code wants a list, and `model.parameters()` is none: it can be gone through once, and has no length and no "
    f"places. {_READ}"
)
_ONE_PARAMETER = (
    "Your length is that of one parameter's gradient. All of them together are one vector. " + _READ
)
_LONGEST = (
    "Your length is the largest of the parameters' lengths. All of them together are one vector, which is longer than "
    f"each. {_READ}"
)
_UNIT = (
    "Your gradients are brought to the length 1, whatever is allowed. They may be as long as `max_norm`. "
    + _READ
)
_INVERTED = (
    "Your factor is turned upside down: what there is over what is allowed, where it should be the other way around. "
    + _READ
)
_NOT_A_LENGTH = (
    "Your length is made of the numbers as they are, so that negative ones cancel positive ones, or give NaN under the "
    f"root. It is made of their squares. {_READ}"
)

_LENGTHS: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "lengths_added": lambda gradients: torch.stack([one.norm() for one in gradients]).sum(),
    "without_root": lambda gradients: _all(gradients).square().sum(),
    "mean_of_squares": lambda gradients: _all(gradients).square().mean().sqrt(),
    "mean_of_lengths": lambda gradients: torch.stack([one.norm() for one in gradients]).mean(),
    "longest": lambda gradients: torch.stack([one.norm() for one in gradients]).max(),
    "largest_number": lambda gradients: _all(gradients).abs().max(),
    "absolute": lambda gradients: _all(gradients).abs().sum(),
    "absolute_mean": lambda gradients: _all(gradients).abs().mean(),
    "root_of_lengths": lambda gradients: (
        torch.stack([one.norm() for one in gradients]).sum().sqrt()
    ),
    "root_twice": lambda gradients: _all(gradients).norm().sqrt(),
    "sum_of_numbers": lambda gradients: _all(gradients).sum(),
    "sum_squared": lambda gradients: _all(gradients).sum().square().sqrt(),
    "root_of_sum": lambda gradients: _all(gradients).sum().sqrt(),
    "sums_squared": lambda gradients: (
        torch.stack([one.sum() ** 2 for one in gradients]).sum().sqrt()
    ),
    "first_parameter": lambda gradients: gradients[0].norm(),
    "last_parameter": lambda gradients: gradients[-1].norm(),
    "last_number": lambda gradients: gradients[-1].flatten()[-1].abs(),
}

_FACTORS: dict[str, Callable[[Tensor, float], Any]] = {
    "lengthened": lambda length, limit: limit / length,
    "unit": lambda length, limit: 1 / length if length > limit else 1.0,
    "unit_always": lambda length, limit: 1 / length,
    "limit_of_one": lambda length, limit: (1 / length).clamp(max=1.0),
    "inverted": lambda length, limit: (length / limit).clamp(max=1.0),
    "inverted_if_long": lambda length, limit: length / limit if length > limit else 1.0,
    "inverted_always": lambda length, limit: length / limit,
    "times_limit": lambda length, limit: limit if length > limit else 1.0,
    "times_limit_always": lambda length, limit: limit,
    "over_limit": lambda length, limit: 1 / limit if length > limit else 1.0,
    "over_square": lambda length, limit: limit / length**2 if length > limit else 1.0,
    "rooted_factor": lambda length, limit: (limit / length).sqrt().clamp(max=1.0),
    "square_compared": lambda length, limit: limit / length if length**2 > limit else 1.0,
    "other_condition": lambda length, limit: (limit / length).clamp(min=1.0),
    "one_added": lambda length, limit: (limit / (length + 1)).clamp(max=1.0),
    "thrown_away": lambda length, limit: 0.0 if length > limit else 1.0,
    "turned_around": lambda length, limit: -(limit / length).clamp(max=1.0),
}


def _all(gradients: Sequence[Tensor]) -> Tensor:
    return torch.cat([one.flatten() for one in gradients])


@exercise.faults(
    lengths_added="Your length is the sum of the parameters' lengths. Lengths at right angles do not add up; their "
    f"squares do. {_READ}",
    without_root="The root is missing: what you compare with the limit is the square of the length. "
    + _READ,
    mean_of_squares="Your length is the root of the mean of the squares. It is that of their sum: a vector of more "
    f"numbers is longer. {_READ}",
    mean_of_lengths="Your length is the mean of the parameters' lengths. All of them together are one vector. "
    + _READ,
    longest=_LONGEST,
    largest_number="Your length is the largest number of all gradients. A length is made of all the numbers. "
    + _READ,
    absolute="Your length is the sum of absolute numbers. The length of a vector is the root of the sum of the "
    f"squares. {_READ}",
    absolute_mean="Your length is the mean of absolute numbers. The length of a vector is the root of the sum of the "
    f"squares. {_READ}",
    root_of_lengths="Your length is the root of the sum of the parameters' lengths. Under the root belong squares. "
    + _READ,
    root_twice="Your length has its root taken twice: it is the root of the right one. " + _READ,
    sum_of_numbers=_NOT_A_LENGTH,
    sum_squared=_NOT_A_LENGTH,
    root_of_sum=_NOT_A_LENGTH,
    sums_squared=_NOT_A_LENGTH,
    first_parameter=_ONE_PARAMETER,
    last_parameter=_ONE_PARAMETER,
    last_number="Your length is a single number of the gradients. All numbers of all parameters count. "
    + _READ,
    lengthened="Short gradients are made longer, up to the limit. Near a minimum gradients are short for a reason, and "
    f"yours would step over it again and again. {_READ}",
    unit=_UNIT,
    unit_always=_UNIT,
    limit_of_one="Your gradients are shortened to 1 if they are longer than that: `max_norm` has no effect. "
    + _READ,
    inverted=_INVERTED,
    inverted_if_long=_INVERTED,
    inverted_always=_INVERTED,
    times_limit="Gradients that are too long are multiplied by the limit itself. How long they were has to come into "
    f"the factor. {_READ}",
    times_limit_always="All gradients are multiplied by the limit, long and short ones. The factor is made of the "
    f"limit and of how long they were. {_READ}",
    over_limit="Gradients that are too long are divided by the limit. How long they were has to come into the factor. "
    + _READ,
    over_square="Your factor divides by the square of the length, so that gradients come out too short. "
    + _READ,
    rooted_factor="Your factor is the root of the right one, so that gradients come out too long. "
    + _READ,
    square_compared="Your code compares the square of the length with the limit, and not the length. "
    + _READ,
    other_condition="It is the short gradients that your code changes, and the long ones stay. "
    + _READ,
    one_added="Your factor divides by 1 more than the length, so that gradients come out too short. A number against a "
    f"division by 0 is far smaller. {_READ}",
    thrown_away="Gradients that are too long become 0, and their step is lost. They are to keep their direction. "
    + _READ,
    turned_around="Your gradients point the other way afterward. They are to keep their direction. "
    + _READ,
    length_after="You return the length after shortening. It is the limit whenever there was something to shorten, and "
    f"tells nobody how long the gradient was. {_READ}",
    factor_returned="Your function returns the factor. The length before is asked for. " + _READ,
    limit_returned="Your function returns the limit, which its caller knows. The length before is asked for. "
    + _READ,
    square_returned="Your gradients are right, and your function returns the square of the length. "
    + _READ,
    flag_returned="Your function returns whether something was shortened. The length before is asked for. "
    + _READ,
    excess_returned="Your function returns by how much the gradients were too long. The length before is asked for. "
    + _READ,
    lengths_returned="Your function returns a length for each parameter. One length is asked for, that of all "
    f"together. {_READ}",
    of_weights="Your code measures the weights. What is to be measured and shortened is their gradients. "
    + _READ,
)
def by_one_factor(on: Switches) -> Any:
    def clip_gradient_norm(parameters: Iterable[Tensor], max_norm: float) -> Any:
        owners = [one for one in parameters if one.grad is not None]
        gradients = [one.grad for one in owners if one.grad is not None]
        measured = [one.detach() for one in owners] if on("of_weights") else gradients
        length = way(on, _LENGTHS, lambda gradients: _all(gradients).norm())(measured)
        factor = way(on, _FACTORS, _factor)(length, max_norm)
        lengths = torch.stack([one.norm() for one in gradients])
        for gradient in gradients:
            gradient.mul_(factor)
        returned: dict[str, Callable[[], Any]] = {
            "length_after": lambda: _all(gradients).norm(),
            "factor_returned": lambda: factor,
            "limit_returned": lambda: max_norm,
            "square_returned": lambda: length.square(),
            "flag_returned": lambda: length > max_norm,
            "excess_returned": lambda: length - max_norm,
            "lengths_returned": lambda: lengths,
        }
        return way(on, returned, lambda: length)()

    return clip_gradient_norm


def _factor(length: Tensor, limit: float) -> Tensor:
    return (limit / length).clamp(max=1.0)


_NOBODY = (
    "The gradients stay as long as they were. Either your code makes shorter ones and gives them to nobody, or it goes "
    f"through a generator for the second time, where nothing is left. {_READ}"
)
_ATTRIBUTES = (
    "norm",
    "square",
    "pow",
    "flatten",
    "detach",
    "data",
    "clone",
    "view",
    "reshape",
    "mul_",
)
_MISSING = {f"none_{name}": name for name in _ATTRIBUTES}
_MORE_MISSING: dict[str, Callable[[Any], Any]] = {
    "none_power": lambda gradient: gradient**2,
    "none_times_itself": lambda gradient: gradient * gradient,
    "none_vector_norm": torch.linalg.vector_norm,
    "none_linalg_norm": torch.linalg.norm,
    "none_summed": torch.sum,
}


@exercise.faults(
    cut_by_value="Each number of the gradient is cut off at the limit by itself. Large numbers shrink and small ones "
    f"stay, so the gradient points elsewhere than down. {_READ}",
    cut_above="Numbers above the limit are cut off, one by one, and negative ones stay. That changes the direction. "
    + _READ,
    each_by_itself="Each parameter is shortened by itself. Those with long gradients lose more than the others, so the "
    f"direction of the whole changes. One factor goes for all. {_READ}",
    each_to_limit="Where the whole is too long, each parameter's gradient is brought to the limit by itself. One "
    f"factor goes for all. {_READ}",
    subtracted="Your code takes the same amount away from every number. That changes the direction: a factor keeps it. "
    + _READ,
    nothing_changed=_NOBODY,
    gone_through_twice="Your code goes through `parameters` twice. `model.parameters()` can be gone through once, and "
    f"the second time it is empty, so nothing is shortened. {_READ}",
    counted=_ONCE,
    indexed=_ONCE,
    sliced=_ONCE,
    first_shortened="Only the first parameter's gradient is shortened. One factor goes for all. "
    + _READ,
    last_shortened="Only the last parameter's gradient is shortened. One factor goes for all. "
    + _READ,
    again_and_again="Your factor is applied once for each parameter, so that gradients come out far too short. Each is "
    f"to be multiplied once. {_READ}",
    weights_shortened="Your code shortens the weights. What is to be shortened is their gradients. "
    + _READ,
    none_filled="A parameter that had no gradient has one of zeros afterward. Leave it out: an optimizer treats the "
    f"two differently. {_READ}",
    gradients_returned="Your function returns the gradients. The length before is asked for, and the gradients are to "
    f"stand in the parameters' `grad`. {_READ}",
    **dict.fromkeys([*_MISSING, *_MORE_MISSING], _NONE),
)
def by_other_steps(on: Switches) -> Any:
    def clip_gradient_norm(parameters: Any, max_norm: float) -> Any:
        if on("counted"):
            len(parameters)
        if on("indexed"):
            parameters[0]
        if on("sliced"):
            parameters[:1]
        _ask(on, parameters)
        kept = parameters if on("gone_through_twice") else list(parameters)
        if on("none_filled"):
            for one in kept:
                one.grad = torch.zeros_like(one) if one.grad is None else one.grad
        gradients = [one.grad for one in kept if one.grad is not None]
        length = _all(gradients).norm()
        if on("gone_through_twice"):
            gradients = [one.grad for one in kept if one.grad is not None]
        if on("weights_shortened"):
            gradients = [one.data for one in kept if one.grad is not None]
        factor = _factor(length, max_norm)
        if on("gradients_returned"):
            return [gradient * factor for gradient in gradients]
        way(on, _CHANGES, _shorten)(gradients, max_norm, length)
        return length

    return clip_gradient_norm


def _ask(on: Switches, parameters: Any) -> None:
    """Ask of each gradient what None does not have."""
    for name, attribute in _MISSING.items():
        if on(name):
            for one in parameters:
                getattr(one.grad, attribute)
    for name, ask in _MORE_MISSING.items():
        if on(name):
            for one in parameters:
                ask(one.grad)


def _shorten(gradients: Sequence[Tensor], limit: float, length: Tensor) -> None:
    for gradient in gradients:
        gradient.mul_(_factor(length, limit))


def _cut(gradients: Sequence[Tensor], low: float | None, high: float) -> None:
    for gradient in gradients:
        gradient.clamp_(low, high)


def _bring_each(gradients: Sequence[Tensor], limit: float, length: Tensor) -> None:
    for gradient in gradients:
        gradient.mul_(limit / gradient.norm() if length > limit else 1.0)


def _shorten_each(gradients: Sequence[Tensor], limit: float, length: Tensor) -> None:
    for gradient in gradients:
        gradient.mul_(_factor(gradient.norm(), limit))


def _subtract(gradients: Sequence[Tensor], limit: float, length: Tensor) -> None:
    for gradient in gradients:
        gradient.sub_((length - limit).clamp(min=0.0))


def _shorten_again(gradients: Sequence[Tensor], limit: float, length: Tensor) -> None:
    for gradient in gradients:
        gradient.mul_(_factor(length, limit) ** len(gradients))


_CHANGES: dict[str, Callable[[Sequence[Tensor], float, Tensor], None]] = {
    "cut_by_value": lambda gradients, limit, length: _cut(gradients, -limit, limit),
    "cut_above": lambda gradients, limit, length: _cut(gradients, None, limit),
    "each_by_itself": _shorten_each,
    "each_to_limit": _bring_each,
    "subtracted": _subtract,
    "nothing_changed": lambda gradients, limit, length: None,
    "weights_shortened": _shorten,
    "first_shortened": lambda gradients, limit, length: _shorten(gradients[:1], limit, length),
    "last_shortened": lambda gradients, limit, length: _shorten(gradients[-1:], limit, length),
    "again_and_again": _shorten_again,
}
