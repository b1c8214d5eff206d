"""`foundations.cross_entropy`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_tokens(implementation: Any, generator: Generator) -> Any:
    """A single token, padding, a single target that counts, and other marks for what is ignored."""
    scores = 5 * torch.randn(6, 7, generator=generator)
    targets = torch.tensor([3, 3, 3, 6, 3, 3])
    padded = torch.tensor([5, -100, -100, 0, 2, -100])
    return [
        implementation(scores.clone(), targets.clone()),
        implementation(scores.clone(), padded),
        implementation(scores[:1].clone(), targets[:1].clone()),
        implementation(scores.clone(), targets.clone(), 3),
        implementation(scores.clone(), targets.where(targets == 6, -1), -1),
    ]


@private.probe
def gradients(implementation: Any, generator: Generator) -> Any:
    """The gradient that reaches the scores, where some targets are ignored and some scores large."""
    scores = torch.randn(5, 4, generator=generator)
    scores[0] = torch.tensor([-700.0, 500.0, 0.0, 1.0])
    scores.requires_grad_()
    loss = implementation(scores, torch.tensor([0, -100, 3, 1, -100]))
    loss.backward()
    return {"loss": loss, "gradient of the scores": scores.grad}


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


private.equivalent(
    "strange = (chosen < 0) | (chosen >= classes)", None, "every target that counts is a class"
)
private.equivalent("if label_smoothing:", None, "no smoothing is asked for")
private.equivalent(
    "loss = (1 - label_smoothing) * loss + label_smoothing * surprise.mean(dim=-1)",
    None,
    "no smoothing is asked for",
)
private.equivalent(
    "loss = surprise.gather(-1, chosen[:, None].long()).squeeze(-1)",
    "CALL",
    "a column has the mean of its numbers, and targets are long already",
)
private.equivalent(
    "wanted = torch.eye(scores.shape[-1])[targets.where(targets != ignore_index, 0)]",
    "NUMBER",
    "what is picked there is multiplied by 0",
)
private.equivalent(
    "return (surprises * counts).sum() / counts.sum()", "AXIS", "there is one dimension"
)
private.equivalent(
    "return -log_probabilities[torch.arange(len(rows)), targets[rows]].mean()",
    "SIZE",
    "there is one dimension",
)
private.equivalent(
    "return -log_probabilities[torch.arange(len(rows)), targets[rows]].mean()",
    "NAME",
    "the two have equally many rows",
)
