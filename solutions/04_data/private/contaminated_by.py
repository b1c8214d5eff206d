"""`data.contaminated_by`: hidden probes, and right answers written differently."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.data import contaminated_by as public
from autograder.exercises.data._shared import different
from llmlab.data import content_words

private = Private()
WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


@private.probe
def other_words(implementation: Any, generator: Generator) -> Any:
    """Quotations, other orders and short questions of other words."""
    probes = (public.quotes, public.writing, public.orders, public.short)
    return [probe(implementation, generator, WORDS) for probe in probes]


@private.probe
def long_questions(implementation: Any, generator: Generator) -> Any:
    """A page that quotes twelve words of one question of twenty, and thirteen of another."""
    questions = [different(generator, 20, [f"{word}{n}" for word in WORDS]) for n in range(3)]
    page = f"{' '.join(questions[0][:12])} and {', '.join(questions[2][4:17])}"
    return implementation(page, [" ".join(question) for question in questions])


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
