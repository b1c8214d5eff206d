"""`pretraining.snapshot`: hidden probes, and right answers written differently."""

import copy
import io
from typing import Any

import torch
from torch import Generator, nn

from autograder.exercise import Private
from autograder.exercises.pretraining.snapshot import resumed

private = Private()


@private.probe
def taken_later(implementation: Any, generator: Generator) -> Any:
    """A snapshot after five steps, and one before the first."""
    return [resumed(implementation, generator, 5, 2), resumed(implementation, generator, 0, 2)]


@private.variant
def snapshot_cloned(
    model: nn.Module, optimizer: torch.optim.Optimizer, step: int, batches: Any
) -> dict[str, Any]:
    """Clone the weights one by one."""
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return {
        "model": weights,
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "step": step,
        "batches": dict(batches.state_dict()),
    }


@private.variant
def snapshot_in_memory_file(
    model: nn.Module, optimizer: torch.optim.Optimizer, step: int, batches: Any
) -> dict[str, Any]:
    """Write all into a file in memory, and read it back."""
    file = io.BytesIO()
    names = {"model": model, "optimizer": optimizer, "batches": batches}
    torch.save({name: one.state_dict() for name, one in names.items()} | {"step": step}, file)
    file.seek(0)
    content: dict[str, Any] = torch.load(file, weights_only=True)
    return content
