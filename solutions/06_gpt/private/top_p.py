"""`gpt.top_p`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from autograder.exercises.gpt.top_p import filtered

private = Private()


@private.probe
def edges(implementation: Any, generator: Generator) -> Any:
    """A p that the likeliest token reaches alone, and a p of 1."""
    return filtered(implementation, torch.randn(2, 2, 9, generator=generator), (1e-6, 1.0))


@private.probe
def a_row_of_forty(implementation: Any, generator: Generator) -> Any:
    """Forty logits of which some are ruled out already."""
    logits = 3 * torch.randn(40, generator=generator)
    logits[torch.randperm(40, generator=generator)[:25]] = -torch.inf
    return filtered(implementation, logits, (0.8, 0.5))


@private.variant
def top_p_by_counting(logits: Tensor, p: float) -> Tensor:
    """Keep the logits that are no smaller than the last one that it takes."""
    ordered = logits.sort(dim=-1, descending=True).values
    shares = ordered.softmax(dim=-1)
    needed = ((shares.cumsum(dim=-1) - shares) < p).sum(dim=-1, keepdim=True)
    smallest = ordered.gather(-1, needed - 1)
    return torch.where(logits >= smallest, logits, -math.inf)


@private.variant
def top_p_by_rank(logits: Tensor, p: float) -> Tensor:
    """Bring the marks back by sorting the order, and give logarithms of probabilities."""
    order = logits.argsort(dim=-1, descending=True)
    shares = logits.double().softmax(dim=-1).gather(-1, order)
    shifted = torch.roll(shares.cumsum(dim=-1), 1, dims=-1)
    shifted[..., 0] = 0
    keep = (shifted < p).gather(-1, order.argsort(dim=-1))
    return logits.masked_fill(~keep, -math.inf).log_softmax(dim=-1)


@private.variant
def top_p_row_by_row(logits: Tensor, p: float) -> Tensor:
    """Add up in a loop."""
    out = torch.full_like(logits, -math.inf)
    for row, kept in zip(
        logits.reshape(-1, logits.shape[-1]), out.reshape(-1, logits.shape[-1]), strict=True
    ):
        shares = row.double().softmax(dim=0).tolist()
        total = 0.0
        for token in sorted(range(len(shares)), key=lambda token: -shares[token]):
            if total >= p:
                break
            kept[token] = row[token]
            total += shares[token]
    return out


@private.variant
def top_p_from_the_tail(logits: Tensor, p: float) -> Tensor:
    """Add up from the unlikeliest on, and rule out what has no more than 1 - p."""
    ordered, order = logits.double().sort(dim=-1)
    out = ordered.softmax(dim=-1).cumsum(dim=-1) <= 1 - p
    out[..., -1] = False
    return logits.masked_fill(out.scatter(-1, order, out), -math.inf)
