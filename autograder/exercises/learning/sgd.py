"""`learning.SGD`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import walk
from llmlab import foundations

exercise = LAB.exercise(
    "SGD",
    reference=foundations.SGD,
    hints=(
        "What has to survive from one step to the next, and where is it kept?",
        "Each parameter has a dictionary of its own, empty before the first step: `state.get` with "
        "a default of zero covers the first step too.",
        "The new velocity is the momentum times the old one, plus the gradient; keep it in the "
        "state; take the learning rate times it away from the parameter, in place.",
    ),
)


@exercise.probe
def three_steps(implementation: Any, generator: Generator) -> Any:
    """A vector of three numbers, learning rate 0.1, momentum 0.8: where it is after each of three steps."""
    return {"after each step": walk(lambda p: implementation(p, 0.1, 0.8), generator, 1, 3)}


@exercise.probe
def two_parameters(implementation: Any, generator: Generator) -> Any:
    """Two vectors at once, learning rate 0.05, momentum 0.5."""
    return {"after each step": walk(lambda p: implementation(p, 0.05, 0.5), generator, 2, 3)}


class _Descent(torch.optim.Optimizer):
    """A descent whose misconception is one method: how velocity and gradient make the next velocity."""

    def __init__(self, params: Any, lr: float, momentum: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return momentum * old + gradient

    def key(self, parameter: Tensor) -> Tensor:
        """Say whose velocity it is."""
        return parameter

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[self.key(parameter)]
                old = state.get("velocity", torch.zeros_like(parameter))
                state["velocity"] = self.velocity(old, parameter.grad, group["momentum"])
                parameter -= group["lr"] * state["velocity"]


@exercise.misconception(
    "Your steps go up the slope: what you add to the parameter should be taken away from it. "
    "Reread 'Down the slope'."
)
class Uphill(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return momentum * old - gradient


@exercise.misconception(
    "Your optimizer has no memory: each step follows the gradient of the moment, and the momentum "
    "has no effect. Look at where the velocity is kept between two calls. "
    "Reread 'Steps with a memory'."
)
class WithoutMemory(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return gradient


@exercise.misconception(
    "The momentum has the wrong sign: each step takes back a part of the last one, where it should "
    "go on with it. Reread 'Steps with a memory'."
)
class TakenBack(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return gradient - momentum * old


@exercise.misconception(
    "Your velocity is a running mean: the gradient enters with the share that the momentum leaves. "
    "That is Adam's way; here the gradient enters whole, as in PyTorch's SGD, or steps are ten "
    "times too short with a momentum of 0.9. Reread 'Steps with a memory'."
)
class Averaged(_Descent):
    def velocity(self, old: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        return momentum * old + (1 - momentum) * gradient


@exercise.misconception(
    "All parameters share one velocity, so each is carried along by the gradients of the others. "
    "Every parameter has a state of its own. Reread 'Steps with a memory'."
)
class SharedVelocity(_Descent):
    def key(self, parameter: Tensor) -> Tensor:
        first: Tensor = self.param_groups[0]["params"][0]
        return first
