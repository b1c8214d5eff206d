"""`attention.embed`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.attention import LAB
from llmlab import model

exercise = LAB.exercise(
    "embed",
    reference=model.embed,
    forbidden=("torch.nn.functional.embedding",),
    hints=(
        "Look at the shapes: the table has one row a token, and each id names a row.",
        "A tensor can be indexed by a whole tensor of indices at once; the result has the shape "
        "of the indices, followed by what is left of the table.",
        "Index the table with the ids, and return what comes out: one expression, no loop.",
    ),
)


@exercise.probe
def one_sentence(implementation: Any, generator: Generator) -> Any:
    """Five ids, one of them twice, and a table of 10 tokens by 4."""
    table = normal(generator, 10, 4)
    return {"output": implementation(table, torch.tensor([7, 0, 3, 3, 9]))}


@exercise.probe
def batch(implementation: Any, generator: Generator) -> Any:
    """A batch of two sentences of three ids, and a square table of 6 tokens by 6."""
    table = normal(generator, 6, 6).requires_grad_()
    output = implementation(table, torch.tensor([[1, 2, 1], [5, 0, 4]]))
    output.square().sum().backward()
    return {"output": output, "gradient of the table": table.grad}


@exercise.misconception(
    "Your code picks columns of the table. A token's vector is a row: the first index of the table "
    "counts tokens, the second counts dimensions. Reread 'A table with one row a token'."
)
def picks_columns(table: Tensor, ids: Tensor) -> Tensor:
    return table[:, ids.clamp(max=table.shape[1] - 1)].movedim(0, -1)


@exercise.misconception(
    "Your code averages the vectors of all tokens into one. Each token keeps a vector of its own; "
    "attention is what mixes them, later. Reread 'A table with one row a token'."
)
def averages(table: Tensor, ids: Tensor) -> Tensor:
    return table[ids].mean(dim=-2)


@exercise.misconception(
    "Your code cuts the gradient: the vectors come out right, and the table would never learn, "
    "since it is detached from what was looked up. Reread 'The table is learned'."
)
def detached(table: Tensor, ids: Tensor) -> Tensor:
    return table.detach()[ids].requires_grad_()
