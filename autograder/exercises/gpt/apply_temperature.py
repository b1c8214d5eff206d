"""`gpt.apply_temperature`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Switches
from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "apply_temperature",
    reference=model.apply_temperature,
    hints=(
        "Work out by hand what happens to the difference of two logits in the worked example.",
        "One operation does it for every temperature above 0. At 0 you would divide by nothing, so "
        "this case is written apart: one logit of each row stays, all others become minus infinity.",
        "Above 0, divide. At 0, find where each row is largest, and put minus infinity everywhere else.",
    ),
    matters="The makers of Llama 3.1 (2024) ship it with a temperature of 0.6, those of SmolLM2 (2025) with 0.2. "
    "Read llmlab/model/generation.py.",
)


def spread(implementation: Any, logits: Tensor, temperatures: tuple[float, ...]) -> dict[str, Any]:
    """Give the probabilities at some temperatures: a number added to all logits of a row changes none of them."""
    return {
        f"probabilities at temperature {t}": implementation(logits.clone(), t)
        .double()
        .softmax(dim=-1)
        for t in temperatures
    }


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The logits (2, 1, 0) at the temperatures 0.5, 1, 2 and 0; compared as probabilities."""
    return spread(implementation, torch.tensor([2.0, 1.0, 0.0]), (0.5, 1.0, 2.0, 0.0))


@exercise.probe
def a_row_below_zero(implementation: Any, generator: Generator) -> Any:
    """Logits that are all below zero, at several temperatures; compared as probabilities."""
    logits = -1 - 2 * torch.rand(5, generator=generator)
    return spread(implementation, logits, (0.3, 0.9, 1.5, 4.0, 0.0))


@exercise.probe
def two_rows(implementation: Any, generator: Generator) -> Any:
    """Two rows of five logits, at the temperatures 0 and 0.7; compared as probabilities."""
    logits = torch.randn(2, 5, generator=generator)
    logits[1] += 3
    return spread(implementation, logits, (0.0, 0.7))


@exercise.probe
def close_logits(implementation: Any, generator: Generator) -> Any:
    """The logits (1, 1.001, 0.5) at the temperature 0; compared as probabilities."""
    return spread(implementation, torch.tensor([1.0, 1.001, 0.5]), (0.0,))


@exercise.probe
def large_logits(implementation: Any, generator: Generator) -> Any:
    """A tensor of (2, 3, 4) with logits in the hundreds, at 0.05, 30 and 0; compared as probabilities."""
    logits = 100 * torch.randn(2, 3, 4, generator=generator)
    return spread(implementation, logits, (0.05, 30.0, 0.0))


_ABOVE = "Reread 'Temperature'."
_ZERO = "Reread 'Temperature 0'."
_OTHER_AXIS = (
    "At the temperature 0 you look for the largest logit across rows. Each row has its own: look along the "
    f"vocabulary. {_ZERO}"
)
_LEADING = (
    "Your code counts on a certain number of dimensions. The leading dimensions are free: only the last one is the "
    "vocabulary. "
)
_NOT_GREEDY = (
    "At the temperature 0 your choice is not greedy: you divide by a small number, and it is not small enough. "
    "Close logits keep a share each. " + _ZERO
)
_AXIS_ONE = _LEADING + "At the temperature 0 you look along dimension 1. " + _ZERO
_NO_EFFECT = (
    "Above 0 your temperature changes no probability: either it is not used, or it moves all logits of a row "
    "alike, as dividing their probabilities does. Only differences of logits count. " + _ABOVE
)
_NO_NUMBER = (
    "At the temperature 0 the softmax of what you return is not a number: either you divide by 0, or no logit of "
    "a row is left, or what is ruled out becomes plus infinity. " + _ZERO
)
_OTHERS_ZERO = (
    "At the temperature 0 your other logits become 0, or nearly 0. That is no ban: a logit of 0 still has its "
    "share of the softmax, and where all logits are below 0 it is the largest. " + _ZERO
)
_ONES_AND_ZEROS = (
    "At the temperature 0 your code returns ones and zeros as logits. A logit of 0 is no ban: it still has its "
    "share of the softmax. " + _ZERO
)
_NAMED_PAIR = (
    "`max` along a dimension gives a pair, the largest values and their places, and you go on with the pair. "
    + _ZERO
)


