"""`gpt.initial_deviation`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator

from autograder.exercise import whole
from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "initial_deviation",
    reference=model.initial_deviation,
    hints=(
        "Which maps of a block write into the stream, and how often is the stream added to in all?",
        "A sum of N independent draws has N times their variance. To keep the sum's size, each draw's "
        "deviation has to shrink by the root of N.",
        "If the name ends with that of one of the two maps that write into the stream, divide 0.02 by "
        "the root of twice the number of layers; otherwise return 0.02.",
    ),
)


@exercise.probe
def twelve_layers(implementation: Any, generator: Generator) -> Any:
    """The matrices of a block, and the embedding table, in a model of 12 layers."""
    layer = whole(generator, 0, 11)
    attention = (f"attention.{part}" for part in ("query", "key", "value", "output"))
    feed_forward = (f"feed_forward.{part}" for part in ("gate", "up", "down"))
    parts = (*attention, *feed_forward)
    names = ["embedding.weight", *(f"blocks.{layer}.{part}.weight" for part in parts)]
    return {name: implementation(name, 12) for name in names}


@exercise.probe
def other_depths(implementation: Any, generator: Generator) -> Any:
    """The map down of the first block, in models of 1, 2, 30 and 126 layers."""
    return [implementation("blocks.0.feed_forward.down.weight", depth) for depth in (1, 2, 30, 126)]


_WRITES = ("attention.output.weight", "feed_forward.down.weight")


@exercise.misconception(
    "You count one addition for each block. A block adds twice: what attention gathered, and what the "
    "feed-forward network made of it. Reread 'How large a fresh weight is'."
)
def once_a_block(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(num_layers) if name.endswith(_WRITES) else 0.02


@exercise.misconception(
    "You divide by the number of additions, and not by its root: variances add up, deviations do not, "
    "so the additions become far too small. Reread 'How large a fresh weight is'."
)
def without_the_root(name: str, num_layers: int) -> float:
    return 0.02 / (2 * num_layers) if name.endswith(_WRITES) else 0.02


@exercise.misconception(
    "All your matrices shrink with the depth. Only those that write into the stream have to; a query "
    "or a gate is read inside its block and added to nothing. Reread 'How large a fresh weight is'."
)
def all_of_them(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(2 * num_layers)


@exercise.misconception(
    "Only the attention's map to the stream shrinks. The feed-forward network adds to the same stream. "
    "Reread 'How large a fresh weight is'."
)
def attention_only(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(2 * num_layers) if name.endswith(_WRITES[0]) else 0.02


@exercise.misconception(
    "Only the feed-forward network's map to the stream shrinks. Attention adds to the same stream. "
    "Reread 'How large a fresh weight is'."
)
def feed_forward_only(name: str, num_layers: int) -> float:
    return 0.02 / math.sqrt(2 * num_layers) if name.endswith(_WRITES[1]) else 0.02
