"""`learning.AdamW`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import walk
from llmlab import foundations

exercise = LAB.exercise(
    "AdamW",
    reference=foundations.AdamW,
    forbidden=(
        "torch.optim.AdamW",
        "torch.optim.Adam",
    ),
    hints=(
        "Go through the box of formulas from top to bottom; each line of it is one line of code.",
        "Three things are kept for each parameter: the number of its steps, and two running means "
        "that start at zero. The correction divides each mean by one less its beta to the power of "
        "the number of steps.",
        "Shrink the parameter first; renew both means; divide each by its correction; take away "
        "the learning rate times the first, over the root of the second plus epsilon, with epsilon "
        "outside the root.",
    ),
    matters="Llama 3 (2024) and DeepSeek-V3 (2024) were trained by these lines; their two means take twice the memory "
    "of the weights, at the same precision. Read llmlab/foundations/optimizers.py.",
)


@exercise.probe
def four_steps(implementation: Any, generator: Generator) -> Any:
    """A vector of two numbers, betas of 0.8 and 0.95, no decay: where it is after each of four steps."""
    settings = {"lr": 0.1, "betas": (0.8, 0.95), "weight_decay": 0.0}
    return walk(lambda p: implementation(p, **settings), generator, [(2,)], 4)


@exercise.probe
def decay_and_epsilon(implementation: Any, generator: Generator) -> Any:
    """Two vectors with small gradients, betas of 0.7 and 0.9, an epsilon of 0.1 and a weight decay of 0.5."""
    settings = {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.1, "weight_decay": 0.5}
    return walk(lambda p: implementation(p, **settings), generator, [(2,), (2,)], 3, size=0.3)


@exercise.probe
def a_matrix(implementation: Any, generator: Generator) -> Any:
    """A matrix of two rows and three columns with large gradients, and a learning rate of 1."""
    settings = {"lr": 1.0, "betas": (0.5, 0.8), "weight_decay": 0.1}
    return walk(lambda p: implementation(p, **settings), generator, [(2, 3)], 2, size=30.0)


@exercise.probe
def usual_settings(implementation: Any, generator: Generator) -> Any:
    """A vector of two numbers with gradients of about 0.00000001, and the usual settings but a learning rate of 2."""
    return walk(lambda p: implementation(p, lr=2.0), generator, [(2,)], 3, size=1e-8)


_COUPLED = (
    "The weight decay is added to the gradient, and so passes through the running means: numbers "
    "with large gradients hardly decay. That is Adam with L2 regularization; the W stands for a "
    "decay that is decoupled from the gradient. Reread 'Decay on its own'."
)
_MISSING = (
    "Before the first step a parameter's dictionary is empty, and your code asks it for what is not there yet. Means "
    "and count start at 0. Reread 'Correcting the start'."
)


@exercise.faults(
    uncorrected="The running means are used as they are. They start at 0 and are far too small in the first "
    "steps, the second one more than the first, so the first steps have a wrong length. Reread "
    "'Correcting the start'.",
    first_uncorrected="The mean of the gradients is used as it is. It starts at 0 and is too small in the first "
    "steps, "
    "as the other is. Reread 'Correcting the start'.",
    second_uncorrected="The mean of the squares is used as it is. It starts at 0 and is far too small in the first "
    "steps, so they are too long. Reread 'Correcting the start'.",
    same_correction="Your correction does not change from step to step: either the count of steps stays at 1, or the "
    "power is missing. Reread 'Correcting the start'.",
    beta_times_count="Your correction multiplies beta by the number of steps. How much of the past is left shrinks by "
    "a factor at each step. Reread 'Correcting the start'.",
    counted_from_zero="Your first step is corrected with a count of 0, which divides by 0. The first step is number "
    "1. "
    "Reread 'Decay on its own'.",
    counted_ahead="Your count is one ahead: the first step is corrected as if it were the second. "
    "Reread 'Correcting the start'.",
    one_counter="One counter of steps serves all parameters and goes up with each of them, so the correction "
    "fades too early. Every parameter counts its own steps. Reread 'Correcting the start'.",
    multiplied_by_correction="Your means are multiplied by what should divide them, and become smaller still. "
    "Reread 'Correcting the start'.",
    corrected_after_root="The correction of the second mean comes after its root is taken. What is divided is the "
    "mean "
    "square itself. Reread 'Correcting the start'.",
    corrections_exchanged="Each mean is corrected with the beta of the other. Reread 'Correcting the start'.",
    correction_kept="Your code keeps the corrected means, and corrects them again in the next step. Keep them as they "
    "are. Reread 'Correcting the start'.",
    one_correction_for_all="Both means are corrected with the first beta. Each has its own. "
    "Reread 'Correcting the start'.",
    epsilon_inside="Epsilon is added inside the root. There it counts with its own root: one of 0.00000001 would "
    "act like 0.0001, and numbers with small gradients would hardly move. "
    "Reread 'Decay on its own'.",
    epsilon_before_correction="Epsilon is added before the second mean is corrected, so the correction enlarges it "
    "too. "
    "Some well-known code does so; the box of this lab adds it last. Reread 'Decay on its own'.",
    epsilon_missing="Epsilon has no effect: either it is missing, or a fixed small number stands in its place. "
    "Reread 'Decay on its own'.",
    epsilon_taken_away="Epsilon is subtracted from the root. It is to keep the divisor away from 0. Reread 'Decay on "
    "its "
    "own'.",
    without_root="The root is missing: the step is divided by the mean square of the gradients, which has "
    "another unit, so steps grow when gradients shrink. Reread 'Two running means'.",
    not_divided="The second mean is not used: your steps are as long as the gradients, and large ones leap. "
    "Reread 'Two running means'.",
    root_multiplied="Your step multiplies by the root of the second mean, so that large gradients make larger steps "
    "still. It is divided. Reread 'Two running means'.",
    coupled=_COUPLED,
    coupled_in_place=_COUPLED,
    decayed_twice="The weight decay acts twice: on the parameter, and through the gradient. Reread 'Decay on its "
    "own'.",
    decay_divided="Your decay is divided by the root of the second mean with the rest of the step, so numbers with "
    "large "
    "gradients hardly decay. Reread 'Decay on its own'.",
    without_decay="There is no weight decay: what you wrote is Adam. Reread 'Decay on its own'.",
    decay_without_rate="Your decay leaves the learning rate out: at each step the weight decay takes its whole share, "
    "and little is left after a few. Reread 'Decay on its own'.",
    decay_grows="Your decay makes weights larger: it has the wrong sign. Reread 'Decay on its own'.",
    decay_last="The decay comes after the step, and shrinks what the step has added too. In the box it comes first. "
    "Reread 'Decay on its own'.",
    decay_by_rate_alone="Your decay shrinks by the learning rate, whatever the weight decay is. "
    "Reread 'Decay on its own'.",
    betas_exchanged="The two betas are exchanged: the first belongs to the mean of the gradients, the second to "
    "the mean of their squares. Reread 'Two running means'.",
    first_beta_for_both="Both means are kept and corrected with the first beta. The second belongs to the mean of the "
    "squares. Reread 'Decay on its own'.",
    second_beta_for_both="Both means are kept and corrected with the second beta. The first belongs to the mean of "
    "the "
    "gradients. Reread 'Decay on its own'.",
    shares_exchanged="Beta says how much of the old mean is kept. In your code it is the share of the new gradient. "
    "Reread 'Two running means'.",
    not_averaged="Your means add the new gradient whole, so they are sums that grow to many times a gradient. It "
    "enters "
    "with the share that beta leaves. Reread 'Two running means'.",
    first_not_averaged="Your first mean adds the new gradient whole. It enters with the share that beta leaves. "
    "Reread 'Two running means'.",
    second_not_averaged="Your second mean adds the new square whole. It enters with the share that beta leaves. "
    "Reread 'Two running means'.",
    first_not_squared="Your second mean is of the gradients' sizes and not of their squares. "
    "Reread 'Two running means'.",
    squares_of_the_mean="Your second mean is made of squares of the first mean. It is made of squares of the "
    "gradients. "
    "Reread 'Two running means'.",
    sum_squared="Your second mean squares the whole sum of old and new. Only the new gradient is squared. "
    "Reread 'Two running means'.",
    one_square_for_all="All numbers of a parameter share one mean square. Each number has its own, and so steps of "
    "its "
    "own size. Reread 'Two running means'.",
    largest_square="Your second mean never shrinks: that is AMSGrad, which keeps the largest so far. Here it is a "
    "running mean. Reread 'Two running means'.",
    spread_around_mean="Your second mean is of how far gradients lie from their mean. It is of the squares of the "
    "gradients themselves. Reread 'Two running means'.",
    looks_ahead="Your step adds the gradient to the first mean once more, as Nesterov's momentum does. Here it "
    "follows "
    "the corrected mean itself. Reread 'Decay on its own'.",
    epsilon_in_mean="Your second mean takes epsilon in at each step. It is added once, to the root. Reread 'Decay on "
    "its "
    "own'.",
    rate_shrinks="Your learning rate is divided by the root of the number of steps, as in the first paper's proof. "
    "Here "
    "it stays as it is. Reread 'Decay on its own'.",
    power_outside="Your correction raises one less beta to the power. It is beta that is raised. Reread 'Correcting "
    "the "
    "start'.",
    first_not_kept="Your first mean forgets: it does not live from one step to the next. Look at where it is kept. "
    "Reread 'Two running means'.",
    second_not_kept="Your second mean forgets: it does not live from one step to the next. Look at where it is kept. "
    "Reread 'Two running means'.",
    nothing_kept="Nothing lives from one step to the next, neither means nor count: each step is a first one. Keep "
    "them "
    "in the parameter's dictionary. Reread 'Two running means'.",
    first_mean_unused="Your step follows the gradient of the moment and not its running mean. "
    "Reread 'Two running means'.",
    second_mean_unused="Your step is divided by the size of the gradient of the moment, and not by the root of the "
    "running mean. Reread 'Two running means'.",
    means_begin_with_gradient="Your means begin with the first gradient and its square. They begin at 0, and the "
    "correction counts on that. Reread 'Correcting the start'.",
    means_shared="All parameters share their means and their count. Each has a dictionary of its own. Reread 'Steps "
    "with "
    "a memory'.",
    uphill="Your steps go up the slope: what you add to the parameter should be taken away from it. "
    "Reread 'Down the slope'.",
    no_rate="The learning rate has no effect on the step. Reread 'Decay on its own'.",
    rebound="Nothing but the decay moves the parameter: either your code makes a new tensor for the step that the "
    "model "
    "never sees, or nothing is taken away. Change the parameter in place. Reread 'Steps with a memory'.",
    all_rebound="The parameter does not move at all: your code makes new tensors that the model never sees. Change "
    "the "
    "parameter in place. Reread 'Steps with a memory'.",
    gradient_cleared="Your step clears the gradients. That is for the loop, which may want to look at them or add to "
    "them. Reread 'The loop'.",
    gradient_changed="Your step changes the gradient. The tensor in `parameter.grad` is PyTorch's. Compute "
    "in "
    "tensors of your own. Reread 'The loop'.",
    first_only="Only the first parameter moves. Look at where your code leaves the loop over the parameters.",
    missing_t=_MISSING,
    missing_step=_MISSING,
    missing_m=_MISSING,
    missing_exp_avg=_MISSING,
    missing_v=_MISSING,
    nothing_as_mean=_MISSING,
)
def faulty(on: Switches) -> Any:
    """Build AdamW with faults."""

    class AdamW(torch.optim.Optimizer):
        def __init__(
            self,
            params: Any,
            lr: float = 0.001,
            betas: tuple[float, float] = (0.9, 0.999),
            eps: float = 1e-8,
            weight_decay: float = 0.01,
        ) -> None:
            super().__init__(
                params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
            )
            self.calls = 0

        @torch.no_grad()
        def step(self) -> None:  # type: ignore[override]
            for group in self.param_groups:
                for parameter in group["params"]:
                    if on("first_only") and parameter is not group["params"][0]:
                        return
                    self.calls += 1
                    shared = on("means_shared")
                    state = self.state[group["params"][0] if shared else parameter]
                    _update(on, parameter, state, group, self.calls)

    return AdamW


def _update(on: Switches, parameter: Any, state: Any, group: Any, calls: int) -> None:
    lr, decay = group["lr"], group["weight_decay"]
    gradient = parameter.grad
    if on("coupled_in_place"):
        gradient.add_(parameter, alpha=decay)
    elif on("coupled") or on("decayed_twice"):
        gradient = gradient + decay * parameter
    if not on("decay_last"):
        _shrink(on, parameter, lr, decay)
    _require(on, state)
    means = _means(on, gradient, state, _betas(on, group["betas"]), group["eps"])
    count = calls if on("one_counter") else state.get("t", 0) + 1
    if not on("nothing_kept"):
        state["t"], state["m"], state["s"] = count, *means
    if on("first_not_kept"):
        state["m"] = torch.zeros_like(parameter)
    if on("second_not_kept"):
        state["s"] = torch.zeros_like(parameter)
    step = _step(on, means, gradient, state, group, count)
    if on("decay_divided"):
        step = _step(on, means, gradient, state, group, count, decay * parameter)
    change = step if on("no_rate") else lr * step
    if on("rebound") or on("all_rebound"):
        parameter = parameter - change
    elif on("uphill"):
        parameter += change
    else:
        parameter -= change
    if on("decay_last"):
        _shrink(on, parameter, lr, decay)
    if on("gradient_cleared"):
        parameter.grad.zero_()
    if on("gradient_changed"):
        parameter.grad.mul_(parameter.grad)


def _require(on: Switches, state: Any) -> None:
    """Ask an empty dictionary for what is not there."""
    if on("missing_t"):
        state["t"] += 1
    if on("missing_step"):
        state["step"] += 1
    if on("missing_m"):
        state["m"] = 0.9 * state["m"]
    if on("missing_exp_avg"):
        state["exp_avg"] = 0.9 * state["exp_avg"]
    if on("missing_v"):
        state["v"] = 0.9 * state["v"]
    if on("nothing_as_mean"):
        state["m"] = 0.9 * state.get("m")


def _shrink(on: Switches, parameter: Any, lr: float, decay: float) -> None:
    if on("coupled") or on("coupled_in_place") or on("without_decay") or on("decay_divided"):
        return
    if on("all_rebound"):
        parameter = parameter - lr * decay * parameter
    elif on("decay_without_rate"):
        parameter -= decay * parameter
    elif on("decay_grows"):
        parameter += lr * decay * parameter
    elif on("decay_by_rate_alone"):
        parameter -= lr * parameter
    else:
        parameter -= lr * decay * parameter


def _betas(on: Switches, betas: tuple[float, float]) -> tuple[float, float]:
    first, second = betas
    if on("betas_exchanged"):
        return second, first
    if on("first_beta_for_both"):
        return first, first
    if on("second_beta_for_both"):
        return second, second
    return (1 - first, 1 - second) if on("shares_exchanged") else (first, second)


def _means(
    on: Switches, gradient: Tensor, state: Any, betas: tuple[float, float], eps: float
) -> tuple[Any, Any]:
    """Renew the two running means."""
    first, second = betas
    zero = torch.zeros_like(gradient)
    m, s = state.get("m", zero), state.get("s", zero)
    if on("means_begin_with_gradient") and not state:
        m, s = gradient, gradient**2
    whole = on("not_averaged")
    m = first * m + (1 if whole or on("first_not_averaged") else 1 - first) * gradient
    share = 1 if whole or on("second_not_averaged") else 1 - second
    if on("first_not_squared"):
        return m, second * s + share * gradient.abs()
    if on("squares_of_the_mean"):
        return m, second * s + share * m**2
    if on("largest_square"):
        return m, torch.maximum(s, second * s + share * gradient**2)
    if on("spread_around_mean"):
        return m, second * s + share * (gradient - m) ** 2
    if on("epsilon_in_mean"):
        return m, second * s + share * gradient**2 + eps
    if on("sum_squared"):
        return m, (second * s + share * gradient) ** 2
    if on("one_square_for_all"):
        return m, second * s + share * (gradient**2).mean()
    return m, second * s + share * gradient**2


def _corrected(on: Switches, mean: Any, beta: float, count: int) -> Any:
    if on("uncorrected"):
        return mean
    if on("same_correction"):
        return mean / (1 - beta)
    if on("beta_times_count"):
        return mean / (1 - beta * count)
    if on("power_outside"):
        return mean / (1 - beta) ** count
    if on("counted_from_zero"):
        return mean / (1 - beta ** (count - 1))
    if on("counted_ahead"):
        return mean / (1 - beta ** (count + 1))
    if on("multiplied_by_correction"):
        return mean * (1 - beta**count)
    return mean / (1 - beta**count)


def _step(
    on: Switches,
    means: tuple[Any, Any],
    gradient: Tensor,
    state: Any,
    group: Any,
    count: int,
    decay: Any = 0.0,
) -> Any:
    first, second = _betas(on, group["betas"])
    if on("corrections_exchanged"):
        first, second = second, first
    if on("one_correction_for_all"):
        second = first
    mean = means[0] if on("first_uncorrected") else _corrected(on, means[0], first, count)
    root = _root(on, means[1], second, count, group["eps"])
    if on("correction_kept"):
        state["m"], state["s"] = mean, _corrected(on, means[1], second, count)
    if on("looks_ahead"):
        mean = first * mean + (1 - first) * gradient / (1 - first**count)
    if on("rate_shrinks"):
        mean = mean / count**0.5
    if on("first_mean_unused"):
        mean = gradient
    if on("second_mean_unused"):
        root = gradient.abs() + group["eps"]
    if on("not_divided"):
        return mean
    return mean * root if on("root_multiplied") else (mean + decay) / root


def _root(on: Switches, mean_square: Any, beta: float, count: int, eps: float) -> Any:
    if on("second_uncorrected"):
        return mean_square.sqrt() + eps
    if on("corrected_after_root"):
        return _corrected(on, mean_square.sqrt(), beta, count) + eps
    if on("epsilon_before_correction"):
        return (mean_square.sqrt() + eps) / (1 - beta**count) ** 0.5
    corrected = _corrected(on, mean_square, beta, count)
    if on("epsilon_inside"):
        return (corrected + eps).sqrt()
    if on("epsilon_missing"):
        return corrected.sqrt()
    if on("epsilon_taken_away"):
        return corrected.sqrt() - eps
    return corrected + eps if on("without_root") else corrected.sqrt() + eps
