"""`gpt.top_p`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "top_p",
    reference=model.top_p,
    hints=(
        "Sort first, as in the worked example. For which tokens is the line not crossed yet when they come?",
        "A token is kept if what stands before it adds up to less than p. That is the cumulative sum without "
        "the token itself. What you find in sorted order has to go back to where it came from.",
        "Sort the logits downwards and remember the order; softmax; cumulative sum, less the own probability; "
        "mark what has p or more before it; scatter the marks back by the order; put minus infinity where "
        "they are.",
    ),
)


@exercise.probe
def worked_example(implementation: Any, generator: Generator) -> Any:
    """The probabilities 0.05, 0.5, 0.15 and 0.3, with p = 0.7."""
    return implementation(torch.tensor([0.05, 0.5, 0.15, 0.3]).log(), 0.7)


@exercise.probe
def two_rows(implementation: Any, generator: Generator) -> Any:
    """Two rows of 30 logits each, with p = 0.9 and p = 0.35."""
    logits = 2 * torch.randn(2, 30, generator=generator)
    return {"p 0.9": implementation(logits, 0.9), "p 0.35": implementation(logits, 0.35)}


def _nucleus(
    logits: Tensor,
    p: float,
    *,
    own: bool = False,
    late: bool = False,
    upwards: bool = False,
    fill: float = -math.inf,
    back: bool = True,
) -> Tensor:
    ordered, order = logits.sort(dim=-1, descending=not upwards)
    shares = ordered.softmax(dim=-1)
    reached = shares.cumsum(dim=-1)
    out = reached > p if own else reached - shares >= p
    if late:
        out = torch.cat([torch.zeros_like(out[..., :1]), out[..., :-1]], dim=-1)
    if back:
        out = torch.zeros_like(out).scatter(-1, order, out)
    return logits.masked_fill(out, fill)


@exercise.misconception(
    "The token that crosses the line is dropped, so what is kept adds up to less than p; where the likeliest "
    "token alone has more than p, nothing is left. Reread 'As many tokens as it takes'."
)
def crossing_dropped(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, own=True)


@exercise.misconception(
    "You keep one token more than it takes: the one after that which crosses the line. Reread 'As many tokens "
    "as it takes'."
)
def one_more(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, late=True)


@exercise.misconception(
    "Your marks stay in sorted order: the tokens at the first places of the vocabulary are kept, whoever they "
    "are. Reread 'Back to where they came from'."
)
def not_scattered(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, back=False)


@exercise.misconception(
    "Your code adds up from the unlikeliest token on, and keeps the tail instead of the head. Reread 'As many "
    "tokens as it takes'."
)
def tail_kept(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, upwards=True)


@exercise.misconception(
    "You compare each token's own probability with p. Top-p looks at what the likeliest tokens have together. "
    "Reread 'As many tokens as it takes'."
)
def own_probability(logits: Tensor, p: float) -> Tensor:
    return logits.masked_fill(logits.softmax(dim=-1) < p, -math.inf)


@exercise.misconception(
    "The logits that you rule out become 0, and a logit of 0 still has a share of the softmax, often a large "
    "one. Reread 'What a filter does'."
)
def filled_with_zero(logits: Tensor, p: float) -> Tensor:
    return _nucleus(logits, p, fill=0.0)


@exercise.misconception(
    "Your code returns probabilities. A filter takes logits and gives logits, so that filters can follow each "
    "other. Reread 'What a filter does'."
)
def gives_probabilities(logits: Tensor, p: float) -> Tensor:
    return model.top_p(logits, p).softmax(dim=-1)
