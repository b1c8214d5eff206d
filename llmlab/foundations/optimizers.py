"""Optimizers: how a gradient becomes a step.

Stochastic gradient descent (Robbins & Monro, 1951) with momentum (Polyak, 1964) and Nesterov's
look-ahead (Nesterov, 1983; Sutskever et al., 2013), Adam (Kingma & Ba, 2014) and AdamW (Loshchilov &
Hutter, 2017). Arguments and state bear PyTorch's names, so that each can be exchanged for
PyTorch's own of the same name, in the middle of a run too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim.optimizer import Optimizer, ParamsT

from llmlab.errors import ConfigurationError

Closure = Callable[[], Any]


def _require_at_least_zero(**settings: float) -> None:
    for name, value in settings.items():
        if not value >= 0:
            raise ConfigurationError(f"{name} is {value}; give a number of at least 0.")


class _Stepper(Optimizer):
    """What all optimizers here share: they go through the parameters that have a gradient."""

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Change each parameter that has a gradient.

        Args:
            closure: Computes the loss anew, with gradients; not needed by any optimizer here.

        Returns:
            What the closure returns; None without one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, self.state[parameter], group)
        return loss

    def _update(
        self,
        parameter: Float[Tensor, "*shape"],
        gradient: Float[Tensor, "*shape"],
        state: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        raise NotImplementedError


class SGD(_Stepper):
    """Stochastic gradient descent, with momentum and weight decay.

    With the gradient `g` and the velocity `v`, which starts as the first gradient:
    `g = g + weight_decay * p`, `v = momentum * v + g`, `p = p - lr * v`. With Nesterov's
    look-ahead the last is `p = p - lr * (g + momentum * v)`.

    Args:
        params: The parameters, or groups of them with settings of their own.
        lr: The learning rate.
        momentum: How much of the last step's velocity is kept, from 0 up to below 1.
        weight_decay: How strongly parameters are drawn to 0, as a part of the gradient.
        nesterov: Whether to take the gradient at the place where the velocity leads.

    Raises:
        ConfigurationError: A setting is negative, or `nesterov` is asked for without momentum.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        _require_at_least_zero(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and not momentum:
            raise ConfigurationError("Nesterov's look-ahead needs momentum; give one above 0.")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        super().__init__(params, defaults)

    def _update(
        self,
        parameter: Float[Tensor, "*shape"],
        gradient: Float[Tensor, "*shape"],
        state: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        momentum = group["momentum"]
        if group["weight_decay"]:
            gradient = gradient + group["weight_decay"] * parameter
        if momentum:
            velocity = state.get("momentum_buffer")
            # A copy: the gradient itself may be set to 0 in place before the next step.
            velocity = gradient.clone() if velocity is None else momentum * velocity + gradient
            state["momentum_buffer"] = velocity
            gradient = gradient + momentum * velocity if group["nesterov"] else velocity
        parameter.sub_(gradient, alpha=group["lr"])


class Adam(_Stepper):
    """Adam: steps scaled, for each number, by how large its gradients have been.

    With the gradient `g` and the step's number `t`, from 1 on:
    `m = beta_1 m + (1 - beta_1) g` and `s = beta_2 s + (1 - beta_2) g^2` are running means, which start
    at 0 and are therefore too small at first; `m / (1 - beta_1^t)` and `s / (1 - beta_2^t)` are not.
    Then `p = p - lr * m_corrected / (sqrt(s_corrected) + eps)` (Kingma & Ba, 2014, algorithm 1).

    Args:
        params: The parameters, or groups of them with settings of their own.
        lr: The learning rate: about the largest change of a number in one step.
        betas: How much of the two running means is kept at each step, from 0 up to below 1.
        eps: Keeps numbers without a gradient from a division by 0.
        weight_decay: How strongly parameters are drawn to 0, as a part of the gradient.

    Raises:
        ConfigurationError: A setting is negative, or a beta is 1 or more.
    """

    decoupled = False

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        _require_at_least_zero(lr=lr, eps=eps, weight_decay=weight_decay)
        if not all(0 <= beta < 1 for beta in betas):
            raise ConfigurationError(f"The betas are {betas}; both must be at least 0 and below 1.")
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    def _update(
        self,
        parameter: Float[Tensor, "*shape"],
        gradient: Float[Tensor, "*shape"],
        state: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        beta_1, beta_2 = group["betas"]
        # PyTorch counts in a tensor of float32, in which beta_2 ** step would lose digits.
        step = int(state["step"]) + 1
        state["step"] = step
        if self.decoupled:
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
        elif group["weight_decay"]:
            gradient = gradient + group["weight_decay"] * parameter
        mean = state["exp_avg"].lerp_(gradient, 1 - beta_1)
        mean_square = (
            state["exp_avg_sq"].mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
        )
        size = mean_square.sqrt() / math.sqrt(1 - beta_2**step) + group["eps"]
        parameter.addcdiv_(mean, size, value=-group["lr"] / (1 - beta_1**step))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2017).

    The decay does not pass through the running means: each step first shrinks the parameter,
    `p = p - lr * weight_decay * p`, so that numbers with large gradients decay like all others.
    """

    decoupled = True

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


def clip_gradient_norm(parameters: Iterable[Tensor], max_norm: float) -> Float[Tensor, ""]:
    """Shorten all gradients by one factor, so that together they are no longer than `max_norm`.

    Their direction stays (Pascanu et al., 2012). The length is that of one vector made of all of
    them; shorter gradients are left as they are.

    Args:
        parameters: Those without a gradient are left out.
        max_norm: The longest that is allowed.

    Returns:
        The length before. Look at it: when it is infinite or NaN, the gradients are of no use.

    Raises:
        ConfigurationError: `max_norm` is not above 0.
    """
    if not max_norm > 0:
        raise ConfigurationError(f"max_norm is {max_norm}; give a number above 0.")
    gradients = [one.grad for one in parameters if one.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    total = torch.stack([gradient.norm() for gradient in gradients]).norm()
    # As PyTorch does: the small number keeps gradients of length 0 from a division by 0.
    factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor)
    return total
