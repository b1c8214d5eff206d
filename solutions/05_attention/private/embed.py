"""`attention.embed`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private, fill_parameters
from llmlab.model import FeedForward, LayerNorm
from llmlab.model import MultiHeadAttention as ReferenceAttention

private = Private()


@private.probe
def one_id(implementation: Any, generator: Generator) -> Any:
    """A single id, and a batch of batches of ids."""
    table = torch.randn(7, 3, generator=generator)
    ids = torch.randint(0, 7, (2, 1, 4), generator=generator)
    return [implementation(table, torch.tensor(6)), implementation(table, ids)]


@private.probe
def learned_rows(implementation: Any, generator: Generator) -> Any:
    """The gradient that reaches each row of the table, in double precision."""
    table = torch.randn(5, 4, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    (implementation(table, torch.tensor([4, 4, 0, 1, 4, 1])) * weight).sum().backward()
    return {"gradient of the table": table.grad}


@private.variant
def embed_one_hot(table: Tensor, ids: Tensor) -> Tensor:
    """Multiply one-hot rows by the table."""
    return torch.eye(len(table), dtype=table.dtype)[ids] @ table


@private.variant
def embed_selected(table: Tensor, ids: Tensor) -> Tensor:
    """Select rows of the flat list of ids."""
    return table.index_select(0, ids.reshape(-1)).reshape(*ids.shape, table.shape[1])


@private.variant
def embed_loop(table: Tensor, ids: Tensor) -> Tensor:
    """Stack one row after the other."""
    rows = [table[token_id] for token_id in ids.reshape(-1).tolist()]
    return torch.stack(rows).reshape(*ids.shape, -1)
