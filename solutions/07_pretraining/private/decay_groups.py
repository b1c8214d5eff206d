"""`pretraining.decay_groups`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import nn

from autograder.exercise import Private
from autograder.exercises.pretraining.decay_groups import groups_by_name

private = Private()


@private.probe
def other_layers(implementation: Any, generator: torch.Generator) -> Any:
    """A convolution, whose matrix has three dimensions, with a norm that is not trained."""
    model = nn.Sequential(nn.Conv1d(2, 3, 2), nn.GroupNorm(1, 3), nn.Linear(3, 1))
    model[1].requires_grad_(False)
    return groups_by_name(implementation, model, 0.2)


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
