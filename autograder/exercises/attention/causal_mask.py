"""`attention.causal_mask`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches
from autograder.exercises.attention import LAB
from autograder.exercises.attention._shared import chosen
from llmlab import model

exercise = LAB.exercise(
    "causal_mask",
    reference=model.causal_mask,
    matters="GPT-3 (2020) read 2,048 tokens at once, and this triangle let one pass train 2,048 guesses. Read "
    "llmlab/model/attention.py.",
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


_NUMBERS = (
    "Your mask has numbers, 1 and 0, where True and False are asked for. Added to the scores, a 0 and a 1 hide "
    "nothing. Reread 'What a mask says'."
)
_ADDITIVE = (
    "Your mask is the additive kind, with 0 for what may be seen and a very small number for what is hidden. It would "
    "work, but this exercise asks for the boolean kind. Reread 'What a mask says'."
)
_DIMENSIONS = (
    "Your mask has dimensions for a batch or heads in front. It broadcasts to them without; (length, length) is asked "
    "for. Reread 'No looking ahead'."
)


def _square(length: int, way: str) -> Tensor:
    """Say for each query and key whether a rule holds."""
    query, key = torch.arange(length)[:, None], torch.arange(length)[None, :]
    rules = {
        "looks_ahead": key >= query,
        "blind_to_itself": key < query,
        "marks_the_future": key > query,
        "one_ahead": key <= query + 1,
        "first_blind": (key <= query) & (query > 0),
        "sees_all": key >= 0,
        "sees_nothing": key < 0,
        "itself_alone": key == query,
        "previous_alone": key == query - 1,
        "window_of_two": (key == query) | (key == query - 1),
        "all_but_itself": key != query,
        "from_the_other_end": key + query >= length - 1,
        "to_the_other_end": key + query <= length - 1,
        "first_alone": (key == 0) & (query >= 0),
        "last_row_alone": (query == length - 1) & (key >= 0),
        "only_past_of_two": (key <= query) & (key > 0),
    }
    return rules.get(way, key <= query).expand(length, length)


_RULES = (
    "looks_ahead",
    "blind_to_itself",
    "marks_the_future",
    "one_ahead",
    "first_blind",
    "sees_all",
    "sees_nothing",
    "itself_alone",
    "previous_alone",
    "window_of_two",
    "all_but_itself",
    "from_the_other_end",
    "to_the_other_end",
    "first_alone",
    "last_row_alone",
    "only_past_of_two",
)
_FORMS: dict[str, Any] = {
    "real_numbers": lambda mask: mask.float(),
    "whole_numbers": lambda mask: mask.long(),
    "numbers_of_the_future": lambda mask: (~mask).float(),
    "additive": lambda mask: torch.zeros(mask.shape).masked_fill(~mask, -math.inf),
    "additive_finite": lambda mask: torch.zeros(mask.shape).masked_fill(~mask, -1e9),
    "additive_upside_down": lambda mask: torch.zeros(mask.shape).masked_fill(mask, -math.inf),
    "ones_and_infinity": lambda mask: torch.ones(mask.shape).masked_fill(~mask, -math.inf),
    "batched": lambda mask: mask[None],
    "batched_heads": lambda mask: mask[None, None],
    "rows_of_lists": lambda mask: mask.tolist(),
    "numpy_array": lambda mask: mask.numpy(),
    "last_row": lambda mask: mask[-1],
    "shape_without_last": lambda mask: mask[:-1, :-1],
    "columns_without_last": lambda mask: mask[:, :-1],
    "places": lambda mask: mask.nonzero(),
    "row_lengths": lambda mask: mask.sum(dim=-1),
}


@exercise.faults(
    looks_ahead="Your mask lets each token see those that come after it: it is the transpose of the right one. Row "
    "i is the query, column j the key. Reread 'No looking ahead'.",
    blind_to_itself="Your tokens cannot see themselves: the diagonal is False. Then the first token sees nothing at "
    "all, and its softmax has nothing to share out. Reread 'No looking ahead'.",
    marks_the_future="Your mask marks what is hidden: it is True where attention is forbidden. In this course, as in "
    "PyTorch's scaled_dot_product_attention, True means 'may attend'. Reread 'What a mask says'.",
    one_ahead="Each of your tokens sees the one after it, too: that is the very token it is to guess. Reread 'No "
    "looking ahead'.",
    first_blind="Your first row is all False: the first token sees nothing, not even itself. Reread 'No looking "
    "ahead'.",
    sees_all="Your mask hides nothing: all its entries are True. Reread 'No looking ahead'.",
    sees_nothing="Your mask hides everything: all its entries are False. Reread 'No looking ahead'.",
    itself_alone="Each of your tokens sees itself alone, and nothing of the past. Reread 'No looking ahead'.",
    previous_alone="Each of your tokens sees the one before it, and nothing else. It may see itself and all of the "
    "past. Reread 'No looking ahead'.",
    window_of_two="Each of your tokens sees itself and the one before. All of the past is open to it. Reread 'No "
    "looking ahead'.",
    all_but_itself="Each of your tokens sees all others, those of the future too, and not itself. Reread 'No "
    "looking ahead'.",
    from_the_other_end="Your triangle hangs from the other diagonal: the first token sees the last one. Reread 'No "
    "looking ahead'.",
    to_the_other_end="Your triangle is turned over: the first token sees all, and the last one the first alone. "
    "Reread 'No looking ahead'.",
    first_alone="Each of your tokens sees the first one alone. Reread 'No looking ahead'.",
    last_row_alone="Your last token sees everything, and the others nothing: one row is right. Reread 'No looking "
    "ahead'.",
    only_past_of_two="Your first column is False: nobody sees the first token. Positions count from 0. Reread 'No "
    "looking ahead'.",
    real_numbers=_NUMBERS,
    whole_numbers=_NUMBERS,
    numbers_of_the_future="Your mask has the number 1 where a key is hidden. It is to be boolean, and True means 'may "
    "attend'. Reread 'What a mask says'.",
    additive=_ADDITIVE,
    additive_finite=_ADDITIVE,
    additive_upside_down="Your mask has minus infinity where a key may be seen. It is to be boolean, and True means "
    "'may attend'. Reread 'What a mask says'.",
    ones_and_infinity="Your mask has 1 for what may be seen and minus infinity for what is hidden. It is to be "
    "boolean. Reread 'What a mask says'.",
    batched=_DIMENSIONS,
    batched_heads=_DIMENSIONS,
    rows_of_lists="Your mask is a list of lists. The entries are right; a tensor is asked for, which can be "
    "inverted and broadcast. Reread 'No looking ahead'.",
    numpy_array="Your mask is an array of NumPy's. A tensor is asked for. Reread 'No looking ahead'.",
    last_row="Your code returns one row. Each query has a row of its own. Reread 'No looking ahead'.",
    shape_without_last="Your mask is one row and one column too small. Reread 'No looking ahead'.",
    columns_without_last="Your mask lacks its last column: there are as many keys as queries. Reread 'No looking "
    "ahead'.",
    places="Your code returns the places of the True entries. The mask itself is asked for. Reread 'No looking ahead'.",
    row_lengths="Your code returns how many keys each query sees, and not which. Reread 'No looking ahead'.",
)
def faulty(on: Switches) -> Any:
    """A rule for who sees whom, and the form in which it is returned."""

    def causal_mask(length: int) -> Any:
        mask = _square(length, chosen(on, "", {name: name for name in _RULES}))
        return chosen(on, lambda mask: mask, _FORMS)(mask)

    return causal_mask
