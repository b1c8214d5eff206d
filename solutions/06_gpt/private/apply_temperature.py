"""`gpt.apply_temperature`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from autograder.exercises.gpt.apply_temperature import spread

private = Private()


@private.probe
def many_rows(implementation: Any, generator: Generator) -> Any:
    """Several leading dimensions, a very low temperature, and logits in the hundreds."""
    logits = 100 * torch.randn(3, 2, 6, generator=generator)
    return spread(implementation, logits, (0.0, 0.1, 20.0))


@private.probe
def negative_logits(implementation: Any, generator: Generator) -> Any:
    """A single row in which every logit is below zero."""
    logits = -1 - torch.randperm(7, generator=generator) / 5
    return spread(implementation, logits, (0.0, 0.6, 1.7))


@private.variant
def temperature_of_differences(logits: Tensor, temperature: float) -> Tensor:
    """Measure from the largest logit, which then stays at 0."""
    logits = logits - logits.max(dim=-1, keepdim=True).values
    if not temperature:
        return torch.where(logits < 0, -math.inf, logits)
    return logits.double() / temperature


@private.variant
def temperature_in_logarithms(logits: Tensor, temperature: float) -> Tensor:
    """Give logarithms of probabilities, which are logits too; at 0 by a one-hot row."""
    if temperature > 0:
        return (logits / temperature).softmax(dim=-1).log()
    return nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1]).log()


@private.variant
def temperature_with_low_numbers(logits: Tensor, temperature: float) -> Tensor:
    """Put a number so low that its softmax is 0."""
    if not temperature:
        return logits.masked_fill(logits < logits.amax(dim=-1, keepdim=True), -1e9)
    return logits.mul(1 / temperature)


private.equivalent(
    "return torch.full_like(logits, -math.inf).scatter(-1, largest, logits.gather(-1, largest))",
    "CALL",
    "At 0 one logit of a row is left, and its softmax is 1 whatever it is.",
)
private.equivalent(
    "largest = logits.argmax(dim=-1, keepdim=True)",
    "STATEMENTS",
    "The largest is found earlier than it is needed.",
)
private.equivalent(
    "return nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1]).log()",
    "FUNCTION",
    "The logarithm of 1 is 0, and that of 0 is minus infinity, to every base.",
)
