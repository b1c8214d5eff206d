"""`pretraining.inputs_and_targets`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.pretraining import LAB
from autograder.exercises.pretraining._shared import Pair, some_ids
from llmlab import training

exercise = LAB.exercise(
    "inputs_and_targets",
    reference=training.inputs_and_targets,
    hints=(
        "Write one row down, and below it what should be guessed at each place.",
        "Both have one column fewer than the ids. One lacks the last column, and the other the first.",
        "Slice the second dimension twice: once up to the last column, and once from the second one on.",
    ),
)


@exercise.probe
def one_row(implementation: Any, generator: Generator) -> Any:
    """The row [5, 6, 7, 8]."""
    inputs, targets = implementation(torch.tensor([[5, 6, 7, 8]]))
    return {"inputs": inputs, "targets": targets}


@exercise.probe
def several_rows(implementation: Any, generator: Generator) -> Any:
    """Three rows of six random ids."""
    inputs, targets = implementation(some_ids(generator, 3, 6))
    return {"inputs": inputs, "targets": targets}


@exercise.misconception(
    "Your targets are the inputs themselves: at each place the model is asked for the token that it has read there. "
    "It learns to copy, its loss goes to 0, and it has never guessed anything. Reread 'One token further'."
)
def not_shifted(ids: Tensor) -> Pair:
    return ids[:, :-1], ids[:, :-1]


@exercise.misconception(
    "Inputs and targets are exchanged: your model reads a token and is asked for the one before it, so it learns to "
    "write backward. Reread 'One token further'."
)
def backward_in_time(ids: Tensor) -> Pair:
    return ids[:, 1:], ids[:, :-1]


@exercise.misconception(
    "Your targets lie two tokens further, so the model learns to leave out every second one. "
    "Reread 'One token further'."
)
def two_further(ids: Tensor) -> Pair:
    return ids[:, :-2], ids[:, 2:]


@exercise.misconception(
    "Your targets go around: after the last token of a row comes its first one again. That is a wrong answer in each "
    "row, and the model will try to learn it. Reread 'One token further'."
)
def around(ids: Tensor) -> Pair:
    return ids, ids.roll(-1, dims=1)


@exercise.misconception(
    "Your code shifts from row to row, where it should shift from place to place. The rows of a batch are different "
    "texts and have nothing to do with each other. Reread 'One token further'."
)
def across_rows(ids: Tensor) -> Pair:
    return ids[:-1], ids[1:]
