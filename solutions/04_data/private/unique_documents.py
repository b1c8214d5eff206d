"""`data.unique_documents`: hidden probes, and right answers written differently."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import data
from llmlab.data import PRIME, content_words

private = Private()


WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


def drawn(generator: Generator, count: int) -> list[str]:
    """Draw words."""
    places = torch.randint(0, len(WORDS), (count,), generator=generator)
    return [WORDS[int(place)] for place in places]


@private.probe
def many_documents(implementation: Any, generator: Generator) -> Any:
    """Forty short documents, of which many are equal, and none at all."""
    texts = [" ".join(drawn(generator, 2)) for _ in range(40)]
    return [[int(i) for i in implementation(some)] for some in (texts, [], ["", " ", "!"])]


@private.variant
def unique_by_dictionary(texts: Iterable[str]) -> list[int]:
    """Let a dictionary keep the first index of each."""
    first: dict[tuple[str, ...], int] = {}
    for index, text in enumerate(texts):
        first.setdefault(tuple(content_words(text)), index)
    return list(first.values())


@private.variant
def unique_by_search(texts: Sequence[str]) -> list[int]:
    """Look each text up among those before it."""
    keys = [" ".join(content_words(text)) for text in texts]
    return [i for i, key in enumerate(keys) if keys.index(key) == i]
