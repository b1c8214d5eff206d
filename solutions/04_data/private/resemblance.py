"""`data.resemblance`: hidden probes, and right answers written differently."""

from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.data import resemblance as public
from autograder.exercises.data._shared import drawn
from llmlab.data import content_words

private = Private()
WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


@private.probe
def other_words(implementation: Any, generator: Generator) -> Any:
    """Changed, repeated and short texts of other words."""
    probes = (public.changes, public.repeats, public.short)
    return [probe(implementation, generator, WORDS) for probe in probes]


@private.probe
def long_texts(implementation: Any, generator: Generator) -> Any:
    """Texts of forty words, the one made of the other."""
    words = drawn(generator, 40, WORDS)
    first, second = " ".join(words), " ".join(words[10:] + words[:10])
    return [implementation(first, second, size) for size in (2, 5, 8)]


@private.variant
def resemblance_by_counting(first: str, second: str, size: int = 5) -> float:
    """Count what both have, and subtract it from the sum of the sizes."""
    one, two = (_strings(content_words(text), size) for text in (first, second))
    both = sum(run in two for run in one)
    return both / (len(one) + len(two) - both)


@private.variant
def resemblance_by_zip(first: str, second: str, size: int = 5) -> float:
    """Make the runs by zipping shifted lists."""

    def runs(text: str) -> frozenset[tuple[str, ...]]:
        words = content_words(text)
        shifted = [words[k:] for k in range(min(size, len(words)))]
        return frozenset(zip(*shifted, strict=False))

    one, two = runs(first), runs(second)
    return len(one.intersection(two)) / len(one.union(two))


def _strings(words: list[str], size: int) -> set[str]:
    if len(words) <= size:
        return {" ".join(words)}
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}