@exercise.faults(
    multiplied="Your logits are multiplied by the temperature: a high temperature makes the choice sharper, and it "
    f"should make it more even. {_ABOVE}",
    without_effect=_NO_EFFECT,
    of_probabilities=_NO_EFFECT,
    probabilities_as_logits="Your code takes probabilities and divides them by the temperature. Their differences "
    f"are at most 1, so what comes out is nearly even. It is the logits that are divided. {_ABOVE}",
    returns_probabilities="Your code returns probabilities, and those are taken for logits afterwards: their "
    f"softmax is nearly even, whatever the temperature. {_ABOVE}",
    returns_weights="Your code returns exponentials. They are taken for logits afterwards, and are put into an "
    f"exponential once more. {_ABOVE}",
    squared="Your logits are divided by the square of the temperature. " + _ABOVE,
    rooted="Your logits are divided by the root of the temperature. " + _ABOVE,
    one_added="You add 1 to the temperature before you divide, so that every choice is too even. "
    + _ABOVE,
    sign_turned="Your signs are turned: the least likely token becomes the likeliest. " + _ABOVE,
    powers="You raise the logits to a power. That is right for probabilities; logits are divided. "
    + _ABOVE,
    powers_of_probabilities="You return powers of the probabilities. These are probabilities still, up to a "
    f"factor, and they are taken for logits afterwards. {_ABOVE}",
    whole_division="Your division is rounded down to whole numbers: `//` loses what stands after the point. "
    f"{_ABOVE}",
    never_sharper="Temperatures below 1 have no effect with you. They should make the choice sharper. "
    + _ABOVE,
    never_more_even="Temperatures above 1 have no effect with you. They should make the choice more even. "
    + _ABOVE,
    greedy_below_one="Below 1 your choice is greedy. Only at 0 is one token left; between 0 and 1 the choice "
    f"becomes sharper little by little. {_ABOVE}",
    always_greedy=f"Your choice is greedy at every temperature. Only at 0 is one token left. {_ABOVE}",
    normed="Your logits are put to a common scale before the temperature. How far apart they are is what the "
    f"model has learned. {_ABOVE}",
    over_other_axis=_LEADING + "You normalize across rows. " + _ABOVE,
    divides_by_zero=_NO_NUMBER,
    bounded_below=_NOT_GREEDY,
    bounded_lower=_NOT_GREEDY,
    small_added="You add a small number to the temperature. At 0 the choice is not greedy then, and above 0 the "
    f"probabilities are a little off. {_ZERO}",
    divides_one_by_zero=f"At the temperature 0 your code divides 1 by 0. {_ZERO}",
    zero_probabilities="At the temperature 0 your code returns probabilities, in which all tokens still have "
    f"their share. It should leave one. {_ZERO}",
    zero_unchanged="At the temperature 0 your code returns the logits as they are, which is what 1 means. "
    + _ZERO,
    zero_even="At the temperature 0 all tokens are equally likely with you. It should be one token alone. "
    + _ZERO,
    ones_and_zeros=_ONES_AND_ZEROS,
    whole_ones_and_zeros=_ONES_AND_ZEROS,
    others_zero=_OTHERS_ZERO,
    others_plus_infinity=_NO_NUMBER,
    others_low="At the temperature 0 your other logits become a number that is not low enough to rule them out. "
    + _ZERO,
    others_tiny=_OTHERS_ZERO,
    smallest_kept=f"At the temperature 0 you keep the smallest logit. {_ZERO}",
    largest_dropped="At the temperature 0 you rule out the largest logit, and keep all others. "
    + _ZERO,
    all_dropped=_NO_NUMBER,
    top_two="At the temperature 0 two logits of each row are left, and it should be one. " + _ZERO,
    one_of_all="At the temperature 0 you look for the largest of all logits. Each row has its own largest. "
    + _ZERO,
    place_of_all=_LEADING
    + "At the temperature 0 you take the place of the largest logit of all rows together. "
    + _ZERO,
    across_rows=_OTHER_AXIS,
    axis_one=_AXIS_ONE,
    axis_one_by_place=_AXIS_ONE,
    first_row=_LEADING
    + "At the temperature 0 only the place of the first row's largest logit counts. "
    + _ZERO,
    no_keepdim="At the temperature 0 the row's largest logits have lost a dimension, and no longer stand beside "
    "their rows. " + _ZERO,
    pair_compared=_NAMED_PAIR,
    pair_compared_equal=_NAMED_PAIR,
    zero_by_ids="At the temperature 0 your code returns the number of the token. It should give logits still, so "
    f"that a filter can follow. {_ZERO}",
    zero_by_values="At the temperature 0 your code returns the largest logit alone. It should give a logit for "
    f"each token, since the next step needs their places. {_ZERO}",
    zero_by_values_kept="At the temperature 0 your code returns a row of one number. It should give a logit for "
    f"each token, since the next step needs their places. {_ZERO}",
)
def faulty(on: Switches) -> Any:
    def apply_temperature(logits: Tensor, temperature: float) -> Any:
        if on("bounded_below"):
            return logits / max(temperature, 0.1)
        if on("bounded_lower"):
            return logits / max(temperature, 0.01)
        if on("small_added"):
            return logits / (temperature + 1e-3)
        if on("divides_one_by_zero"):
            return logits * (1 / temperature)
        if on("divides_by_zero"):
            return logits / temperature
        if on("always_greedy"):
            return _greedy(logits, on)
        if temperature == 0 or (on("greedy_below_one") and temperature < 1):
            return _greedy(logits, on)
        return _tempered(logits, temperature, on)

    return apply_temperature


