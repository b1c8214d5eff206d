"""Collected from the exercises: the review that `autograder audit` prints finds nothing to mend in any of them."""

from __future__ import annotations

import pytest

from autograder.authoring.review import REVIEWS, Review, broken_probes
from autograder.exercise import Exercise
from tests.labs import EXERCISES, private_of


@pytest.mark.parametrize("ask", [broken_probes, *REVIEWS], ids=lambda one: one.__name__)
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)
def test_a_review_finds_nothing_to_mend(exercise: Exercise, ask: Review) -> None:
    assert list(ask(exercise, private_of(exercise))) == []
