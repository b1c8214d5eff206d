"""`attention.embed`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from autograder.exercises.attention.embed import learned

private = Private()


@private.probe
def other_shapes(implementation: Any, generator: Generator) -> Any:
    """A single id, a sentence, and a batch of batches of ids."""
    table = torch.randn(7, 3, generator=generator)
    shapes = ((), (6,), (2, 1, 4))
    return [
        implementation(table.clone(), torch.randint(0, 7, shape, generator=generator))
        for shape in shapes
    ]


@private.probe
def learned_rows(implementation: Any, generator: Generator) -> Any:
    """The gradient that reaches each row of the table, some of which are used often and one never."""
    table = torch.randn(6, 4, generator=generator)
    return learned(implementation, table, torch.tensor([[4, 4, 0], [1, 4, 3]]))


@private.variant
def embed_one_hot(table: Tensor, ids: Tensor) -> Tensor:
    """Multiply one-hot rows by the table."""
    return torch.eye(len(table))[ids] @ table


@private.variant
def embed_selected(table: Tensor, ids: Tensor) -> Tensor:
    """Select rows of the flat list of ids."""
    return table.index_select(0, ids.reshape(-1)).reshape(*ids.shape, table.shape[1])


@private.variant
def embed_loop(table: Tensor, ids: Tensor) -> Tensor:
    """Stack one row after the other."""
    rows = [table[token_id] for token_id in ids.reshape(-1).tolist()]
    return torch.stack(rows).reshape(*ids.shape, -1)


private.equivalent(
    "return torch.stack(rows).reshape(*ids.shape, -1)",
    "FUNCTION",
    "Rows that are joined end to end hold the same numbers in the same order.",
)
private.equivalent(
    "rows = [table[token_id] for token_id in ids.reshape(-1).tolist()]",
    "CALL",
    "A tensor of a single id names a row as a number does.",
)
