"""`data.unique_documents`: hidden probes, and right answers written differently."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.data import unique_documents as public
from autograder.exercises.data._shared import drawn
from llmlab.data import content_words

private = Private()
WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


@private.probe
def other_words(implementation: Any, generator: Generator) -> Any:
    """Copies and what looks like them, among other words."""
    probes = (public.copies, public.writing, public.others, public.few)
    return [probe(implementation, generator, WORDS) for probe in probes]


@private.probe
def many_documents(implementation: Any, generator: Generator) -> Any:
    """Forty short documents, of which many are equal."""
    return implementation([" ".join(drawn(generator, 2, WORDS)) for _ in range(40)])


@private.variant
def unique_by_dictionary(texts: Iterable[str]) -> list[int]:
    """Let a dictionary keep the first index of each."""
    first: dict[tuple[str, ...], int] = {}
    for index, text in enumerate(texts):
        first.setdefault(tuple(content_words(text)), index)
    return list(first.values())


@private.variant
def unique_from_behind(texts: list[str]) -> list[int]:
    """Write indices down from the last to the first, so that the first one stays."""
    places = {" ".join(content_words(texts[i])): i for i in reversed(range(len(texts)))}
    return sorted(places.values())


@private.variant
def unique_by_sorting(texts: list[str]) -> list[int]:
    """Sort the indices by words, which leaves equal ones in order, and keep the first of each group."""
    keys = [content_words(text) for text in texts]
    ordered = sorted(range(len(texts)), key=keys.__getitem__)
    return sorted(next(group) for _, group in groupby(ordered, key=keys.__getitem__))
