"""What several exercises of lab 04 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Generator

WORDS = ("owl", "tree", "river", "window", "garden", "mountain", "lantern", "winter", "bridge")


def drawn(generator: Generator, count: int, words: Sequence[str] = WORDS) -> list[str]:
    """Draw words."""
    places = torch.randint(0, len(words), (count,), generator=generator)
    return [words[int(place)] for place in places]


def as_list(found: Iterable[int]) -> list[int]:
    return [int(index) for index in found]
