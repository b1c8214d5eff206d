"""An excerpt holds how an exercise is asked, and nothing of what is right or often wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from autograder.errors import AuthoringError
from autograder.exercise import Exercise, register
from autograder.exercise.excerpt import Excerpt, excerpt_of
from tests.labs import hidden_sources

EXERCISES = [exercise for lab in register.labs() for exercise in lab]
HIDDEN = {one: text for lab in register.labs() for one, text in hidden_sources(lab).items()}


def excerpts(exercise: Exercise) -> Iterator[Excerpt]:
    yield excerpt_of(exercise)
    if text := HIDDEN.get(exercise.id):
        yield excerpt_of(exercise, text)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)
def test_what_is_said_of_faults_and_what_helps_stay_outside(exercise: Exercise) -> None:
    sentences = [one.sentence for one in exercise.misconceptions]
    for excerpt in excerpts(exercise):
        text = "\n".join(excerpt.parts.values())
        for secret in (*exercise.hints, *sentences):
            assert secret not in text
        for mark in ("exercise.faults", "exercise.misconception", "wrong_value"):
            assert mark not in text


@pytest.mark.parametrize(
    "exercise", [one for one in EXERCISES if one.is_plain], ids=lambda one: one.id
)
def test_what_is_right_of_a_plain_answer_stays_outside(exercise: Exercise) -> None:
    excerpt = excerpt_of(exercise)
    assert excerpt.reference == ""
    assert excerpt.parts == {}
    assert repr(exercise.reference) not in excerpt.to_json() or exercise.choices


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)
def test_it_comes_through_json_as_it_was_and_imports_no_exercise(exercise: Exercise) -> None:
    for excerpt in excerpts(exercise):
        assert Excerpt.from_json(excerpt.to_json()) == excerpt
        for part in excerpt.parts.values():
            for node in ast.walk(ast.parse(part)):
                if isinstance(node, ast.ImportFrom):
                    assert not str(node.module).startswith("autograder.exercises")
                if isinstance(node, ast.Import):
                    assert not any(one.name.startswith("autograder") for one in node.names)


def test_variants_are_answers_and_stay_outside() -> None:
    assert HIDDEN
    for one, text in HIDDEN.items():
        assert "variant" not in "".join(excerpt_of(register.find(one), text).parts.values())


def test_a_module_that_is_handed_on_as_a_whole_is_the_authors_error() -> None:
    text = """
from autograder.exercise import Private
from autograder.exercises.data import gopher_quality as public

private = Private()

@private.probe
def everything(implementation, generator):
    "All that is there."
    return [implementation(name) for name in vars(public)]
"""
    with pytest.raises(AuthoringError, match="as a whole; name what it uses"):
        excerpt_of(register.find("data.gopher_quality"), text)
