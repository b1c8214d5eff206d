"""`data.resemblance`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from torch import Generator

from autograder.exercises.data import LAB
from autograder.exercises.data._shared import drawn
from llmlab import data

exercise = LAB.exercise(
    "resemblance",
    reference=data.resemblance,
    hints=(
        "Two sets, then one fraction. Which two operations of sets does the formula name?",
        "How many runs of 5 words are there in 7 words? Try it on paper, then write the range.",
        "Collect `tuple(words[i : i + size])` for i from 0 to the number of words minus size, both "
        "included, but at least for i = 0; divide the size of the sets' `&` by that of their `|`.",
    ),
)


@exercise.probe
def some_words_changed(implementation: Any, generator: Generator) -> Any:
    """Two texts of twelve words that differ in one word, with runs of 1, 2, 3 and 5 words."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 12))]
    changed = [*words[:4], "other", *words[5:]]
    first, second = " ".join(words), " ".join(changed)
    return [implementation(first, second, size) for size in (1, 2, 3, 5)]


@exercise.probe
def repeated_words(implementation: Any, generator: Generator) -> Any:
    """A text that says a few words again and again, and one that says them once and more besides."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 4))]
    often, once = " ".join(words * 3), " ".join([*words, "and", "then", "no", "more", "of", "it"])
    return [implementation(often, once, 2), implementation(once, often, 3)]


@exercise.probe
def short_texts(implementation: Any, generator: Generator) -> Any:
    """Texts with other capitals, and texts shorter than the run."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 3))]
    text = " ".join(words)
    return [
        implementation(text, f"{text.title()}!", 3),
        implementation(text, text, 5),
        implementation(text, f"{text} more", 5),
    ]


def _runs(words: Sequence[str], size: int, step: int = 1, less: int = 0) -> list[tuple[str, ...]]:
    count = max(1, len(words) - size + 1 - less)
    return [tuple(words[i : i + size]) for i in range(0, count, step)]


Overlap = Callable[[list[Any], list[Any]], float]


def _share(one: list[Any], two: list[Any]) -> float:
    return len({*one} & {*two}) / len({*one} | {*two})


def _resembling(
    first: str,
    second: str,
    runs: Callable[[str], list[Any]],
    overlap: Overlap = _share,
) -> float:
    return overlap(runs(first), runs(second))


@exercise.misconception(
    "The runs are runs of characters. Nearly all English texts share runs of five letters; runs of "
    "five words are what copies share. Reread 'Nearly the same text'."
)
def runs_of_characters(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(text, size))


@exercise.misconception(
    "Each run begins where the one before it ended. A word put in at the beginning then shifts all "
    "runs, and nothing agrees any more. Runs overlap: one begins at each word. Reread 'Nearly the same "
    "text'."
)
def side_by_side(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(data.content_words(text), size, size))


@exercise.misconception(
    "The last run is missing: seven words hold three runs of five, and the last begins at the third "
    "word. Reread 'Nearly the same text'."
)
def last_run_missing(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(data.content_words(text), size, less=1))


@exercise.misconception(
    "What both have is divided by the size of the smaller set. Then a short text that is quoted in a "
    "long one looks like all of it. Reread 'Nearly the same text'."
)
def contained(first: str, second: str, size: int = 5) -> float:
    def overlap(one: list[Any], two: list[Any]) -> float:
        return len({*one} & {*two}) / min(len({*one}), len({*two}))

    return _resembling(first, second, lambda text: _runs(data.content_words(text), size), overlap)


@exercise.misconception(
    "What both have is divided by the two sizes added up, so that a text resembles itself by a half. "
    "What stands in both sets belongs to their union once. Reread 'Nearly the same text'."
)
def counted_twice(first: str, second: str, size: int = 5) -> float:
    def overlap(one: list[Any], two: list[Any]) -> float:
        return len({*one} & {*two}) / (len({*one}) + len({*two}))

    return _resembling(first, second, lambda text: _runs(data.content_words(text), size), overlap)


@exercise.misconception(
    "Runs are counted as often as they come. The measure is about sets: a run is there, or it is not. "
    "Reread 'Nearly the same text'."
)
def counted_often(first: str, second: str, size: int = 5) -> float:
    def overlap(one: list[Any], two: list[Any]) -> float:
        left, right = Counter(one), Counter(two)
        return (left & right).total() / (left | right).total()

    return _resembling(first, second, lambda text: _runs(data.content_words(text), size), overlap)


@exercise.misconception(
    "Words are compared with their capitals and punctuation, so the same sentence with a full stop is "
    "another. Reread 'Nearly the same text'."
)
def words_as_they_stand(first: str, second: str, size: int = 5) -> float:
    return _resembling(first, second, lambda text: _runs(text.split(), size))
