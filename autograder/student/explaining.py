"""Adds to a verdict the place in the answer where the mistake is, if it is to be found.

Points stand before this is asked. It uses the public probes alone, and runs the answer again in a child process.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from autograder.exercise.declaration import Exercise
from autograder.exercise.draws import PUBLIC_SEED
from autograder.judging.diagnosis import of_reference
from autograder.judging.judge import Verdict
from autograder.student.edits import Kind
from autograder.student.place import SECONDS, Place, Trial, find_place

# An edit that helps with one draw by chance does not with three.
SEEDS = (PUBLIC_SEED, PUBLIC_SEED + 1, PUBLIC_SEED + 2)


def is_open(verdict: Verdict) -> bool:
    """Say whether a place would tell more than the verdict does."""
    return verdict.status == "wrong" and verdict.reason in ("relation", "difference")


def place_in(
    exercise: Exercise, names: Mapping[str, Any], seconds: float = SECONDS
) -> Place | None:
    """Find the place in the answer among `names`, or None where that would take longer than `seconds`."""
    trials = [
        Trial(probe, seed, of_reference(exercise, probe, seed).value)
        for seed in SEEDS
        for probe in exercise.probes
    ]
    return find_place(exercise, names, trials, seconds)


def with_place(verdict: Verdict, line: int, kind: Kind) -> Verdict:
    """Say where to look; where nothing else was found, that is what the verdict says first."""
    place = f"Line {line}: look at {kind.value}."
    if verdict.reason != "difference":
        return dataclasses.replace(verdict, place=place)
    facts = (("Observed", verdict.sentence), *verdict.facts)
    return dataclasses.replace(verdict, sentence=place, place=place, facts=facts, reason="place")
