"""`pretraining.next_token_loss`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from autograder.exercises.pretraining.next_token_loss import loss_and_gradient

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """Three texts of two places, then one text of five, and their gradients."""
    return [
        loss_and_gradient(
            implementation,
            torch.randn(texts, places, 9, generator=generator),
            torch.randint(9, (texts, places), generator=generator),
        )
        for texts, places in ((3, 2), (1, 5))
    ]


@private.probe
def large_logits(implementation: Any, generator: Generator) -> Any:
    """Logits in the hundreds, whose exponentials overflow."""
    logits = 300 * torch.randn(3, 4, 6, generator=generator)
    return implementation(logits, torch.randint(6, (3, 4), generator=generator))


@private.variant
def loss_indexed(logits: Tensor, targets: Tensor) -> Tensor:
    """Flatten, and pick by two indices."""
    flat = torch.log_softmax(logits.reshape(-1, logits.shape[-1]), dim=1)
    return -flat[torch.arange(len(flat)), targets.reshape(-1)].mean()


@private.variant
def loss_logsumexp(logits: Tensor, targets: Tensor) -> Tensor:
    """Take the right logit from the logarithm of the sum of all exponentials, in float64."""
    logits = logits.double()
    right = logits.gather(2, targets[:, :, None])[:, :, 0]
    return (logits.logsumexp(dim=2) - right).sum() / targets.numel()


@private.variant
def loss_one_hot(logits: Tensor, targets: Tensor) -> Tensor:
    """Multiply by one-hot rows, text by text."""
    losses = []
    for text, answers in zip(logits, targets, strict=True):
        chosen = torch.eye(text.shape[-1])[answers]
        losses.append(-(text.log_softmax(-1) * chosen).sum(-1))
    return torch.cat(losses).mean()


for line in (
    "return -flat[torch.arange(len(flat)), targets.reshape(-1)].mean()",
    "return torch.cat(losses).mean()",
):
    private.equivalent(line, "AXIS", "What has one dimension has one mean.")
private.equivalent(
    "return torch.cat(losses).mean()",
    "FUNCTION",
    "Texts of one length have one mean, stacked or joined.",
)
private.equivalent(
    "return (logits.logsumexp(dim=2) - right).sum() / targets.numel()",
    "NAME",
    "There are as many targets as logits of targets.",
)
private.equivalent(
    "chosen = torch.eye(text.shape[-1])[answers]", "NAME", "A text has as many logits as all texts."
)
