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
from autograder.exercise.comparison import Mismatch, describe
from autograder.judging.diagnosis import diagnose, diagnose_pair, of_reference
from autograder.judging.messages import explained
from autograder.judging.relations import Pair, relation
from autograder.probing.evidence import Evidence, Failure, Returned

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
    relates = _relation(exercise, probes, evidence, seed)
    if found:
        more = [("Observed", relates or sentence)] if relates or seen.failure else []
        return _Told("fault", found.sentence, found.name), (*more, *facts)
    if kind in _TELLING or _returns_none(seen):
        return _Told("known", sentence), facts
    if any(probe.hidden for probe in probes):
        return _Told("difference", sentence), facts
    message = explained(seen.failure) if seen.failure else ""
    if message:
        return _Told("message", message), (("Error", sentence), *facts)
    if relates:
        return _Told("relation", relates), facts
    pair = diagnose_pair(exercise, probes, evidence, seed)
    if pair:
        return _Told("pair", pair.sentence, pair.name), facts
    return _Told("difference", sentence), facts


def _returns_none(seen: Evidence) -> bool:
    return bool(seen.returned) and seen.returned[0].kind == "None" and seen.value is None


def _relation(
    exercise: Exercise, probes: Sequence[Probe], evidence: Sequence[Evidence], seed: int
) -> str:
    """Say how the results relate to the right ones in every public probe that failed, or nothing."""
    pairs = []
    for probe, seen in zip(probes, evidence, strict=True):
        if probe.hidden or exercise.is_plain or seen.failure:
            return ""
        expected = of_reference(exercise, probe, seed).value
        if probe.compare(expected, seen.value):
            pairs.append(Pair(expected, seen.value))
    return relation(pairs)


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
    outline = _outline_mismatch(reference.returned, seen.returned)
    if seen.failure and not (seen.failure.kind in ("probe", "not_plain") and outline):
        sentence = _failure_sentence(exercise, seen.failure)
    elif outline and (mismatch is None or mismatch.kind != "value" or "None" in outline):
        sentence = _sentence(f"`{exercise.name}` {outline}")
    elif exercise.is_plain:
        sentence = _plain_sentence(exercise, seen)
    else:
        assert mismatch is not None  # noqa: S101 - neither failure nor outline: the values differ
        subject = (
            f"The {mismatch.where} of `{exercise.name}`" if mismatch.where else f"`{exercise.name}`"
        )
        sentence = _sentence(f"{subject} {mismatch.sentence}")
    if probe.hidden:
        # The values of a hidden probe would give away what it asks.
        return _veiled(exercise, seen.failure, sentence), ()
    return sentence, () if exercise.is_plain else _facts(probe, seen, mismatch)


def _sentence(text: str) -> str:
    """End a text with a full stop, unless it ends like a sentence already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _veiled(exercise: Exercise, failure: Failure | None, sentence: str) -> str:
    if failure and failure.kind not in ("raised", "probe", "signature"):
        return sentence
    return (
        f"`{exercise.name}` passes what you can see and fails on other inputs: think of the cases that "
        "the text allows and your own tries did not cover."
    )


def _facts(probe: Probe, seen: Evidence, mismatch: Mismatch | None) -> tuple[tuple[str, str], ...]:
    facts = [("Tried", probe.tried)]
    if mismatch:
        where = f" ({mismatch.where})" if mismatch.where else ""
        facts += [(f"Expected{where}", mismatch.expected), (f"Got{where}", mismatch.got)]
    if seen.failure and seen.failure.line:
        facts.append(("Your line", seen.failure.line))
    return tuple(facts)


def _plain_sentence(exercise: Exercise, seen: Evidence) -> str:
    if exercise.choices and seen.value not in exercise.choices:
        choices = ", ".join(repr(choice) for choice in exercise.choices)
        return (
            f"`{exercise.name}` is {describe(seen.value)}, which is none of the choices: {choices}."
        )
    if type(seen.value) is not type(exercise.reference) and not (
        isinstance(seen.value, (int, float)) and isinstance(exercise.reference, (int, float))
    ):
        kind = type(exercise.reference).__name__
        return f"`{exercise.name}` is of type `{type(seen.value).__name__}`, and `{kind}` was expected."
    return f"`{exercise.name}` is not the answer yet."


def _outline_mismatch(expected: tuple[Returned, ...], got: tuple[Returned, ...]) -> str:
    """Say how the first call returned something of another kind or shape; empty if none did."""
    for wanted, found in zip(expected, got, strict=False):
        if wanted.kind != found.kind:
            if found.kind == "None":
                return "returns None: is a `return` missing?"
            if "tensor" in (wanted.kind, found.kind):
                names = {"tensor": "a tensor"}
                kinds = [names.get(one.kind, f"`{one.kind}`") for one in (found, wanted)]
                return f"returns {kinds[0]}, and {kinds[1]} was expected"
            continue
        if wanted.device != found.device:
            return (
                f"returns a tensor on device `{found.device}`, and `{wanted.device}` was expected"
            )
        if wanted.shape != found.shape:
            return f"returns a tensor of shape {found.shape}, and {wanted.shape} was expected"
        if found.has_nan and not wanted.has_nan:
            return "returns NaN (not a number) where numbers were expected"
    return ""


def _failure_sentence(exercise: Exercise, failure: Failure) -> str:
    name = exercise.name
    sentences = {
        "missing": failure.message,
        "not_callable": failure.message,
        "unwritten": _unwritten_sentence(name, failure.message),
        "reference": f"`{name}` is llmlab's own; write yours in the cell above.",
        "signature": _sentence(failure.message),
        "raised": _sentence(f"`{name}` raises {failure.message}"),
        "forbidden": f"`{name}` calls `{failure.message}`, which this exercise asks you to do without.",
        "mutated": (
            f"`{name}` changes its input `{failure.message}` in place; the caller still needs it. "
            "Work on a new tensor."
        ),
        "timeout": f"`{name}` did not finish within {failure.message}: is there a loop without an end?",
        "exit": f"`{name}` ends the Python process instead of returning.",
        "not_plain": (
            f"`{name}` {'is' if exercise.is_plain else 'returns'} {failure.message}, which cannot be "
            "compared."
        ),
        "no_evidence": (
            f"`{name}` could not be tried: the notebook's Python handed over no result. Does the notebook "
            "change `display`, or a part of the autograder?"
        ),
        "probe": _sentence(f"What `{name}` returns cannot be used: {failure.message}"),
    }
    return sentences.get(failure.kind) or f"`{name}` failed."


def _unwritten_sentence(name: str, raised_in: str) -> str:
    if not raised_in or name in raised_in.split("."):
        return f"`{name}` is not written yet."
    return f"`{name}` calls your `{raised_in}`, which is not written yet."


def _notes(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    warnings = dict.fromkeys(text for one in evidence for text in one.warnings)
    notes = [f"It warned: {text}" for text in list(warnings)[:3]]
    loudest = max(evidence, key=lambda one: one.characters, default=None)
    if loudest and loudest.characters:
        shown = loudest.printed[:200].strip()
        more = "" if loudest.characters <= 200 else f" … ({loudest.characters:,} characters in all)"
        notes.append(f"It printed: {shown}{more}")
    return tuple(notes)
