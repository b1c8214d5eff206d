"""`gpt.top_p`: hidden probes, and right answers written differently."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Private, fill_parameters
from llmlab.model import MultiHeadAttention, TransformerConfig

private = Private()


@private.probe
def edges(implementation: Any, generator: Generator) -> Any:
    """A p that the likeliest token reaches alone, and a p of 1."""
    logits = torch.randn(2, 2, 9, generator=generator)
    return [implementation(logits, 1e-6), implementation(logits, 1.0)]


@private.probe
def after_another_filter(implementation: Any, generator: Generator) -> Any:
    """Logits of which some are ruled out already."""
    logits = 3 * torch.randn(40, generator=generator)
    logits[torch.randperm(40, generator=generator)[:25]] = -torch.inf
    return implementation(logits, 0.8)


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
    """Bring the marks back by sorting the order."""
    order = logits.argsort(dim=-1, descending=True)
    shares = logits.double().softmax(dim=-1).gather(-1, order)
    shifted = torch.roll(shares.cumsum(dim=-1), 1, dims=-1)
    shifted[..., 0] = 0
    keep = (shifted < p).gather(-1, order.argsort(dim=-1))
    return logits.masked_fill(~keep, -math.inf)


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
