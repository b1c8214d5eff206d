"""`foundations.cosine_similarity`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """Four vectors of five numbers beside two others, and as many vectors as numbers."""
    first = 2 * torch.randn(4, 5, generator=generator)
    square = [torch.randn(4, 4, generator=generator) for _ in range(2)]
    return [implementation(first, torch.randn(2, 5, generator=generator)), implementation(*square)]


@private.probe
def one_and_many(implementation: Any, generator: Generator) -> Any:
    """One vector beside five, and vectors of a single number."""
    first = torch.randn(1, 6, generator=generator)
    many = 40 * torch.randn(5, 6, generator=generator)
    ones = [torch.randn(size, 1, generator=generator) for size in (4, 3)]
    return [implementation(first, many), implementation(*ones)]


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


private.equivalent(
    'first: Float[Tensor, "n dim"], second: Float[Tensor, "m dim"], epsilon: float = 1e-8',
    None,
    "no vector has the length 0",
)
private.equivalent(
    "first = first / first.norm(dim=-1, keepdim=True).clamp_min(epsilon)",
    "CALL",
    "no vector has the length 0",
)
private.equivalent(
    "second = second / second.norm(dim=-1, keepdim=True).clamp_min(epsilon)",
    "CALL",
    "no vector has the length 0",
)
private.equivalent(
    "[float(a.double() @ b.double() / (a.double().norm() * b.double().norm())) for b in second]",
    "PARENTHESES",
    "numbers are multiplied and divided, in another order",
)
