"""`data.contaminated_by`: hidden probes, and right answers written differently."""

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
def runs_of_thirteen(implementation: Any, generator: Generator) -> Any:
    """Runs of thirteen words, the usual number, and no questions at all."""
    questions = [[f"{word}{n}{k}" for k, word in enumerate(drawn(generator, 20))] for n in range(3)]
    texts = [" ".join(question) for question in questions]
    page = f"{' '.join(questions[0][:12])} and {', '.join(questions[2][4:17])}"
    found = [implementation(page, texts), implementation(page, []), implementation("", texts, 2)]
    return [[int(i) for i in some] for some in found]


@private.variant
def leaks_by_text(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    """Look for runs as text between blanks."""
    page = f" {' '.join(content_words(text))} "
    found = []
    for index, question in enumerate(evaluation):
        words = content_words(question)
        runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
        if any(f" {run} " in page for run in runs):
            found.append(index)
    return found


@private.variant
def leaks_by_index(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    """Write down which questions have a run, and look the page's runs up."""
    owners = defaultdict(set)
    for index, question in enumerate(evaluation):
        words = content_words(question)
        for i in range(len(words) - size + 1):
            owners[tuple(words[i : i + size])].add(index)
    words = content_words(text)
    hits = (owners.get(tuple(words[i : i + size]), set()) for i in range(len(words)))
    return sorted(set().union(*hits))
