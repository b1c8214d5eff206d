"""`pretraining.accumulate_gradients`: hidden probes, and right answers written differently."""

import copy
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from llmlab import training

private = Private()


@private.probe
def one_part(implementation: Any, generator: Generator) -> Any:
    """A single part, and five parts of a single text."""
    results = []
    for parts, texts in ((1, 4), (5, 1)):
        model = nn.Sequential(nn.Embedding(6, 3), nn.Linear(3, 6))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        ids = [torch.randint(6, (texts, 7), generator=generator) for _ in range(parts)]
        loss = implementation(model, ids)
        results.append([loss, [one.grad for one in model.parameters()]])
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
