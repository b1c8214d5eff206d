"""`foundations.cosine_similarity`: hidden probes, and right answers written differently."""

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
def one_and_many(implementation: Any, generator: Generator) -> Any:
    """One vector beside five, and vectors of a single number."""
    first = torch.randn(1, 6, generator=generator)
    many = 40 * torch.randn(5, 6, generator=generator)
    return [implementation(first, many), implementation(many[:, :1], many[:2, 1:2])]


@private.probe
def with_itself(implementation: Any, generator: Generator) -> Any:
    """A matrix beside itself, in double precision."""
    x = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    return implementation(x, x)


@private.variant
def similarity_after(first: Tensor, second: Tensor) -> Tensor:
    """Divide the products by the products of the lengths."""
    lengths = torch.outer(first.norm(dim=1), second.norm(dim=1))
    return torch.einsum("nd,md->nm", first, second) / lengths


@private.variant
def similarity_loop(first: Tensor, second: Tensor) -> Tensor:
    """Compare one pair after the other, in float64."""
    rows = [
        [float(a.double() @ b.double() / (a.double().norm() * b.double().norm())) for b in second]
        for a in first
    ]
    return torch.tensor(rows)


@private.variant
def similarity_broadcast(first: Tensor, second: Tensor) -> Tensor:
    """Broadcast to (n, m, dim) and add up."""
    products = (first[:, None] * second[None]).sum(-1)
    squares = first.pow(2).sum(-1)[:, None] * second.pow(2).sum(-1)[None]
    return products / squares.sqrt()
