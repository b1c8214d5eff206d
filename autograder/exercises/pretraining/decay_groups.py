"""`pretraining.decay_groups`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Generator, Tensor, nn

from autograder.exercises.pretraining import LAB
from llmlab import training

exercise = LAB.exercise(
    "decay_groups",
    reference=training.decay_groups,
    hints=(
        "You do not need to look at names. What tells a matrix from a bias is how many dimensions it has.",
        "`model.parameters()` gives each parameter once, tied ones too. Leave out those whose `requires_grad` is "
        "false, and sort the others by `dim()`.",
        "Two list comprehensions over the trainable parameters: at least two dimensions, and fewer; each in a "
        "dictionary under `params`, with its `weight_decay` beside it.",
    ),
)


class Sorted(nn.Module):
    """A model with everything that has to be sorted: a table, a matrix with a bias, a norm, and a tied head."""

    def __init__(self, tied: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(6, 4)
        self.map = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 6, bias=False)
        if tied:
            self.head.weight = self.table.weight


def _by_name(implementation: Any, model: nn.Module, weight_decay: float) -> Any:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [
        {
            "params": sorted(names.get(id(one), "something else") for one in group["params"]),
            "weight_decay": group.get("weight_decay"),
        }
        for group in implementation(model, weight_decay)
    ]


@exercise.probe
def table_map_and_norm(implementation: Any, generator: Generator) -> Any:
    """A table, a matrix with a bias, a norm with weight and bias, and a head; a weight decay of 0.1."""
    return _by_name(implementation, Sorted(tied=False), 0.1)


@exercise.probe
def tied_head(implementation: Any, generator: Generator) -> Any:
    """The same with the head tied to the table; a weight decay of 0.3."""
    return _by_name(implementation, Sorted(tied=True), 0.3)


@exercise.probe
def frozen_table(implementation: Any, generator: Generator) -> Any:
    """The same with a table that is not to be trained."""
    model = Sorted(tied=False)
    model.table.weight.requires_grad_(False)
    return _by_name(implementation, model, 0.1)


def _sorted_by(
    model: nn.Module, weight_decay: float, decays: Callable[[str, Tensor], bool]
) -> list[dict[str, Any]]:
    named = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
    return [
        {"params": [one for name, one in named if decays(name, one)], "weight_decay": weight_decay},
        {"params": [one for name, one in named if not decays(name, one)], "weight_decay": 0.0},
    ]


@exercise.misconception(
    "Everything decays, norms and biases too. A norm's weight stands at 1 because 1 is where it should be; drawn to "
    "0, it makes all that passes through it smaller. Reread 'What decays, and what does not'."
)
def everything_decays(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: True)


@exercise.misconception(
    "You left out the biases and let the weights of the norms decay. They are called `weight` like those of a matrix, "
    "and are none. Reread 'What decays, and what does not'."
)
def norms_decay(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: "bias" not in name)


@exercise.misconception(
    "You left out the norms and let the biases of the linear maps decay. A bias has nothing to gain from being small. "
    "Reread 'What decays, and what does not'."
)
def biases_decay(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: "norm" not in name)


@exercise.misconception(
    "The embedding table does not decay in your groups. It is a matrix like the others, and here it is to decay; when "
    "the head is tied to it, it is the largest of them. Reread 'What decays, and what does not'."
)
def table_kept(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: one.dim() >= 2 and "table" not in name)


@exercise.misconception(
    "Your groups are exchanged: the norms and biases decay, and the matrices do not. "
    "Reread 'What decays, and what does not'."
)
def exchanged(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return _sorted_by(model, weight_decay, lambda name, one: one.dim() < 2)


@exercise.misconception(
    "A tied parameter is in your list twice: once as the table and once as the head. PyTorch's optimizers warn of "
    "that, and would change it twice in each step. Reread 'What decays, and what does not'."
)
def tied_twice(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    everything = [
        one
        for part in model.modules()
        for one in part.parameters(recurse=False)
        if one.requires_grad
    ]
    return [
        {"params": [one for one in everything if one.dim() >= 2], "weight_decay": weight_decay},
        {"params": [one for one in everything if one.dim() < 2], "weight_decay": 0.0},
    ]


@exercise.misconception(
    "Parameters that are not to be trained are in your groups. Weight decay needs no gradient in some optimizers, and "
    "then shrinks what was meant to stay. Reread 'What decays, and what does not'."
)
def frozen_included(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    everything = list(model.parameters())
    return [
        {"params": [one for one in everything if one.dim() >= 2], "weight_decay": weight_decay},
        {"params": [one for one in everything if one.dim() < 2], "weight_decay": 0.0},
    ]


@exercise.misconception(
    "Your second group does not say what its weight decay is, so it gets the optimizer's default, which in AdamW is "
    "not 0. Reread 'What decays, and what does not'."
)
def decay_unsaid(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    first, second = _sorted_by(model, weight_decay, lambda name, one: one.dim() >= 2)
    return [first, {"params": second["params"]}]
