"""`data.minhash_signature`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.data import LAB
from llmlab import data

exercise = LAB.exercise(
    "minhash_signature",
    reference=data.minhash_signature,
    hints=(
        "Think of a table with one row a function and one column a shingle. What is its shape, and "
        "what becomes of a row?",
        "`multipliers[:, None]` is a column; a column times a row is the whole table.",
        "Multiply the column of multipliers by the numbers, add the column of offsets, take the "
        "remainder by PRIME, and then the minimum over the last dimension.",
    ),
)


def _numbers(generator: Generator, count: int, least: int = 0) -> Tensor:
    return torch.randint(least, data.PRIME, (count,), generator=generator)


@exercise.probe
def five_functions(implementation: Any, generator: Generator) -> Any:
    """Seven shingles and five functions."""
    return implementation(_numbers(generator, 7), _numbers(generator, 5, 1), _numbers(generator, 5))


@exercise.probe
def small_numbers(implementation: Any, generator: Generator) -> Any:
    """Four small numbers and three functions that you can compute by hand."""
    numbers = torch.randint(1, 10, (4,), generator=generator)
    return implementation(numbers, torch.tensor([1, 2, 3]), torch.tensor([10, 0, 5]))


@exercise.probe
def order_and_repeats(implementation: Any, generator: Generator) -> Any:
    """One shingle alone, and as many functions as shingles."""
    numbers = _numbers(generator, 6)
    multipliers, offsets = _numbers(generator, 6, 1), _numbers(generator, 6)
    return [
        implementation(numbers[:1], multipliers, offsets),
        implementation(numbers, multipliers, offsets),
    ]


def _table(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return (multipliers[:, None] * numbers + offsets[:, None]) % data.PRIME


@exercise.misconception(
    "The smallest value is taken over the functions, so that there is one a shingle, and the signature "
    "is as long as the text. It has one number a function. Reread 'A short signature'."
)
def over_the_functions(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return _table(numbers, multipliers, offsets).amin(dim=0)


@exercise.misconception(
    "The largest value is taken. That would work as well if everybody did it; two signatures can only "
    "be compared when both are made in the same way, and the way is the smallest. Reread 'A short "
    "signature'."
)
def largest(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return _table(numbers, multipliers, offsets).amax(dim=1)


@exercise.misconception(
    "The signature holds the place of the shingle with the smallest value, and not the value. Places "
    "depend on the order of the shingles, and another text has another one. Reread 'A short signature'."
)
def places(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return _table(numbers, multipliers, offsets).argmin(dim=1)


@exercise.misconception(
    "The remainder is not taken. Without it a larger number always has a larger value, all functions "
    "choose the same shingle, and the signature says one thing many times. Reread 'A short signature'."
)
def no_remainder(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return (multipliers[:, None] * numbers + offsets[:, None]).amin(dim=1)


@exercise.misconception(
    "The offset is added after the remainder, so values are larger than the prime allows. It belongs "
    "inside. Reread 'A short signature'."
)
def offset_outside(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    values = multipliers[:, None] * numbers % data.PRIME + offsets[:, None]
    return values.amin(dim=1)


@exercise.misconception(
    "The smallest shingle is found first, and the functions are applied to it alone. Then every "
    "place of the signature depends on the same shingle. Each function has to find its own. Reread "
    "'A short signature'."
)
def smallest_first(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    return (multipliers * numbers.min() + offsets) % data.PRIME
