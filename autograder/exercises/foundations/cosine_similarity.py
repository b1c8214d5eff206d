"""`foundations.cosine_similarity`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.foundations import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "cosine_similarity",
    reference=foundations.cosine_similarity,
    forbidden=("torch.nn.functional.cosine_similarity", "torch.nn.functional.normalize"),
    hints=(
        "Two steps: bring each vector to length 1, then compare all pairs. Which sizes does the "
        "tensor of lengths have?",
        "One matrix product holds the dot products of all pairs, if the second matrix is turned so "
        "that its vectors are columns.",
        "Divide each matrix by the norms of its rows, taken over the last dimension and kept as a "
        "column, and multiply the first by the transpose of the second.",
    ),
)


@exercise.probe
def two_by_three(implementation: Any, generator: Generator) -> Any:
    """Two vectors of four numbers beside three others."""
    return implementation(3 * normal(generator, 2, 4), normal(generator, 3, 4))


@exercise.probe
def as_many_as_numbers(implementation: Any, generator: Generator) -> Any:
    """Three vectors of three numbers beside three others, so that rows and columns can be confused."""
    return implementation(normal(generator, 3, 3), 2 * normal(generator, 3, 3) + 1)


@exercise.misconception(
    "Your code returns dot products: the lengths still count, so a long vector seems like "
    "everything. Reread 'How alike are two vectors?'."
)
def raw_products(first: Tensor, second: Tensor) -> Tensor:
    return first @ second.T


@exercise.misconception(
    "Your code divides each column by its own length. The vectors here are the rows, so each row "
    "has to come to length 1. Reread 'Broadcasting, and its trap'."
)
def columns_scaled(first: Tensor, second: Tensor) -> Tensor:
    return (first / first.norm(dim=0)) @ (second / second.norm(dim=0)).T


@exercise.misconception(
    "Your lengths are lined up with each other and not with the pairs: the length of the first "
    "vector meets that of the first, and then both divide a column. Reread 'Broadcasting, and its "
    "trap'."
)
def lengths_lined_up(first: Tensor, second: Tensor) -> Tensor:
    return (first @ second.T) / (first.norm(dim=-1) * second.norm(dim=-1))


@exercise.misconception(
    "Your code compares the first vector with the first, the second with the second, and so on. "
    "Each is to be compared with every other one, which gives a matrix. Reread 'All pairs at once'."
)
def pair_by_pair(first: Tensor, second: Tensor) -> Tensor:
    lengths = first.norm(dim=-1) * second.norm(dim=-1)
    return (first * second).sum(dim=-1) / lengths


@exercise.misconception(
    "Your code takes one length for a whole matrix. Each vector has a length of its own. Reread "
    "'Broadcasting, and its trap'."
)
def one_length_for_all(first: Tensor, second: Tensor) -> Tensor:
    return (first @ second.T) / (first.norm() * second.norm())


@exercise.misconception(
    "Your code brings one of the two to length 1 and leaves the other as long as it was. A cosine "
    "knows the lengths of neither. Reread 'How alike are two vectors?'."
)
def one_side_scaled(first: Tensor, second: Tensor) -> Tensor:
    return (first / first.norm(dim=-1, keepdim=True)) @ second.T


@exercise.misconception(
    "Your matrix product takes the columns of the second matrix for its vectors. A product "
    "multiplies rows by columns, and the vectors of both are rows. Reread 'All pairs at once'."
)
def not_turned(first: Tensor, second: Tensor) -> Tensor:
    first = first / first.norm(dim=-1, keepdim=True)
    return first @ (second / second.norm(dim=-1, keepdim=True))
