"""`learning.AdamW`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.learning._shared import walk

private = Private()


@private.probe
def other_settings(implementation: Any, generator: Generator) -> Any:
    """Two vectors of three numbers, other settings, more steps."""
    settings = {"lr": 0.05, "betas": (0.9, 0.97), "eps": 0.05, "weight_decay": 0.8}
    return walk(lambda p: implementation(p, **settings), generator, [(3,), (3,)], 6, size=0.4)


@private.probe
def a_matrix_and_a_number(implementation: Any, generator: Generator) -> Any:
    """A matrix and a single number, with the usual betas."""
    settings = {"lr": 0.2, "weight_decay": 0.2}
    return walk(lambda p: implementation(p, **settings), generator, [(2, 3), ()], 4)


@private.variant
class AdamWInPlace(torch.optim.Optimizer):
    """Everything in place, the corrections gathered in the rate."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self):
        """Move each parameter."""
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state.update(t=0, m=torch.zeros_like(parameter), s=torch.zeros_like(parameter))
                state["t"] += 1
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                state["m"].lerp_(parameter.grad, 1 - first)
                state["s"].mul_(second).addcmul_(parameter.grad, parameter.grad, value=1 - second)
                root = (state["s"] / (1 - second ** state["t"])).sqrt_().add_(group["eps"])
                rate = group["lr"] / (1 - first ** state["t"])
                parameter.addcdiv_(state["m"], root, value=-rate)


@private.variant
class AdamWAtOnce(torch.optim.Optimizer):
    """One subtraction for decay and step, in float64."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, {"lr": lr, "decay": weight_decay})
        self.betas, self.eps = betas, eps

    @torch.no_grad()
    def step(self):
        """Move each parameter."""
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad.double()
                t, m, s = self.state[parameter].get("kept", (0, 0.0, 0.0))
                m = m + (1 - self.betas[0]) * (gradient - m)
                s = s + (1 - self.betas[1]) * (gradient * gradient - s)
                t = t + 1
                self.state[parameter]["kept"] = (t, m, s)
                m_hat, s_hat = m / (1 - self.betas[0] ** t), s / (1 - self.betas[1] ** t)
                change = m_hat / (s_hat**0.5 + self.eps) + group["decay"] * parameter
                parameter.sub_((group["lr"] * change).to(parameter.dtype))


private.equivalent("lr: float = 1e-3,", None, "the beginning of the class is given")
private.equivalent(
    'parameter.sub_((group["lr"] * change).to(parameter.dtype))',
    "NAME",
    "what is taken away becomes the parameter's kind by itself",
)
