"""Answers of readers who had not seen the checks: right ones pass, and wrong ones are told in good words."""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from autograder.exercise import PUBLIC_SEED, Exercise, register
from autograder.judging.judge import Verdict, judge
from autograder.student.answers import collect
from tests.labs import EXERCISES, ROOT, hidden_probes, imports_of, source_of

FOLDERS = (ROOT / "tests" / "answers", ROOT / "tests" / "answers" / "second")
# What no person would say: a part named by its index, a path of a machine, a double space, a missing end.
FORBIDDEN_FORMS = {
    "an index in the place of words": r"The \[|\]\[|\w\[\d+\] of",
    "a path": r"(?<![\w`])/(tmp|home|usr|root)/|site-packages|\.py\", line",
    "two spaces": r"\S  +\S",
    "a space before a mark": r" [,.;](\s|$)",
    "an unrounded number": r"\d\.\d*[1-9]\d{6,}",
    "an object's address": r" at 0x[0-9a-f]+",
    "an article that does not fit": r"\ba (?=[aeio]\w)|\ban (?=[bcdfgjklmnpqrstvwz]\w)",
    "a word twice": r"\b(\w+) \1\b",
}
ENDS = (".", "?", "!")


@cache
def answers(topic: str) -> list[dict[str, Any]]:
    paths = (folder / f"{topic}.json" for folder in FOLDERS)
    return [json.loads(path.read_text("utf-8")) for path in paths if path.exists()]


@cache
def first_cell(topic: str) -> str:
    cells = source_of(register.load(topic)).cells
    return imports_of(next(cell for cell in cells if cell.cell_type == "code"))


def written_for(exercise: Exercise) -> Iterator[dict[str, str]]:
    for content in answers(exercise.id.partition(".")[0]):
        for answer in content["answers"]:
            if answer["exercise"] == exercise.id:
                yield {**answer, "prelude": content["preludes"].get(answer["prelude"], "")}


def names_of(exercise: Exercise, answer: Mapping[str, str]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"}
    topic = exercise.id.partition(".")[0]
    with contextlib.redirect_stdout(io.StringIO()):
        for number, source in enumerate((first_cell(topic), answer["prelude"], answer["code"])):
            name = f"<answer {number}>"
            linecache.cache[name] = (len(source), None, source.splitlines(True), name)
            exec(compile(source, name, "exec"), names)
    return names


def verdict_on(exercise: Exercise, answer: Mapping[str, str], graded: bool) -> Verdict:
    hidden = hidden_probes(exercise) if graded else []
    evidence = collect(exercise, names_of(exercise, answer), PUBLIC_SEED, hidden)
    return judge(exercise, [*exercise.probes, *hidden], evidence, PUBLIC_SEED)


ANSWERED = [one for one in EXERCISES if not one.is_plain and any(written_for(one))]
every_answered = pytest.mark.parametrize("exercise", ANSWERED, ids=lambda one: one.id)


def test_there_are_answers_to_most_exercises() -> None:
    assert len(ANSWERED) > 60


@every_answered
def test_right_answers_of_readers_pass(exercise: Exercise) -> None:
    for answer in written_for(exercise):
        if answer["kind"] == "right":
            verdict = verdict_on(exercise, answer, graded=True)
            if "TypeCheckError" in verdict.sentence:
                # The tests check the types of each call of the library's; a learner's Python does not.
                continue
            assert verdict.passed, f"{answer['label']}: {verdict.sentence} {verdict.facts}"


# A generator that a forbidden call or a time limit ends is closed whenever Python finds the time.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@every_answered
def test_wrong_answers_of_readers_do_not_pass_and_are_told_in_good_words(
    exercise: Exercise,
) -> None:
    for answer in written_for(exercise):
        if answer["kind"] == "wrong":
            verdict = verdict_on(exercise, answer, graded=False)
            assert not verdict.passed, answer["label"]
            # The tests check types at each call, and what that says is no sentence of ours.
            if "TypeCheckError" in verdict.sentence:
                continue
            assert flaws(verdict.sentence) == [], f"{answer['label']}: {verdict.sentence}"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)
def test_the_sentence_of_a_fault_is_in_good_words(exercise: Exercise) -> None:
    for one in exercise.misconceptions:
        assert flaws(one.sentence) == [], f"{one.name}: {one.sentence}"
        assert len(one.sentence) < 420, one.name


def flaws(sentence: str) -> list[str]:
    # What stands between quotes is a value, written as it is.
    own = re.sub(r"'[^']*'", "'…'", sentence)
    found = [name for name, form in FORBIDDEN_FORMS.items() if re.search(form, own)]
    if not sentence.endswith(ENDS) or sentence.count("`") % 2:
        found.append("no whole sentence")
    return found


@pytest.mark.parametrize(
    ("sentence", "flaw"),
    [
        ("The [1] of `f` is wrong.", "an index in the place of words"),
        ("The losses[0] of `f` has wrong values.", "an index in the place of words"),
        ("It reads /tmp/x.", "a path"),
        ("Two  spaces.", "two spaces"),
        ("It is 0.123456789 too large.", "an unrounded number"),
        ("It returns a object.", "an article that does not fit"),
        ("It is the the mask.", "a word twice"),
        ("No end", "no whole sentence"),
    ],
)
def test_a_bad_form_is_seen(sentence: str, flaw: str) -> None:
    assert flaw in flaws(sentence)
