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
    behind = logits - logits.max(dim=-1, keepdim=True).values
    if temperature == 0:
        return torch.where(behind < 0, -math.inf, behind)
    return behind.double() / temperature


@private.variant
def temperature_in_logarithms(logits: Tensor, temperature: float) -> Tensor:
    """Give logarithms of probabilities, which are logits too; at 0 by a one-hot row."""
    if temperature == 0:
        choice = logits.argmax(dim=-1)
        return nn.functional.one_hot(choice, logits.shape[-1]).float().log()
    return torch.log_softmax(logits / temperature, dim=-1)


@private.variant
def temperature_with_low_numbers(logits: Tensor, temperature: float) -> Tensor:
    """Put a number so low that its softmax is 0."""
    if temperature == 0:
        return logits.masked_fill(logits < logits.amax(dim=-1, keepdim=True), -1e9)
    return logits.mul(1 / temperature)
