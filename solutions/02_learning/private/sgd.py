"""`learning.SGD`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.learning._shared import walk

private = Private()


@private.probe
def other_settings(implementation: Any, generator: Generator) -> Any:
    """Vectors of three numbers, other settings, more steps."""
    return walk(lambda p: implementation(p, 0.03, 0.7), generator, [(3,), (3,)], 5)


@private.probe
def a_matrix_and_a_number(implementation: Any, generator: Generator) -> Any:
    """A matrix and a single number, without momentum."""
    return walk(lambda p: implementation(p, 0.4), generator, [(2, 3), ()], 3)


@private.variant
class VelocityWithRate(torch.optim.Optimizer):
    """Keep the learning rate inside the velocity, as in Sutskever et al. (2013)."""

    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        """Move each parameter."""
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                if "v" not in state:
                    state["v"] = torch.zeros_like(parameter)
                state["v"].mul_(group["momentum"]).sub_(group["lr"] * parameter.grad)
                parameter.add_(state["v"])


@private.variant
class PlainDescent:
    """No class of PyTorch's: lists of parameters and velocities."""

    def __init__(self, params, lr, momentum=0.0):
        self.parameters, self.lr, self.momentum = list(params), lr, momentum
        self.velocities = [torch.zeros_like(one.data) for one in self.parameters]

    def zero_grad(self):
        """Clear the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        """Move each parameter."""
        for i, parameter in enumerate(self.parameters):
            self.velocities[i] = self.momentum * self.velocities[i] + parameter.grad
            parameter.data = parameter.data - self.lr * self.velocities[i]


for _line in (
    "lr: float = 1e-3,",
    "weight_decay: float = 0.0,",
    "nesterov: bool = False,",
    "_require_at_least_zero(lr=lr, momentum=momentum, weight_decay=weight_decay)",
    '"weight_decay": weight_decay,',
    '"nesterov": nesterov,',
    'if group["weight_decay"]:',
    'gradient = gradient + group["weight_decay"] * parameter',
    'gradient = gradient + momentum * velocity if group["nesterov"] else velocity',
):
    private.equivalent(
        _line, None, "no decay, no look-ahead and no check of settings are asked for"
    )
for _line in ("for parameter in self.parameters:", "parameter.grad = None"):
    private.equivalent(_line, None, "what clears gradients is PyTorch's, and not asked for")
for _kind in ("CONDITION", "NAME"):
    private.equivalent("if momentum:", _kind, "with a momentum of 0 the velocity is the gradient")
