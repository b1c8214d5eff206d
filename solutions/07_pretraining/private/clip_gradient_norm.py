"""`pretraining.clip_gradient_norm`: hidden probes, and right answers written differently."""

import copy
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from llmlab import training

private = Private()


@private.probe
def one_number(implementation: Any, generator: Generator) -> Any:
    """A single gradient of a single number, longer than allowed, and one that is short."""
    results = []
    for size in (7.0, 0.2):
        parameter = nn.Parameter(torch.zeros(1))
        parameter.grad = torch.tensor([-size])
        results.append([float(implementation([parameter], 1.0)), parameter.grad])
    return results


@private.variant
def clip_flat(parameters: Iterable[Tensor], max_norm: float) -> Tensor:
    """Make one vector of all gradients to measure it."""
    gradients = [one.grad for one in parameters if one.grad is not None]
    length = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    factor = min(1.0, max_norm / length.item())
    for gradient in gradients:
        gradient *= factor
    return length


@private.variant
def clip_new_tensors(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Sum in Python, and give the parameters new gradients."""
    owners = [one for one in parameters if one.grad is not None]
    length = math.sqrt(sum(float((one.grad.double() ** 2).sum()) for one in owners))
    if length > max_norm:
        for one in owners:
            one.grad = one.grad * (max_norm / length)
    return length
