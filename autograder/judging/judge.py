"""Decides whether an answer is right, and if not, which misconception it shows.

The judge never calls a student's code. It gets evidence (`autograder.probing`) of what the answer did, lets the
reference do the same with the same seed, and compares. When they differ it lets each misconception do the same, and
the one that behaves as the answer did is the diagnosis.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from autograder.exercise import Exercise, Misconception, Probe
from autograder.exercise.comparison import Mismatch, close, describe
from autograder.probing.evidence import Evidence, Failure, Returned
from autograder.probing.observing import observe_trusted

Status = Literal["passed", "wrong", "unwritten"]
_same = close(relative=1e-3, absolute=1e-4)
_UNDIAGNOSED = ("missing", "not_callable", "reference", "unwritten", "forbidden", "timeout", "exit")


@dataclass(frozen=True)
class Verdict:
    """What the judge found out about one answer.

    Attributes:
        exercise: The exercise's id.
        status: `passed`, `wrong`, or `unwritten` (the stub is untouched, or the cell was not run).
        points: What the answer earns.
        possible: What the exercise is worth.
        sentence: What is the case, in one sentence; the diagnosis where there is one.
        misconception: The name of the misconception that the answer shows, or empty.
        facts: What was tried, expected, got: pairs of a label and a text.
        notes: Warnings and printed text that cost nothing.
        hints: How many hints the exercise has.
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

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status == "passed"


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
    """
    evidence = _in_order(probes, evidence)
    # What an answer prints may hold its inputs, and those of a hidden probe stay hidden.
    notes = _notes([one for probe, one in zip(probes, evidence, strict=True) if not probe.hidden])
    for probe, seen in zip(probes, evidence, strict=True):
        wrong = _examine(exercise, probe, seed, seen)
        if not wrong:
            continue
        sentence, facts = wrong
        kind = seen.failure.kind if seen.failure else ""
        misconception = None
        if kind not in _UNDIAGNOSED:
            misconception = diagnose(exercise, probes, evidence, seed)
        status: Status = "unwritten" if kind in ("unwritten", "missing") else "wrong"
        return Verdict(
            exercise.id,
            status,
            0,
            exercise.points,
            misconception.sentence if misconception else sentence,
            misconception.name if misconception else "",
            (("Observed", sentence), *facts) if misconception else facts,
            notes,
            len(exercise.hints),
        )
    sentence = f"`{exercise.name}` is right."
    points = exercise.points
    return Verdict(exercise.id, "passed", points, points, sentence, notes=notes)


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


def diagnose(
    exercise: Exercise, probes: Sequence[Probe], evidence: Sequence[Evidence], seed: int
) -> Misconception | None:
    """Find the misconception that behaves as the answer did on every probe, or None."""
    for misconception in exercise.misconceptions:
        if all(
            _behaves_alike(_of_misconception(exercise, probe, misconception, seed), seen)
            for probe, seen in zip(probes, evidence, strict=True)
        ):
            return misconception
    return None


@functools.lru_cache(maxsize=1024)
def _of_reference(exercise: Exercise, probe: Probe, seed: int) -> Evidence:
    return observe_trusted(exercise, probe, exercise.reference, seed)


@functools.lru_cache(maxsize=4096)
def _of_misconception(
    exercise: Exercise, probe: Probe, misconception: Misconception, seed: int
) -> Evidence:
    return observe_trusted(exercise, probe, misconception.implementation, seed)


def _behaves_alike(ours: Evidence, theirs: Evidence) -> bool:
    if ours.failure or theirs.failure:
        if not ours.failure or not theirs.failure:
            return False
        crashed = {"raised", "probe"}
        if {ours.failure.kind, theirs.failure.kind} <= crashed:
            names = [failure.message.split(":")[0] for failure in (ours.failure, theirs.failure)]
            return names[0] == names[1]
        return ours.failure.kind == theirs.failure.kind
    return _same(ours.value, theirs.value) is None


def _examine(
    exercise: Exercise, probe: Probe, seed: int, seen: Evidence
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """Say what is wrong with what one probe saw, and the facts; None if nothing is."""
    reference = _of_reference(exercise, probe, seed)
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
