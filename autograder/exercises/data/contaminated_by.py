"""`data.contaminated_by`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Generator

from autograder.exercises.data import LAB
from autograder.exercises.data._shared import as_list, drawn
from llmlab import data

exercise = LAB.exercise(
    "contaminated_by",
    reference=data.contaminated_by,
    hints=(
        "You have collected runs of words once before. What is different for a text that is shorter than "
        "a run?",
        "Two texts share a run when the sets of their runs have something in common.",
        "Make the set of runs of the text, with the words that `content_words` gives; then keep the index "
        "of each evaluation text whose set has a common element with it.",
    ),
)


@exercise.probe
def a_quoted_question(implementation: Any, generator: Generator) -> Any:
    """A page that quotes parts of two of four questions, in other capitals, with runs of four words."""
    questions = [[f"{word}{n}{k}" for k, word in enumerate(drawn(generator, 8))] for n in range(4)]
    page = ["as", "seen", *questions[1][2:7], "and", *questions[3], "or", *questions[2][:3]]
    text = " ".join(page).upper() + "!"
    return as_list(implementation(text, [f"{' '.join(words)}?" for words in questions], 4))


@exercise.probe
def same_words_in_another_order(implementation: Any, generator: Generator) -> Any:
    """All words of a question in another order, a run of exactly three, and a question of two words."""
    words = [f"{word}{n}" for n, word in enumerate(drawn(generator, 6))]
    questions = [" ".join(words), "x y", "first second third", "p q r s"]
    page = f"{' '.join(words[::-1])} x y. One, first second: third! p q and q r s"
    return as_list(implementation(page, questions, 3))


def _found(
    text: str, evaluation: Iterable[str], shares: Callable[[list[str], list[str]], bool]
) -> list[int]:
    words = data.content_words(text)
    return [i for i, one in enumerate(evaluation) if shares(words, data.content_words(one))]


def _common(one: list[str], two: list[str], size: int) -> bool:
    return bool(data.ngrams(one, size) & data.ngrams(two, size))


@exercise.misconception(
    "A question is found only when the page has all of it. Pages quote parts, and a part is enough to "
    "learn an answer by heart. Reread 'Do not train on the test'."
)
def whole_question(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    def shares(words: list[str], question: list[str]) -> bool:
        return len(question) >= size and _common(words, question, len(question))

    return _found(text, evaluation, shares)


@exercise.misconception(
    "Single words are compared, whatever their order. Long texts on one subject share many words without "
    "having been copied: what counts is the run. Reread 'Do not train on the test'."
)
def enough_words(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: len({*words} & {*one}) >= size)


@exercise.misconception(
    "Words are compared with their capitals and punctuation. A question quoted in capitals, or before a "
    "full stop, slips through. Reread 'Do not train on the test'."
)
def as_written(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    runs = data.ngrams(text.split(), size)
    return [i for i, one in enumerate(evaluation) if runs & data.ngrams(one.split(), size)]


@exercise.misconception(
    "A run of exactly that many words is not found: the last run is missing, or one word more is asked "
    "for. Reread 'Do not train on the test'."
)
def one_word_more(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: _common(words, one, size + 1))


@exercise.misconception(
    "A run of one word less is enough. The shorter the run, the more good pages go for sharing a common "
    "phrase. Reread 'Do not train on the test'."
)
def one_word_less(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: _common(words, one, size - 1))


@exercise.misconception(
    "A question with fewer words than a run is compared as a whole, and found wherever it stands. *What "
    "is it?* stands everywhere, so short questions are left out. Reread 'Do not train on the test'."
)
def short_questions(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return _found(text, evaluation, lambda words, one: _common(words, one, min(size, len(one))))


@exercise.misconception(
    "The search ends at the first question that is found. A page may quote several. Reread 'Do not train "
    "on the test'."
)
def first_only(text: str, evaluation: Iterable[str], size: int = 13) -> list[int]:
    return data.contaminated_by(text, evaluation, size)[:1]
