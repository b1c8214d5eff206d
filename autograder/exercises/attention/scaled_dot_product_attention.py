"""`attention.scaled_dot_product_attention`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import attend
from llmlab import model

exercise = LAB.exercise(
    "scaled_dot_product_attention",
    reference=model.scaled_dot_product_attention,
    forbidden=("torch.nn.functional.scaled_dot_product_attention",),
    hints=(
        "Follow the shapes: (query, head_dim) by (key, head_dim) must give (query, key).",
        "There are four steps: compare, scale, turn scores into weights, average the values. The "
        "mask comes in between the second and the third.",
        "Multiply the query by the transposed key, divide by the root of the last size of the "
        "query, set the scores that are not allowed to minus infinity, take the softmax over the "
        "keys, and multiply by the value.",
    ),
)


def _attention_inputs(generator: Generator, *lead: int) -> tuple[Tensor, Tensor, Tensor]:
    query = 2 * normal(generator, *lead, 3, 8)
    key = 2 * normal(generator, *lead, 5, 8)
    return query, key, normal(generator, *lead, 5, 6)


@exercise.probe
def unmasked(implementation: Any, generator: Generator) -> Any:
    """Three queries, five keys, head size 8, no mask."""
    return {"output": implementation(*_attention_inputs(generator))}


@exercise.probe
def masked(implementation: Any, generator: Generator) -> Any:
    """A batch of two with four heads, and a boolean mask that lets each query see some keys."""
    query, key, value = _attention_inputs(generator, 2, 4)
    mask = torch.rand(3, 5, generator=generator) < 0.5
    mask[:, 1] = True
    return {"output": implementation(query, key, value, mask)}


@exercise.probe
def square(implementation: Any, generator: Generator) -> Any:
    """As many queries as keys, with the causal mask, and the gradient of the query."""
    query, key, value = (2 * normal(generator, 4, 4) for _ in range(3))
    query.requires_grad_()
    output = implementation(query, key, value, torch.ones(4, 4, dtype=torch.bool).tril())
    output.square().sum().backward()
    return {"output": output, "gradient of the query": query.grad}


@exercise.misconception(
    "The scores are not divided by the square root of the head size. Without it they grow "
    "with that size, the softmax saturates on the largest, and its gradient vanishes. Reread "
    "'Why the scores are scaled'."
)
def no_scale(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    return attend(query, key, value, mask, scale=1.0)


@exercise.misconception(
    "The scores are divided by the head size, not by its square root. They become too "
    "small, and the attention too even. Reread 'Why the scores are scaled': which of the "
    "two brings the variance back to 1?"
)
def scale_without_root(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return attend(query, key, value, mask, scale=query.shape[-1])


@exercise.misconception(
    "The scores are multiplied by the square root of the head size, where they should be divided "
    "by it: they grow when they should shrink. Reread 'Why the scores are scaled'."
)
def scale_multiplied(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return attend(query, key, value, mask, scale=1 / math.sqrt(query.shape[-1]))


@exercise.misconception(
    "The softmax runs over the queries, and should run over the keys: the weights with which one "
    "query averages the values must sum to 1. Reread 'From scores to weights'."
)
def softmax_over_queries(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return attend(query, key, value, mask, dim=-2)


@exercise.misconception(
    "The mask is upside down: your code hides the keys where the mask is True, and True means 'may "
    "attend' here, as in PyTorch's own function. Reread 'What a mask says'."
)
def mask_inverted(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    return attend(query, key, value, mask, invert=True)


@exercise.misconception(
    "The mask is not used: queries still attend to the keys that they should not see. "
    "Reread 'What a mask says'."
)
def mask_ignored(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    return attend(query, key, value)


@exercise.misconception(
    "The masked scores are set to 0, and the softmax gives a score of 0 its share of the weight: "
    "exp(0) is 1. A hidden key needs a score whose exponential is 0. Reread 'What a mask says'."
)
def masked_with_zero(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    return attend(query, key, value, mask, fill=0.0)


@exercise.misconception(
    "The mask is applied after the softmax: the hidden keys get no weight, and what is "
    "left no longer sums to 1. Masking must come before the weights are shared out. "
    "Reread 'What a mask says'."
)
def masked_after_softmax(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    weights = (query @ key.mT / math.sqrt(query.shape[-1])).softmax(dim=-1)
    return (weights if mask is None else weights * mask) @ value


@exercise.misconception(
    "The softmax is missing: the values are added up with raw scores, which can be negative and do "
    "not sum to 1. Reread 'From scores to weights'."
)
def no_softmax(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    return (scores if mask is None else scores.masked_fill(~mask, 0.0)) @ value
