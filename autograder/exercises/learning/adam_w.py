"""`learning.AdamW`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import walk
from llmlab import foundations

exercise = LAB.exercise(
    "AdamW",
    reference=foundations.AdamW,
    hints=(
        "Go through the box of formulas from top to bottom; each line of it is one line of code.",
        "Three things are kept for each parameter: the number of its steps, and two running means "
        "that start at zero. The correction divides each mean by one less its beta to the power of "
        "the number of steps.",
        "Shrink the parameter first; renew both means; divide each by its correction; take away "
        "the learning rate times the first, over the root of the second plus epsilon, with epsilon "
        "outside the root.",
    ),
)


@exercise.probe
def five_steps(implementation: Any, generator: Generator) -> Any:
    """A vector of three numbers, betas of 0.8 and 0.95, no decay: where it is after each of five steps."""
    return {
        "after each step": walk(
            lambda p: implementation(p, lr=0.1, betas=(0.8, 0.95), weight_decay=0.0),
            generator,
            1,
            5,
        )
    }


@exercise.probe
def decay_and_epsilon(implementation: Any, generator: Generator) -> Any:
    """Two vectors with small gradients, an epsilon of 0.1 and a weight decay of 0.5."""
    settings = {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.1, "weight_decay": 0.5}
    return {
        "after each step": walk(lambda p: implementation(p, **settings), generator, 2, 4, size=0.3)
    }


class _Adaptive(torch.optim.Optimizer):
    """AdamW in parts, of which each misconception changes one."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )
        self.calls = 0

    def gradient(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        gradient: Tensor = parameter.grad  # type: ignore[assignment]
        return gradient

    def shrink(self, group: dict[str, Any]) -> float:
        return float(1 - group["lr"] * group["weight_decay"])

    def betas(self, group: dict[str, Any]) -> tuple[float, float]:
        first, second = group["betas"]
        return first, second

    def corrected(self, mean: Tensor, beta: float, step: int) -> Tensor:
        return mean / (1 - beta**step)

    def counted(self, step: int) -> int:
        return step

    def size(self, mean_square: Tensor, eps: float) -> Tensor:
        return mean_square.sqrt() + eps

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            beta_1, beta_2 = self.betas(group)
            for parameter in group["params"]:
                self.calls += 1
                state = self.state[parameter]
                state["step"] = state.get("step", 0) + 1
                gradient = self.gradient(parameter, group)
                zero = torch.zeros_like(parameter)
                state["m"] = beta_1 * state.get("m", zero) + (1 - beta_1) * gradient
                state["s"] = beta_2 * state.get("s", zero) + (1 - beta_2) * gradient**2
                step = self.counted(state["step"])
                mean = self.corrected(state["m"], beta_1, step)
                mean_square = self.corrected(state["s"], beta_2, step)
                parameter *= self.shrink(group)
                parameter -= group["lr"] * mean / self.size(mean_square, group["eps"])


@exercise.misconception(
    "The running means are used as they are. They start at 0 and are far too small in the first "
    "steps, the second one more than the first, so the first steps have a wrong length. Reread "
    "'Correcting the start'."
)
class Uncorrected(_Adaptive):
    def corrected(self, mean: Tensor, beta: float, step: int) -> Tensor:
        return mean


@exercise.misconception(
    "Epsilon is added inside the root. There it counts with its own root: one of 0.00000001 would "
    "act like 0.0001, and numbers with small gradients would hardly move. "
    "Reread 'Two running means'."
)
class EpsilonInside(_Adaptive):
    def size(self, mean_square: Tensor, eps: float) -> Tensor:
        return (mean_square + eps).sqrt()


@exercise.misconception(
    "The root is missing: the step is divided by the mean square of the gradients, which has "
    "another unit, so steps grow when gradients shrink. Reread 'Two running means'."
)
class WithoutRoot(_Adaptive):
    def size(self, mean_square: Tensor, eps: float) -> Tensor:
        return mean_square + eps


@exercise.misconception(
    "The weight decay is added to the gradient, and so passes through the running means: numbers "
    "with large gradients hardly decay. That is Adam with L2 regularization; the W stands for a "
    "decay that is decoupled from the gradient. Reread 'Decay on its own'."
)
class Coupled(_Adaptive):
    def gradient(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        return super().gradient(parameter, group) + group["weight_decay"] * parameter

    def shrink(self, group: dict[str, Any]) -> float:
        return 1.0


@exercise.misconception(
    "There is no weight decay: what you wrote is Adam. Reread 'Decay on its own'."
)
class WithoutDecay(_Adaptive):
    def shrink(self, group: dict[str, Any]) -> float:
        return 1.0


@exercise.misconception(
    "Your decay leaves the learning rate out: at each step the weight decay takes its whole share, "
    "and nothing is left after a few. Reread 'Decay on its own'."
)
class DecayWithoutRate(_Adaptive):
    def shrink(self, group: dict[str, Any]) -> float:
        return float(1 - group["weight_decay"])


@exercise.misconception(
    "The two betas are exchanged: the first belongs to the mean of the gradients, the second to "
    "the mean of their squares. Reread 'Two running means'."
)
class BetasExchanged(_Adaptive):
    def betas(self, group: dict[str, Any]) -> tuple[float, float]:
        first, second = group["betas"]
        return second, first


@exercise.misconception(
    "One counter of steps serves all parameters and goes up with each of them, so the correction "
    "fades too early. Every parameter counts its own steps. Reread 'Correcting the start'."
)
class OneCounter(_Adaptive):
    def counted(self, step: int) -> int:
        return self.calls
