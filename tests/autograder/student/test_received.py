"""What is made of an excerpt asks exactly as the exercise itself does."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.exercise import Exercise, Probe, register
from autograder.exercise.excerpt import excerpt_of
from autograder.exercise.private import read_private
from autograder.probing.evidence import Evidence
from autograder.probing.observing import observe_trusted
from autograder.probing.wire import encode
from autograder.student.received import received
from tests.labs import hidden_sources, privates

EXERCISES = [exercise for lab in register.labs() for exercise in lab]
SEED = 7


def answers_to(exercise: Exercise) -> list[Any]:
    """Name the reference and a few wrong answers, which show errors and odd results."""
    wrong = [one.implementation for one in exercise.misconceptions]
    return [exercise.reference, *wrong[:: max(1, len(wrong) // 3)]]


def seen(exercise: Exercise, probes: list[Probe], answer: Any) -> list[Evidence]:
    return [observe_trusted(exercise, probe, answer, SEED) for probe in probes]


def agree(ours: list[Evidence], theirs: list[Evidence]) -> bool:
    """Compare all but the line of an error: the text of a probe stands in another file here."""

    def whole(one: Evidence) -> Any:
        failure = one.failure and one.failure.message
        return one.probe, failure, one.returned, one.printed

    values = [encode([Evidence(one.probe, one.value) for one in both]) for both in (ours, theirs)]
    return values[0] == values[1] and list(map(whole, ours)) == list(map(whole, theirs))


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)
def test_public_probes_ask_the_same(exercise: Exercise) -> None:
    there, probes = received(excerpt_of(exercise).to_json())
    assert (there.id, there.name, there.forbidden, there.choices, there.mutates) == (
        exercise.id,
        exercise.name,
        exercise.forbidden,
        exercise.choices,
        exercise.mutates,
    )
    assert there.is_plain == exercise.is_plain
    assert exercise.is_plain or there.reference is exercise.reference
    assert [(one.name, one.tried) for one in probes] == [
        (one.name, one.tried) for one in exercise.probes
    ]
    for answer in answers_to(exercise):
        assert agree(seen(there, probes, answer), seen(exercise, exercise.probes, answer))


@pytest.mark.parametrize("lab", register.labs(), ids=lambda one: one.topic)
def test_hidden_probes_ask_the_same(lab: Any) -> None:
    texts = hidden_sources(lab)
    for name in privates(lab):
        exercise = lab.find(name)
        probes = read_private(texts[name]).probes
        there, asked = received(excerpt_of(exercise, texts[name]).to_json()) if probes else (0, [])
        assert [one.name for one in asked] == [one.name for one in probes]
        assert all(one.hidden for one in asked)
        if probes:
            assert agree(
                seen(there, asked, exercise.reference),
                seen(exercise, probes, exercise.reference),
            )
