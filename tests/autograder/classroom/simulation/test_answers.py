"""Each answer that can be drawn earns what it is said to earn, in every lab."""

from __future__ import annotations

import random

import pytest

from autograder.classroom.simulation import misconception_text
from autograder.exercise import Exercise
from autograder.reading import read_cells
from tests.autograder.classroom.simulation.conftest import (
    answers_for,
    every_exercise,
    judged,
    sampled,
)


@every_exercise
def test_right_answers_earn_all_points_without_any_other_answer(
    exercise: Exercise, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = answers_for(exercise)
    texts = [text for _, text in answers.variants[exercise.id]]
    assert len(texts) >= 2
    for text in (answers.right(exercise), answers.warning(exercise), *texts):
        verdict = judged(exercise, text)
        assert verdict.points == exercise.points, f"{verdict.sentence} {verdict.facts}\n{text}"
    assert "loud" in capsys.readouterr().err


@every_exercise
def test_two_faults_at_once_are_an_answer_that_earns_nothing(exercise: Exercise) -> None:
    pair = answers_for(exercise).pair(exercise, random.Random(4))
    # A program one of whose faults calls what the exercise forbids cannot be handed in at all.
    if pair:
        assert judged(exercise, pair[1]).points == 0


@every_exercise
def test_no_answer_that_is_drawn_reaches_into_the_checker(exercise: Exercise) -> None:
    answers = answers_for(exercise)
    wrong = [misconception_text(exercise, one.name) for one in sampled(exercise)]
    drawn = [*filter(None, wrong), *(text for _, text in answers.variants[exercise.id])]
    texts = [answers.right(exercise), answers.warning(exercise), *drawn]
    assert read_cells(texts, {}) == []


@every_exercise
def test_crashes_and_wrong_shapes_earn_nothing(exercise: Exercise) -> None:
    answers = answers_for(exercise)
    for text in (answers.crash(exercise), answers.shape(exercise)):
        assert judged(exercise, text).points == 0
