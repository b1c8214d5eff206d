"""A class is drawn by its seed, and a large one shows everything that can be drawn."""

from __future__ import annotations

from autograder.classroom.simulation import ATTACKS, draw
from tests.autograder.classroom.simulation.conftest import answers_of


def test_a_larger_class_begins_with_the_smaller_one() -> None:
    answers = answers_of("attention")
    class_of = [draw(answers, number, 1)[0] for number in range(1, 40)]
    assert len({one.name for one in class_of}) == 39
    assert class_of[:5] == [draw(answers, number, 1)[0] for number in range(1, 6)]


def test_two_hundred_students_show_everything_that_can_be_drawn() -> None:
    answers = answers_of("attention")
    drawn = [draw(answers, number, 1)[0] for number in range(1, 201)]
    assert {"worker", "blank", "early exit", "broken file"} <= {one.kind for one in drawn}
    assert len({one.kind for one in drawn} & set(ATTACKS)) >= 6
    kinds = {each.kind for one in drawn for each in one.exercises.values()}
    assert kinds == {
        "right",
        "misconception",
        "pair",
        "blank",
        "crash",
        "loop",
        "shape",
        "warning",
        "lost",
    }
    names = "".join(one.name for one in drawn)
    assert all(character in names for character in "<>'\"&ü李")
    full = sum(one.points for one in answers.lab)
    scores = [one.points for one in drawn]
    assert min(scores) == 0
    assert max(scores) == full
    assert len(set(scores)) > 8
