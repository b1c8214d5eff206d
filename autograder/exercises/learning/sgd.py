"""`learning.SGD`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import walk
from llmlab import foundations

exercise = LAB.exercise(
    "SGD",
    reference=foundations.SGD,
    forbidden=("torch.optim.SGD",),
    hints=(
        "What has to survive from one step to the next, and where is it kept?",
        "Each parameter has a dictionary of its own, empty before the first step: `state.get` with "
        "a default of zero covers the first step too.",
        "The new velocity is the momentum times the old one, plus the gradient; keep it in the "
        "state; take the learning rate times it away from the parameter, in place.",
    ),
    matters="ResNet, which won ImageNet in 2015, was trained by these lines with a momentum of 0.9, and Muon, which "
    "trained Kimi K2 (2025), keeps the velocity too. Read llmlab/foundations/optimizers.py.",
)


@exercise.probe
def three_steps(implementation: Any, generator: Generator) -> Any:
    """A vector of two numbers, learning rate 0.1, momentum 0.8: where it is after each of three steps."""
    return walk(lambda p: implementation(p, 0.1, 0.8), generator, [(2,)], 3)


@exercise.probe
def two_parameters(implementation: Any, generator: Generator) -> Any:
    """Two vectors of two numbers at once, learning rate 0.05, momentum 0.5."""
    return walk(lambda p: implementation(p, 0.05, 0.5), generator, [(2,), (2,)], 3)


@exercise.probe
def without_momentum(implementation: Any, generator: Generator) -> Any:
    """A matrix of two rows and three columns, learning rate 0.2 and no momentum, for two steps."""
    return walk(lambda p: implementation(p, 0.2), generator, [(2, 3)], 2)


_MISSING = (
    "Before the first step a parameter's dictionary is empty, and your code asks it for what is not there yet. The "
    "velocity starts at 0. Reread 'Steps with a memory'."
)
_GRADIENT_CHANGED = (
    "Your step changes the gradient. The tensor in `parameter.grad` is PyTorch's: the loop clears it, and PyTorch "
    "writes the next gradient into it. Compute in tensors of your own. Reread 'Steps with a memory'."
)


@exercise.faults(
    uphill="Your steps go up the slope: what you add to the parameter should be taken away from it. "
    "Reread 'Down the slope'.",
    without_memory="Your optimizer has no memory: each step follows the gradient of the moment, and the momentum "
    "has no effect. Look at where the velocity is kept between two calls. "
    "Reread 'Steps with a memory'.",
    taken_back="The momentum has the wrong sign: each step takes back a part of the last one, where it should "
    "go on with it. Reread 'Steps with a memory'.",
    averaged="Your velocity is a running mean: the gradient enters with the share that the momentum leaves. "
    "That is Adam's way; here the gradient enters whole, as in PyTorch's SGD, or steps are ten "
    "times too short with a momentum of 0.9. Reread 'Steps with a memory'.",
    shared_velocity="All parameters share one velocity, so each is carried along by the gradients of the others. "
    "Every parameter has a state of its own. Reread 'Steps with a memory'.",
    rate_twice="The learning rate counts twice: once in the velocity, and once more in the step. "
    "Reread 'Steps with a memory'.",
    no_rate="The learning rate has no effect: your steps are as long as the velocity. Reread 'Steps with a memory'.",
    momentum_for_rate="Learning rate and momentum are exchanged: each stands where the other belongs. "
    "Reread 'Steps with a memory'.",
    rate_as_momentum="Your velocity is kept by the part that the learning rate says. What is kept is the momentum. "
    "Reread 'Steps with a memory'.",
    shares_turned="Your velocity is a running mean, with its two shares exchanged. Here the momentum multiplies the "
    "old "
    "velocity, and the gradient enters whole. Reread 'Steps with a memory'.",
    kept_too_short="What your code keeps is shortened by the momentum once more than the velocity itself. Reread "
    "'Steps "
    "with a memory'.",
    two_moves="Your step moves the parameter by twice what the formula says. Reread 'Steps with a memory'.",
    unit_length="Each gradient is brought to length 1 before it enters the velocity. It enters as it is. Reread "
    "'Steps "
    "with a memory'.",
    looks_ahead="You add the momentum once more in the step: that is Nesterov's momentum, which looks one step ahead. "
    "Here the step follows the velocity itself. Reread 'Steps with a memory'.",
    all_kept="Your velocity keeps the whole of the past: the momentum does not shrink it, and it grows with every "
    "gradient of one direction. Reread 'Steps with a memory'.",
    momentum_in_step="Your velocity keeps the whole of the past, and the momentum multiplies the step or the "
    "gradients. "
    "It belongs to what is kept of the old velocity. Reread 'Steps with a memory'.",
    momentum_on_all="The momentum multiplies the new gradient as well as the old velocity. The gradient enters whole. "
    "Reread 'Steps with a memory'.",
    last_gradient_only="Your velocity remembers the last gradient and no earlier one. What is kept is the velocity, "
    "which has all of them in it. Reread 'Steps with a memory'.",
    old_without_rate="Your step adds to the gradient a part of the last velocity that the learning rate "
    "does "
    "not shorten. Reread 'Steps with a memory'.",
    a_step_late="Your step follows the velocity of before: the new gradient comes into it after the step, and the "
    "first step stands still. Reread 'Steps with a memory'.",
    begins_with_gradient="Your velocity starts at the first gradient and then gets it once more, so the first step is "
    "too long. It starts at 0. Reread 'Steps with a memory'.",
    first_step_skipped="Your first step stands still and only fills the dictionary. The velocity starts at 0 and gets "
    "the first gradient at once. Reread 'Steps with a memory'.",
    first_gradient_averaged="Your velocity begins with a part of the first gradient. Every gradient enters whole. "
    "Reread 'Steps with a memory'.",
    remembers_the_place="Your velocity keeps a part of the parameter. What is kept is a part of the old velocity. "
    "Reread 'Steps with a memory'.",
    velocity_stored_shortened="What your code keeps is the velocity times the learning rate, and the next step takes "
    "it for the velocity. Reread 'Steps with a memory'.",
    stands_without_momentum="Without momentum nothing moves. Then the velocity is the gradient, and the step is that "
    "of "
    "plain descent. Reread 'Steps with a memory'.",
    rebound="The parameter does not move: either your code makes a new tensor that the model never sees, or nothing "
    "is taken "
    "away. Change the parameter in place. Reread 'Steps with a memory'.",
    velocity_is_gradient="Your first velocity is the gradient's own tensor, and PyTorch writes the next gradient into "
    "that: the past is lost. Compute a tensor of your own. Reread 'Steps with a memory'.",
    velocity_is_gradient_changed=_GRADIENT_CHANGED,
    gradient_changed=_GRADIENT_CHANGED,
    gradient_changed_by_rate=_GRADIENT_CHANGED,
    gradient_cleared="Your step clears the gradients. That is for the loop, which may want to look at them or add to "
    "them. Reread 'The loop'.",
    first_only="Only the first parameter moves. Look at where your code leaves the loop over the parameters.",
    signs_alone="Your steps are equally long for all numbers, since only the sign of the gradient is used. Reread "
    "'Steps with a memory'.",
    missing_velocity=_MISSING,
    missing_v=_MISSING,
    missing_buffer=_MISSING,
    nothing_as_velocity=_MISSING,
    attribute_missing=_MISSING,
)
def faulty(on: Switches) -> Any:
    """Build a descent with faults."""

    class SGD(torch.optim.Optimizer):
        def __init__(self, params: Any, lr: float, momentum: float = 0.0) -> None:
            super().__init__(params, {"lr": lr, "momentum": momentum})
            self.velocity: Any

        @torch.no_grad()
        def step(self) -> None:  # type: ignore[override]
            for group in self.param_groups:
                lr, momentum = group["lr"], group["momentum"]
                if on("momentum_for_rate"):
                    lr, momentum = momentum, lr
                if on("rate_as_momentum"):
                    momentum = lr
                for parameter in group["params"]:
                    shared = on("shared_velocity")
                    owner = group["params"][0] if shared else parameter
                    if on("attribute_missing"):
                        _ = momentum * self.velocity + parameter.grad
                    if on("first_only") and parameter is not group["params"][0]:
                        return
                    _update(on, parameter, self.state[owner], lr, momentum)

    return SGD


def _update(on: Switches, parameter: Any, state: Any, lr: float, momentum: float) -> None:
    if on("first_step_skipped") and not state:
        state["velocity"] = torch.zeros_like(parameter)
        return
    if on("stands_without_momentum") and not momentum:
        return
    old = _old(on, parameter, state)
    velocity = _velocity(on, parameter, state, old, lr, momentum)
    if not on("without_memory"):
        state["velocity"] = velocity
    if on("last_gradient_only"):
        state["velocity"] = parameter.grad.clone()
    if on("kept_too_short"):
        state["velocity"] = momentum * velocity
    if on("velocity_stored_shortened"):
        state["velocity"] = lr * velocity
    change = _change(on, parameter, velocity, old, lr, momentum)
    if on("rebound"):
        parameter = parameter - change
    elif on("uphill"):
        parameter += change
    else:
        parameter -= change
    if on("gradient_cleared"):
        parameter.grad.zero_()


def _old(on: Switches, parameter: Any, state: Any) -> Any:
    if on("missing_velocity"):
        return state["velocity"]
    if on("missing_v"):
        return state["v"]
    if on("missing_buffer"):
        return state["momentum_buffer"]
    if on("nothing_as_velocity"):
        return state.get("velocity")
    if on("begins_with_gradient"):
        return state.get("velocity", parameter.grad)
    return state.get("velocity", torch.zeros_like(parameter))


def _velocity(
    on: Switches, parameter: Any, state: Any, old: Any, lr: float, momentum: float
) -> Tensor:
    gradient: Tensor = parameter.grad
    if on("velocity_is_gradient") and not state:
        return gradient
    if on("velocity_is_gradient_changed"):
        return old.mul_(momentum).add_(gradient) if state else gradient
    if on("gradient_changed"):
        return gradient.add_(momentum * old).clone()
    if on("gradient_changed_by_rate"):
        gradient *= lr
        return (momentum * old + gradient) / lr
    if on("first_gradient_averaged") and not state:
        return (1 - momentum) * gradient
    return _combined(on, parameter, gradient, old, lr, momentum)


def _combined(
    on: Switches, parameter: Any, gradient: Tensor, old: Any, lr: float, momentum: float
) -> Any:
    if on("taken_back"):
        return gradient - momentum * old
    if on("averaged"):
        return momentum * old + (1 - momentum) * gradient
    if on("shares_turned"):
        return (1 - momentum) * old + momentum * gradient
    if on("unit_length"):
        return momentum * old + gradient / gradient.norm()
    if on("rate_twice"):
        return momentum * old + lr * gradient
    if on("all_kept") or on("momentum_in_step"):
        return old + gradient
    if on("momentum_on_all"):
        return momentum * (old + gradient)
    if on("remembers_the_place"):
        return momentum * parameter + gradient
    if on("signs_alone"):
        return momentum * old + gradient.sign()
    return momentum * old + gradient


def _change(
    on: Switches, parameter: Any, velocity: Any, old: Any, lr: float, momentum: float
) -> Any:
    if on("no_rate"):
        return velocity
    if on("two_moves"):
        return 2 * lr * velocity
    if on("looks_ahead"):
        return lr * (parameter.grad + momentum * velocity)
    if on("momentum_in_step"):
        return lr * momentum * velocity
    if on("old_without_rate"):
        return lr * parameter.grad + momentum * old
    return lr * old if on("a_step_late") else lr * velocity
