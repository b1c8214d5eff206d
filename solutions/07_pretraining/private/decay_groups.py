"""`pretraining.decay_groups`: hidden probes, and right answers written differently."""

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
def convolution(implementation: Any, generator: Generator) -> Any:
    """A parameter of three dimensions, and a single number."""
    model = nn.Module()
    model.kernel = nn.Parameter(torch.ones(2, 2, 2))
    model.scale = nn.Parameter(torch.ones(()))
    names = {id(one): name for name, one in model.named_parameters()}
    return [
        [[names[id(one)] for one in group["params"]], group["weight_decay"]]
        for group in implementation(model, 0.2)
    ]


@private.variant
def groups_loop(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Sort one parameter after the other."""
    decayed, kept = [], []
    for _, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        (decayed if parameter.ndim > 1 else kept).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"weight_decay": 0, "params": kept},
    ]


@private.variant
def groups_filter(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Filter by the length of the shape."""
    trained = list(filter(lambda one: one.requires_grad, model.parameters()))
    by_kind = {
        kind: [one for one in trained if (len(one.shape) < 2) == kind] for kind in (False, True)
    }
    return [
        {"params": by_kind[small], "weight_decay": 0.0 if small else weight_decay}
        for small in by_kind
    ]
