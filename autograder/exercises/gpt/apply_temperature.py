"""`gpt.apply_temperature`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "apply_temperature",
    reference=model.apply_temperature,
    hints=(
        "Work out by hand what happens to the difference of two logits in the worked example.",
        "One operation does it for every temperature above 0. At 0 you would divide by nothing, so this case "
        "is written apart: one logit of each row stays, all others become minus infinity.",
        "Above 0, divide. At 0, find where each row is largest, and put minus infinity everywhere else.",
    ),
)


def _spread(logits: Any) -> Any:
    # Adding a number to all logits changes no probability, and no answer's worth.
    return logits.softmax(dim=-1)


@exercise.probe
def three_temperatures(implementation: Any, generator: Generator) -> Any:
    """Eight logits at the temperatures 0.5, 1 and 2; compared as probabilities."""
    logits = 2 * torch.randn(8, generator=generator)
    return {f"temperature {t}": _spread(implementation(logits, t)) for t in (0.5, 1.0, 2.0)}


@exercise.probe
def temperature_zero(implementation: Any, generator: Generator) -> Any:
    """Two rows of five logits at the temperature 0; compared as probabilities."""
    logits = torch.randn(2, 5, generator=generator)
    return _spread(implementation(logits, 0.0))


@exercise.misconception(
    "Your logits are multiplied by the temperature: a high temperature makes the choice sharper, and it "
    "should make it more even. Reread 'Temperature'."
)
def multiplied(logits: Tensor, temperature: float) -> Tensor:
    return logits * temperature if temperature else model.apply_temperature(logits, 0.0)


@exercise.misconception(
    "Your temperature divides probabilities. What is drawn from depends on their ratios, and dividing all of "
    "them by one number leaves those as they are. Reread 'Temperature'."
)
def of_probabilities(logits: Tensor, temperature: float) -> Tensor:
    if not temperature:
        return model.apply_temperature(logits, 0.0)
    return (logits.softmax(dim=-1) / temperature).log()


@exercise.misconception(
    "Your code returns probabilities, and those are taken for logits afterwards: their softmax is nearly "
    "even, whatever the temperature. Reread 'Temperature'."
)
def returns_probabilities(logits: Tensor, temperature: float) -> Tensor:
    if not temperature:
        return model.apply_temperature(logits, 0.0)
    return (logits / temperature).softmax(dim=-1)


@exercise.misconception(
    "At the temperature 0 your code divides by 0, and infinities have no softmax. Reread 'Temperature 0'."
)
def divides_by_zero(logits: Tensor, temperature: float) -> Tensor:
    return logits / temperature


@exercise.misconception(
    "At the temperature 0 your code returns ones and zeros as logits. A logit of 0 is no ban: it still has "
    "its share of the softmax. Reread 'Temperature 0'."
)
def ones_and_zeros(logits: Tensor, temperature: float) -> Tensor:
    if temperature:
        return logits / temperature
    return torch.zeros_like(logits).scatter(-1, logits.argmax(dim=-1, keepdim=True), 1.0)
