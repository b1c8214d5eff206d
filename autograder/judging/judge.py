"""Decides whether an answer is right, and if not, which misconception it shows.

The judge never calls a student's code. It gets evidence (`autograder.probing`) of what the answer did, lets the
reference do the same with the same seed, and compares. When they differ it looks for a reason, and tells the first that
it finds: a known fault that behaves as the answer did, a well-known error message explained, how the result relates to
the right one, or two faults at once. Where in the code the fault lies is for `autograder.student.place` to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from autograder.exercise import Exercise, Probe
from autograder.exercise.comparison import Mismatch
from autograder.judging.diagnosis import diagnose, diagnose_pair, of_reference
from autograder.judging.inputs import input_of
from autograder.judging.messages import explained
from autograder.judging.relations import Pair, only_difference, relation
from autograder.judging.sentences import (
    NO_RETURN,
    ended,
    failure_sentence,
    outline_mismatch,
    plain_sentence,
)
from autograder.probing.evidence import Evidence, Failure

Status = Literal["passed", "wrong", "unwritten"]
# How a verdict's sentence was found: `known` speaks for itself (a forbidden call, an input changed).
Reason = Literal["", "known", "fault", "message", "relation", "pair", "place", "difference"]
_UNDIAGNOSED = ("missing", "not_callable", "reference", "unwritten", "forbidden", "timeout", "exit")
_TELLING = ("forbidden", "mutated", "signature", "not_callable", "reference")


@dataclass(frozen=True)
class Verdict:
    """What the judge found out about one answer.

    Attributes:
        exercise: The exercise's id.
        status: `passed`, `wrong`, or `unwritten` (the stub is untouched, or the cell was not run).
        points: What the answer earns.
        possible: What the exercise is worth.
        sentence: What is the case, in one sentence; the diagnosis where there is one.
        misconception: The name of the misconception that the answer shows, or empty; of two, both with a `+`.
        facts: What was tried, expected, got: pairs of a label and a text.
        notes: Warnings and printed text that cost nothing.
        hints: How many hints the exercise has.
        reason: How the sentence was found.
        place: The line of the answer at which a small change would make it right, and what to look at there, or empty.
        held: Why a person gives its points, or empty; `points` is 0 until then.
    """

    exercise: str
    status: Status
    points: float
    possible: int
    sentence: str
    misconception: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    hints: int = 0
    reason: Reason = ""
    place: str = ""
    held: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status == "passed"


@dataclass(frozen=True)
class _Told:
    """Why an answer is wrong."""

    reason: Reason
    sentence: str
    misconception: str = ""


def judge(
    exercise: Exercise, probes: Sequence[Probe], evidence: Sequence[Evidence], seed: int
) -> Verdict:
    """Judge one answer by the evidence of its probes.

    Args:
        exercise: What was asked.
        probes: The probes that were run, in order.
        evidence: What each of them saw, in the same order.
        seed: The seed that drew their inputs.

    Returns:
        The verdict. Evidence that is missing or out of order counts against the answer.

    Raises:
        AuthoringError: A probe fails on the reference; nothing is said of the answer then.
    """
    evidence = _in_order(probes, evidence)
    # What an answer prints may hold its inputs, and those of a hidden probe stay hidden.
    notes = _notes([one for probe, one in zip(probes, evidence, strict=True) if not probe.hidden])
    for probe, seen in zip(probes, evidence, strict=True):
        wrong = _examine(exercise, probe, seed, seen)
        if wrong:
            told, facts = _told(exercise, probes, evidence, seed, seen, wrong)
            kind = seen.failure.kind if seen.failure else ""
            return Verdict(
                exercise.id,
                "unwritten" if kind in ("unwritten", "missing") else "wrong",
                0,
                exercise.points,
                told.sentence,
                told.misconception,
                facts,
                notes,
                len(exercise.hints),
                told.reason,
            )
    points = exercise.points
    return Verdict(exercise.id, "passed", points, points, _praise(exercise), notes=notes)


def _praise(exercise: Exercise) -> str:
    sentence = f"`{exercise.name}` is right."
    return f"{sentence} {exercise.matters}" if exercise.matters else sentence


Facts = tuple[tuple[str, str], ...]


def _told(
    exercise: Exercise,
    probes: Sequence[Probe],
    evidence: Sequence[Evidence],
    seed: int,
    seen: Evidence,
    wrong: tuple[str, Facts],
) -> tuple[_Told, Facts]:
    """Say why the answer is wrong, with what its first failing probe saw as facts."""
    sentence, facts = wrong
    kind = seen.failure.kind if seen.failure else ""
    if kind in _UNDIAGNOSED:
        return _Told("known" if kind in _TELLING else "difference", sentence), facts
    found = diagnose(exercise, probes, evidence, seed)
    pairs = _pairs(exercise, probes, evidence, seed)
    relates = relation(pairs) if pairs else ""
    if found:
        more = [("Observed", relates or sentence)] if relates or seen.failure else []
        return _Told("fault", found.sentence, found.name), (*more, *facts)
    if kind in _TELLING or sentence.endswith(NO_RETURN):
        return _Told("known", sentence), facts
    if any(probe.hidden for probe in probes):
        return _Told("difference", sentence), facts
    failures = [one.failure for one in evidence if one.failure]
    message = next(filter(None, map(explained, failures)), "")
    if message:
        return _Told("message", message), (("Observed", sentence), *facts)
    if relates:
        return _Told("relation", relates), facts
    pair = diagnose_pair(exercise, probes, evidence, seed)
    if pair:
        return _Told("pair", pair.sentence, pair.name), facts
    only = only_difference(pairs) if pairs else ""
    return _Told("difference", sentence), ((("Observed", only),) if only else ()) + facts


def _pairs(
    exercise: Exercise, probes: Sequence[Probe], evidence: Sequence[Evidence], seed: int
) -> list[Pair]:
    """Collect what the failing probes expected and got; nothing if one is hidden or came to no result."""
    pairs = []
    for probe, seen in zip(probes, evidence, strict=True):
        if probe.hidden or exercise.is_plain or seen.failure:
            return []
        expected = of_reference(exercise, probe, seed).value
        if probe.compare(expected, seen.value):
            pairs.append(Pair(expected, seen.value))
    return pairs


def _in_order(probes: Sequence[Probe], evidence: Sequence[Evidence]) -> list[Evidence]:
    """Give each probe the evidence that stands in its place, or a failure where it does not."""
    result = []
    for place, probe in enumerate(probes):
        if place >= len(evidence):
            result.append(Evidence(probe.name, failure=Failure("exit")))
        elif evidence[place].probe != probe.name:
            result.append(Evidence(probe.name, failure=Failure("no_evidence")))
        else:
            result.append(evidence[place])
    return result


def _examine(
    exercise: Exercise, probe: Probe, seed: int, seen: Evidence
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """Say what is wrong with what one probe saw, and the facts; None if nothing is."""
    reference = of_reference(exercise, probe, seed)
    mismatch = None
    if not seen.failure:
        mismatch = probe.compare(reference.value, seen.value)
        if not mismatch:
            return None
    outline = outline_mismatch(reference.returned, seen.returned)
    if seen.failure and not (seen.failure.kind in ("probe", "not_plain") and outline):
        sentence = failure_sentence(exercise, seen.failure)
    elif outline and (mismatch is None or mismatch.kind != "value" or "None" in outline):
        sentence = ended(f"`{exercise.name}` {outline}")
    elif exercise.is_plain:
        sentence = plain_sentence(exercise, seen)
    else:
        assert mismatch is not None  # noqa: S101 - neither failure nor outline: the values differ
        sentence = ended(f"`{exercise.name}` {mismatch.sentence}")
    if probe.hidden:
        # The values of a hidden probe would give away what it asks.
        return _veiled(exercise, seen.failure, sentence), ()
    return sentence, () if exercise.is_plain else _facts(exercise, probe, seed, seen, mismatch)


def _veiled(exercise: Exercise, failure: Failure | None, sentence: str) -> str:
    if failure and failure.kind not in ("raised", "probe", "signature"):
        return sentence
    return (
        f"`{exercise.name}` passes what you can see and fails on other inputs: think of the cases that "
        "the text allows and your own tries did not cover."
    )


def _facts(
    exercise: Exercise, probe: Probe, seed: int, seen: Evidence, mismatch: Mismatch | None
) -> Facts:
    facts = [("Tried", probe.tried)]
    if text := input_of(exercise, probe, seed, mismatch):
        facts.append(("Input", text))
    if mismatch:
        facts += [
            (f"Expected{mismatch.part}", mismatch.expected),
            (f"Got{mismatch.part}", mismatch.got),
        ]
    if seen.failure and seen.failure.line:
        facts.append(("Your line", seen.failure.line))
    return tuple(facts)


def _notes(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    warnings = dict.fromkeys(text for one in evidence for text in one.warnings)
    notes = [f"It warned: {text}" for text in list(warnings)[:3]]
    loudest = max(evidence, key=lambda one: one.characters, default=None)
    if loudest and loudest.characters:
        shown = loudest.printed[:200].strip()
        more = "" if loudest.characters <= 200 else f" … ({loudest.characters:,} characters in all)"
        notes.append(f"It printed: {shown}{more}")
    return tuple(notes)
