"""A misconception is written as an answer of its own, and is told what it misunderstood."""

from __future__ import annotations

from autograder.classroom.simulation import misconception_text
from autograder.exercise import Exercise
from tests.autograder.classroom.simulation.conftest import every_exercise, judged, sampled
from tests.labs import EXERCISES


@every_exercise
def test_misconceptions_are_told_their_own_sentence(exercise: Exercise) -> None:
    for one in sampled(exercise):
        text = misconception_text(exercise, one.name)
        if text is not None:
            verdict = judged(exercise, text)
            assert verdict.points == 0
            assert verdict.sentence == one.sentence, f"{one.name}: {verdict.sentence}\n{text}"


def test_few_misconceptions_cannot_be_written_as_an_answer() -> None:
    sample = [(each, one) for each in EXERCISES for one in sampled(each)]
    written = [one for each, one in sample if misconception_text(each, one.name) is not None]
    # Those that call what their exercise forbids would be refused for that, and told nothing else.
    assert len(written) >= 0.95 * len(sample)
