"""`data.scrub_emails`: hidden probes, and right answers written differently."""

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
def at_the_edges(implementation: Any, generator: Generator) -> Any:
    """Addresses at the beginning and the end of the text and of lines, and a text without any."""
    one, two = drawn(generator, 2)
    page = f"{one}@a.example\n{two}.{one}+x@b.c.example, {one}\nto:{two}_1@d-e.org"
    return [implementation(page), implementation(f"{one} {two}"), implementation("")]


@private.variant
def emails_with_function(text: str) -> str:
    """Replace by a function."""
    pattern = re.compile(r"[\w.+-]+@([a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
    return pattern.sub(lambda match: "[EMAIL]", text)


@private.variant
def emails_by_pieces(text: str) -> str:
    """Find all, then replace the longest first."""
    found = re.findall(r"[A-Za-z0-9_.+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]+", text)
    for address in sorted(found, key=len, reverse=True):
        text = text.replace(address, "[EMAIL]")
    return text
