"""`foundations.cross_entropy`: hidden probes, and right answers written differently."""

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def one_that_counts(implementation: Any, generator: Generator) -> Any:
    """A single token; a single target that counts; another mark for what is ignored."""
    scores = 5 * torch.randn(6, 7, generator=generator)
    targets = torch.tensor([3, 3, 3, 6, 3, 3])
    return [
        implementation(scores[:1], targets[:1]),
        implementation(scores, targets, 3),
        implementation(scores, targets.where(targets == 6, -1), -1),
    ]


@private.probe
def gradient_of_scores(implementation: Any, generator: Generator) -> Any:
    """The gradient that reaches the scores, where some targets are ignored."""
    scores = torch.randn(5, 4, generator=generator).requires_grad_()
    implementation(scores, torch.tensor([0, -100, 3, 1, -100])).backward()
    return {"gradient of the scores": scores.grad}


@private.variant
def loss_loop(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Go from token to token."""
    surprises = []
    for row, target in zip(scores, targets.tolist(), strict=True):
        if target != ignore_index:
            shifted = row - row.max()
            surprises.append(shifted.exp().sum().log() - shifted[target])
    return torch.stack(surprises).mean()


@private.variant
def loss_one_hot(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Pick by a one-hot table, and weigh by what counts."""
    counts = (targets != ignore_index).to(scores.dtype)
    wanted = torch.eye(scores.shape[-1])[targets.where(targets != ignore_index, 0)]
    shifted = scores - scores.detach().amax(-1, keepdim=True)
    surprises = shifted.exp().sum(-1).log() - (shifted * wanted).sum(-1)
    return (surprises * counts).sum() / counts.sum()


@private.variant
def loss_indexed(scores: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Index rows and columns at once, in float64."""
    rows = (targets != ignore_index).nonzero().flatten()
    wide = scores[rows].double()
    wide = wide - wide.max(dim=1, keepdim=True)[0]
    log_probabilities = wide - torch.log(torch.exp(wide).sum(dim=1, keepdim=True))
    return -log_probabilities[torch.arange(len(rows)), targets[rows]].mean()
