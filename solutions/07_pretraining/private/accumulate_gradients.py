"""`pretraining.accumulate_gradients`: hidden probes, and right answers written differently."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from autograder.exercises.pretraining.accumulate_gradients import reader, watched
from llmlab import training

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """A single part of four texts, and five parts of a single text beside gradients of 2."""
    results = []
    for parts, texts in ((1, 4), (5, 1)):
        model = reader(generator, tokens=6, width=3)
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, 2.0) if parts > 1 else None
        ids = [torch.randint(6, (texts, 7), generator=generator) for _ in range(parts)]
        results.append(watched(implementation, model, ids))
    return results


@private.variant
def accumulate_backward_scaled(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    """Give `backward` the share as the gradient of the loss."""
    share = 1 / len(micro_batches)
    losses = []
    for ids in micro_batches:
        inputs, targets = training.inputs_and_targets(ids)
        loss = training.next_token_loss(model(inputs), targets)
        loss.backward(torch.tensor(share))
        losses.append(float(loss))
    return sum(losses) * share


@private.variant
def accumulate_by_grad(model: nn.Module, micro_batches: Sequence[Tensor]) -> float:
    """Ask for the gradients, and add them by hand."""
    parameters, total = list(model.parameters()), torch.zeros(())
    for ids in micro_batches:
        loss = training.next_token_loss(model(ids[:, :-1]), ids[:, 1:]) / len(micro_batches)
        for parameter, gradient in zip(
            parameters, torch.autograd.grad(loss, parameters), strict=True
        ):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        total += loss.detach()
    return total.item()
