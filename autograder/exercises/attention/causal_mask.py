"""`attention.causal_mask`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.attention import LAB
from llmlab import model

exercise = LAB.exercise(
    "causal_mask",
    reference=model.causal_mask,
    hints=(
        "Write the mask for three tokens on paper: which tokens may the first one see?",
        "Row i is the query at position i; it may see the keys 0 to i, itself included.",
        "Make a square of True values and keep its lower triangle, the diagonal included.",
    ),
)


@exercise.probe
def four_tokens(implementation: Any, generator: Generator) -> Any:
    """Four tokens."""
    return implementation(4)


@exercise.probe
def one_token(implementation: Any, generator: Generator) -> Any:
    """A single token, then seven."""
    return [implementation(1), implementation(7)]


@exercise.misconception(
    "Your mask lets each token see those that come after it: it is the transpose of the right one. "
    "Row i is the query, column j the key. Reread 'No looking ahead'."
)
def looks_ahead(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).triu()


@exercise.misconception(
    "Your tokens cannot see themselves: the diagonal is False. Then the first token sees nothing "
    "at all, and its softmax has nothing to share out. Reread 'No looking ahead'."
)
def blind_to_itself(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).tril(-1)


@exercise.misconception(
    "Your mask marks what is hidden: it is True where attention is forbidden. In this course, as "
    "in PyTorch's scaled_dot_product_attention, True means 'may attend'. Reread 'What a mask says'."
)
def marks_the_future(length: int) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool).triu(1)


@exercise.misconception(
    "Your mask has numbers, 1 and 0, where True and False are asked for. Added to the scores, a 0 "
    "and a 1 hide nothing. Reread 'What a mask says'."
)
def of_numbers(length: int) -> Tensor:
    return torch.ones(length, length).tril()


@exercise.misconception(
    "Your mask is the additive kind, with minus infinity for what is hidden. It would work, but "
    "this exercise asks for the boolean kind. Reread 'What a mask says'."
)
def additive(length: int) -> Tensor:
    return torch.zeros(length, length).masked_fill(~model.causal_mask(length), -math.inf)
