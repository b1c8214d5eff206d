"""`learning.SGD`: hidden probes, and right answers written differently."""

import copy
import math
from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional

from autograder.exercise import Private, fill_parameters, normal
from llmlab.foundations import Value

private = Private()


@private.probe
def without_momentum(implementation: Any, generator: Generator) -> Any:
    """A matrix and a single number, without momentum, down a real loss."""
    weight, bias = nn.Parameter(normal(generator, 2, 3)), nn.Parameter(normal(generator))
    optimizer = implementation([weight, bias], 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (weight.square().sum() + 3 * bias.square()).backward()
        optimizer.step()
    return [weight.detach(), bias.detach()]


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
