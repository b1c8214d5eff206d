"""`pretraining.accumulate_gradients`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import normal
from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import some_ids
from llmlab import training
from llmlab.training import inputs_and_targets, next_token_loss

exercise = LAB.exercise(
    "accumulate_gradients",
    reference=training.accumulate_gradients,
    mutates=True,
    hints=(
        "What does `backward()` do with a gradient that is there already?",
        "Gradients add up by themselves. What is wanted is the gradient of the mean over all parts, so each part "
        "brings its own mean, divided by how many parts there are.",
        "For each part: make inputs and targets, compute the loss, divide it by the number of parts, go backward, "
        "and add its number to a total; return the total.",
    ),
)


def _reader(generator: Generator) -> nn.Module:
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(normal(generator, *parameter.shape))
    return model


def _watched(implementation: Any, model: nn.Module, parts: Sequence[Tensor]) -> Any:
    """Run the answer, and note in which order it goes forward and backward and how much it reads at once."""
    order: list[str] = []
    largest = 0

    def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
        nonlocal largest
        largest = max(largest, len(inputs[0]))
        order.append("forward")
        output.register_hook(lambda gradient: order.append("backward"))

    handle = model.register_forward_hook(note)
    total = implementation(model, parts)
    handle.remove()
    return {
        "loss": total,
        "gradients": [one.grad for one in model.parameters()],
        "texts read at once": largest,
        "order": " ".join(order),
    }


@exercise.probe
def three_parts(implementation: Any, generator: Generator) -> Any:
    """Three parts of two texts each: the loss, the gradients, and in which order the model was run."""
    model = _reader(generator)
    return _watched(implementation, model, [some_ids(generator, 2, 5, below=9) for _ in range(3)])


@exercise.probe
def beside_a_gradient(implementation: Any, generator: Generator) -> Any:
    """Two parts, and gradients of 1 that were there before."""
    model = _reader(generator)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    return _watched(implementation, model, [some_ids(generator, 1, 4, below=9) for _ in range(2)])


def _accumulated(
    model: nn.Module,
    parts: Sequence[Tensor],
    *,
    divisor: Callable[[int], float] = float,
    before: Callable[[], Any] = lambda: None,
    average: bool = True,
) -> float:
    total = 0.0
    for ids in parts:
        before()
        inputs, targets = inputs_and_targets(ids)
        part = next_token_loss(model(inputs), targets)
        (part / divisor(len(parts))).backward()
        total += part.item() / (len(parts) if average else 1)
    return total


@exercise.misconception(
    "Your gradients are the sum over the parts, not their mean: four parts give a gradient four times as long as that "
    "of the one batch which they replace, and a loss four times as high. Reread 'A large batch in small parts'."
)
def never_divided(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, divisor=lambda count: 1.0, average=False)


@exercise.misconception(
    "Your loss is the mean, and your gradients are the sum: the division comes too late for them. Whatever is to reach "
    "the gradients has to happen before `backward`. Reread 'A large batch in small parts'."
)
def divided_too_late(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, divisor=lambda count: 1.0)


@exercise.misconception(
    "Your gradients are the mean, and your loss is the sum of the parts, so a curve drawn from it would jump whenever "
    "the number of parts is changed. Reread 'A large batch in small parts'."
)
def loss_summed(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, average=False)


@exercise.misconception(
    "Gradients are cleared before each part, so the last one is all that is left of the batch. "
    "Reread 'A large batch in small parts'."
)
def cleared_each_time(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, micro_batches, before=model.zero_grad)


@exercise.misconception(
    "Your function clears the gradients at its beginning. That belongs to the step, which calls it: here gradients are "
    "added to what is there. Reread 'A large batch in small parts'."
)
def cleared_at_first(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    model.zero_grad()
    return _accumulated(model, micro_batches)


@exercise.misconception(
    "The parts are joined to one large batch again. The gradient is right, but it takes the memory that there was not "
    "enough of. Reread 'A large batch in small parts'."
)
def joined_again(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    return _accumulated(model, [torch.cat(list(micro_batches))])


@exercise.misconception(
    "All parts go forward before the first goes backward. Until then everything that was computed is kept, for all of "
    "them, and that is what takes the memory. Reread 'A large batch in small parts'."
)
def backward_at_the_end(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    losses = []
    for ids in micro_batches:
        inputs, targets = inputs_and_targets(ids)
        losses.append(next_token_loss(model(inputs), targets))
    mean = torch.stack(losses).mean()
    mean.backward()
    return mean.item()
