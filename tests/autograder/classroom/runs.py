"""Small runs made by hand, for the tests of what the instructor reads."""

from __future__ import annotations

from autograder.grading import Run, Violation
from autograder.grading.run import Outcome
from autograder.judging.judge import Verdict

LAB = "05_attention"
EMBED, MASK = "attention.embed", "attention.causal_mask"
POSSIBLE = {EMBED: 1, MASK: 2}


def right(exercise: str) -> Verdict:
    return Verdict(exercise, "passed", POSSIBLE[exercise], POSSIBLE[exercise], "It is right.")


def unwritten(exercise: str) -> Verdict:
    return Verdict(exercise, "unwritten", 0, POSSIBLE[exercise], "It is not written yet.")


def wrong(exercise: str, sentence: str = "It is wrong.", misconception: str = "") -> Verdict:
    return Verdict(exercise, "wrong", 0, POSSIBLE[exercise], sentence, misconception)


def run(
    student: str,
    *verdicts: Verdict,
    submission: str = "first",
    outcome: Outcome = "graded",
    reason: str = "",
    violations: tuple[Violation, ...] = (),
) -> Run:
    return Run(
        student,
        LAB,
        "key",
        submission,
        outcome,
        reason,
        verdicts,
        violations,
        {},
        "2026-11-20T10:00:00+00:00",
    )
