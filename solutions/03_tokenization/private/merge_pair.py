"""`tokenization.merge_pair`: hidden probes, and right answers written differently."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import merge_pair as public

private = Private()


@private.probe
def longer_rows(implementation: Any, generator: Generator) -> Any:
    """Rows of equal ids, the pair in both orders, and digits at the border of ids."""
    rows = public.rows(implementation, generator, 9)
    return [*rows, public.digits(implementation, generator)]


@private.probe
def long_row(implementation: Any, generator: Generator) -> Any:
    """Forty ids of two kinds, with each of the four pairs, as a list and as a tuple."""
    ids = torch.randint(0, 2, (40,), generator=generator).tolist()
    pairs = ((0, 0), (0, 1), (1, 0), (1, 1))
    return [implementation(kind(ids), pair, 9) for pair in pairs for kind in (list, tuple)]


Pair = tuple[int, int]


@private.variant
def merge_by_stack(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Push ids on a stack, and join the top when it is the pair."""
    stack: list[int] = []
    joined = False
    for token in ids:
        if stack and not joined and (stack[-1], token) == pair:
            stack[-1], joined = new_id, True
        else:
            stack.append(token)
            joined = False
    return stack


@private.variant
def merge_in_place(ids: Sequence[int], pair: Pair, new_id: int) -> list[int]:
    """Change a copy in place."""
    merged = list(ids)
    i = 0
    while i < len(merged) - 1:
        if merged[i] == pair[0] and merged[i + 1] == pair[1]:
            merged[i : i + 2] = [new_id]
        i += 1
    return merged


@private.variant
def merge_by_iterator(ids: Sequence[int], pair: Pair, new_id: int) -> tuple[int, ...]:
    """Hold one id back, and give a tuple."""
    merged, held = [], None
    for token in ids:
        if (held, token) == pair:
            merged.append(new_id)
            held = None
        else:
            if held is not None:
                merged.append(held)
            held = token
    return (*merged,) if held is None else (*merged, held)
