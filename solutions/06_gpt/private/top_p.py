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
    ordered = logits.sort(descending=True).values
    shares = ordered.softmax(dim=-1)
    needed = ((shares.cumsum(dim=-1) - shares) < p).sum(dim=-1, keepdim=True)
    smallest = ordered.gather(-1, needed - 1)
    return torch.where(logits >= smallest, logits, -math.inf)


@private.variant
def top_p_by_rank(logits: Tensor, p: float) -> Tensor:
    """Bring the marks back by sorting the order, and give logarithms of probabilities."""
    order = logits.argsort(descending=True)
    shares = logits.double().softmax(dim=-1)
    sums = torch.nn.functional.pad(shares.gather(-1, order).cumsum(dim=-1), (1, 0))
    keep = (sums[..., :-1] < p).gather(-1, order.argsort())
    return logits.double().masked_fill(~keep, -math.inf).softmax(dim=-1).log()


@private.variant
def top_p_row_by_row(logits: Tensor, p: float) -> Tensor:
    """Add up in a loop."""
    rows = logits.reshape(-1, logits.shape[-1])
    out = torch.full_like(rows, -math.inf)
    for row, shares in enumerate(rows.double().softmax(dim=-1).tolist()):
        total = 0.0
        for token in sorted(range(len(shares)), key=lambda token: -shares[token]):
            if total < p:
                out[row, token] = rows[row, token]
            total += shares[token]
    return out.reshape(logits.shape)


@private.variant
def top_p_from_the_tail(logits: Tensor, p: float) -> Tensor:
    """Add up from the unlikeliest on, and rule out what has no more than 1 - p."""
    ordered, order = logits.double().sort()
    out = ordered.softmax(dim=-1).cumsum(dim=-1) <= 1 - p
    return logits.masked_fill(out.scatter(-1, order, out), -math.inf)


for line in (
    "ruled_out = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= p)",
    "needed = ((shares.cumsum(dim=-1) - shares) < p).sum(dim=-1, keepdim=True)",
    "keep = (sums[..., :-1] < p).gather(-1, order.argsort())",
    "if total < p:",
    "out = ordered.softmax(dim=-1).cumsum(dim=-1) <= 1 - p",
):
    private.equivalent(line, "COMPARISON", "Whether a sum is p itself is a matter of rounding.")
