"""`attention.split_heads`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.attention import LAB
from llmlab import model

exercise = LAB.exercise(
    "split_heads",
    reference=model.split_heads,
    hints=(
        "The input has the head index hidden inside its last dimension: (…, "
        "length, heads × head_dim).",
        "There are two steps. First the last dimension becomes two; then two "
        "dimensions change places.",
        "Reshape to (…, length, num_heads, head_dim), and swap the length with the heads.",
    ),
)


@exercise.probe
def one_sequence(implementation: Any, generator: Generator) -> Any:
    """One sequence of five tokens, vectors of 6, two heads."""
    return implementation(normal(generator, 5, 6), 2)


@exercise.probe
def several_sequences(implementation: Any, generator: Generator) -> Any:
    """A batch of three sequences of four tokens, vectors of 8, four heads."""
    return implementation(normal(generator, 3, 4, 8), 4)


@exercise.misconception(
    "Your reshape has the right shape and mixes the tokens: reshaping straight to (heads, "
    "length, head_dim) reads on across the borders between tokens. Cut each vector first, then "
    "swap. Reread 'Many heads'."
)
def reshaped_at_once(x: Tensor, num_heads: int) -> Tensor:
    return x.reshape(*x.shape[:-2], num_heads, x.shape[-2], -1)


@exercise.misconception(
    "Your code cuts the vectors into heads and leaves the heads behind the tokens. Attention works "
    "on the last two dimensions, so the length has to be one of them. Reread 'Many heads'."
)
def not_swapped(x: Tensor, num_heads: int) -> Tensor:
    return x.unflatten(-1, (num_heads, -1))


@exercise.misconception(
    "Your heads take every n-th dimension. A head's dimensions lie side by side: the first "
    "head_dim of them belong to head 0. Reread 'Many heads'."
)
def strided(x: Tensor, num_heads: int) -> Tensor:
    return x.unflatten(-1, (-1, num_heads)).movedim(-1, -3)


@exercise.misconception(
    "You made pieces of size num_heads: the number of heads and the size of a head are "
    "exchanged. Reread 'Many heads'."
)
def sizes_exchanged(x: Tensor, num_heads: int) -> Tensor:
    return x.unflatten(-1, (-1, num_heads)).transpose(-3, -2)
