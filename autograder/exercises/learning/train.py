"""`learning.train`: its probes, and what people get wrong about it."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from autograder.exercise import normal
from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import Examples
from llmlab import foundations

exercise = LAB.exercise(
    "train",
    reference=foundations.train,
    hints=(
        "Write the loop without the validation first: three lines a batch.",
        "After each `every` batches the validation loss is measured, without gradients. When it is "
        "the lowest so far, keep a copy of the weights: a `state_dict` shares its tensors with the "
        "model, and `copy.deepcopy` does not.",
        "For each batch: clear the gradients, compute the loss and its gradients, step. Every so "
        "often: measure, append, and if it is lower than all before, deep-copy the state. At the "
        "end, load that state into the model.",
    ),
)


def _trained(
    implementation: Any, batches: list[Examples], validation: Examples, every: int
) -> dict[str, Any]:
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = implementation(model, functional.mse_loss, optimizer, batches, validation, every)
    return {"validation losses": losses, "weight at the end": model.weight.detach().clone()}


def _unit(generator: Generator) -> Tensor:
    x = normal(generator, 6, 1)
    return x / x.square().mean().sqrt()


@exercise.probe
def past_the_best(implementation: Any, generator: Generator) -> Any:
    """A line of slope 2, validated on one of slope 1, with two odd batches at the end; measured at each step."""
    x = _unit(generator)
    return _trained(implementation, [(x, 2 * x)] * 9 + [(x, -x)] * 2, (x, x), 1)


@exercise.probe
def now_and_then(implementation: Any, generator: Generator) -> Any:
    """Seven batches of noisy examples, measured after every second one."""
    batches = [(x, 2 * x + normal(generator, 6, 1)) for x in (_unit(generator) for _ in range(7))]
    x = _unit(generator)
    return _trained(implementation, batches, (x, x), 2)


def _loop(
    model: nn.Module,
    loss_function: Any,
    optimizer: Any,
    batches: Sequence[Examples],
    validation: Examples,
    every: int = 1,
    *,
    clear: bool = True,
    keep: str = "validation",
    learn_from_validation: bool = False,
) -> list[float]:
    losses: list[float] = []
    best, kept = math.inf, copy.deepcopy(model.state_dict())
    for step, (inputs, targets) in enumerate(batches, 1):
        if clear:
            optimizer.zero_grad()
        loss = loss_function(model(inputs), targets)
        loss.backward()
        optimizer.step()
        if step % every:
            continue
        held_out = loss_function(model(validation[0]), validation[1])
        losses.append(held_out.item())
        if learn_from_validation:
            optimizer.zero_grad()
            held_out.backward()
            optimizer.step()
        measure = {"validation": losses[-1], "training": loss.item(), "last": -step}[keep]
        if measure < best:
            best, kept = measure, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return losses


@exercise.misconception(
    "The gradients are never cleared. PyTorch adds each new gradient to what is there, so your "
    "steps follow the sum of all gradients since the beginning. Reread 'The loop'."
)
def never_cleared(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(model, loss_function, optimizer, batches, validation, every, clear=False)


@exercise.misconception(
    "The model ends with its last weights, not with its best. If you did keep the best ones, look "
    "at how: a `state_dict` shares its tensors with the model, and changes with it. "
    "Reread 'Stop at the best'."
)
def last_weights(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(model, loss_function, optimizer, batches, validation, every, keep="last")


@exercise.misconception(
    "Your code keeps the weights of the lowest training loss. That loss goes on falling while the "
    "model learns its examples by heart, and says nothing about new ones. "
    "Reread 'Stop at the best'."
)
def chosen_by_training(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(model, loss_function, optimizer, batches, validation, every, keep="training")


@exercise.misconception(
    "Your model learns from the validation set too. From then on its validation loss is one more "
    "training loss, and nothing is left to choose by. Reread 'Stop at the best'."
)
def learns_from_validation(
    model: Any, loss_function: Any, optimizer: Any, batches: Any, validation: Any, every: int = 1
) -> list[float]:
    return _loop(
        model, loss_function, optimizer, batches, validation, every, learn_from_validation=True
    )
