"""`pretraining.snapshot`: hidden probes, and right answers written differently."""

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


class Keeper:
    """Stands for an optimizer and for batches: gives one state, and shares what is in it."""

    def __init__(self, **state: Any) -> None:
        self.state = state

    def state_dict(self) -> dict[str, Any]:
        """Give the state itself."""
        return self.state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state."""
        self.state = state


@private.probe
def what_was_kept(implementation: Any, generator: Generator) -> Any:
    """A model, an optimizer and batches: what the snapshot holds after all of them have changed."""
    model = nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.randn(1, 2, generator=generator))
        model.bias.zero_()
    mean = torch.randn(1, 2, generator=generator)
    optimizer, batches = (
        Keeper(state={0: {"mean": mean}}, param_groups=[{"lr": 0.1}]),
        Keeper(place=5),
    )
    kept = implementation(model, optimizer, 17, batches)
    with torch.no_grad():
        model.weight += 1
    mean += 1
    optimizer.state["param_groups"][0]["lr"] = 0.2
    batches.state["place"] = 6
    return {
        "weight": kept["model"]["weight"],
        "mean": kept["optimizer"]["state"][0]["mean"],
        "learning rate": kept["optimizer"]["param_groups"][0]["lr"],
        "step": kept["step"],
        "batches": kept["batches"],
    }


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