def _tempered(logits: Tensor, t: float, on: Switches) -> Tensor:
    if on("multiplied"):
        return logits * t
    if on("without_effect"):
        return logits
    if on("of_probabilities"):
        return (logits.softmax(dim=-1) / t).log()
    if on("probabilities_as_logits"):
        return logits.softmax(dim=-1) / t
    if on("squared"):
        return logits / t**2
    if on("rooted"):
        return logits / math.sqrt(t)
    if on("one_added"):
        return logits / (t + 1)
    if on("sign_turned"):
        return -logits / t
    if on("powers"):
        return logits ** (1 / t)
    if on("powers_of_probabilities"):
        return logits.softmax(dim=-1) ** (1 / t)
    if on("whole_division"):
        return logits // t
    if on("never_sharper"):
        t = max(t, 1)
    elif on("never_more_even"):
        t = min(t, 1)
    if on("normed"):
        logits = nn.functional.layer_norm(logits, logits.shape[-1:])
    return _returned(logits / t, on)


def _returned(logits: Tensor, on: Switches) -> Tensor:
    if on("returns_probabilities"):
        return logits.softmax(dim=-1)
    if on("returns_weights"):
        return logits.exp()
    return logits.log_softmax(dim=0) if on("over_other_axis") else logits


def _greedy(logits: Tensor, on: Switches) -> Any:
    if on("zero_unchanged"):
        return logits
    if on("zero_probabilities"):
        return logits.softmax(dim=-1)
    if on("zero_even"):
        return torch.zeros_like(logits)
    if on("zero_by_ids"):
        return logits.argmax(dim=-1)
    if on("zero_by_values"):
        return logits.max(dim=-1).values
    if on("zero_by_values_kept"):
        return logits.max(dim=-1, keepdim=True).values
    if on("whole_ones_and_zeros"):
        return nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1])
    if on("pair_compared"):
        return logits.masked_fill(logits < logits.max(dim=-1, keepdim=True), -math.inf)  # type: ignore[operator]
    if on("pair_compared_equal"):
        return torch.where(logits == logits.max(dim=-1, keepdim=True), logits, -math.inf)  # type: ignore[call-overload]
    kept = _kept(logits, on)
    if on("ones_and_zeros"):
        return kept.float()
    if on("others_zero"):
        return logits.masked_fill(~kept, 0.0)
    if on("others_plus_infinity"):
        return logits.masked_fill(~kept, math.inf)
    if on("others_low"):
        return logits.masked_fill(~kept, -1.0)
    if on("others_tiny"):
        return logits.masked_fill(~kept, torch.finfo(logits.dtype).tiny)
    return logits.masked_fill(kept if on("largest_dropped") else ~kept, -math.inf)


def _kept(logits: Tensor, on: Switches) -> Tensor:
    """Mark what stays at the temperature 0."""
    if on("smallest_kept"):
        return logits == logits.amin(dim=-1, keepdim=True)
    if on("all_dropped"):
        return logits > logits.amax(dim=-1, keepdim=True)
    if on("top_two"):
        return logits >= logits.topk(2, dim=-1).values[..., -1:]
    if on("one_of_all"):
        return logits == logits.max()
    if on("across_rows"):
        return logits == logits.amax(dim=0, keepdim=True)
    if on("axis_one"):
        return logits == logits.max(dim=1, keepdim=True).values
    if on("axis_one_by_place"):
        places = logits.argmax(dim=1, keepdim=True)
        return torch.zeros_like(logits, dtype=torch.bool).scatter(1, places, True)
    if on("no_keepdim"):
        return logits == logits.max(dim=-1).values
    if on("place_of_all"):
        kept = torch.zeros_like(logits, dtype=torch.bool)
        kept[logits.argmax()] = True
        return kept
    if on("first_row"):
        kept = torch.zeros_like(logits, dtype=torch.bool)
        kept[..., logits.reshape(-1, logits.shape[-1])[0].argmax()] = True
        return kept
    return logits == logits.amax(dim=-1, keepdim=True)
