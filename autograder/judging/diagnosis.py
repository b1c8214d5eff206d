"""Looks for the fault that an answer shows: each known one alone, then pairs of one program's switches.

A fault explains an answer only if it behaves as the answer did on *every* probe, to the kind and the text of an error.
It is tried on a failing probe first and dropped at the first difference, so that most cost one call.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from autograder.errors import AuthoringError
from autograder.exercise.comparison import close
from autograder.exercise.declaration import Exercise, FaultyProgram, Misconception, Probe
from autograder.probing.evidence import Evidence
from autograder.probing.observing import observe_trusted

PAIRS_SECONDS = 0.5
_same = close(relative=1e-3, absolute=1e-4)


@dataclass(frozen=True)
class Diagnosis:
    """A fault, or two, that behave as an answer did."""

    name: str
    sentence: str


@functools.lru_cache(maxsize=1024)
def of_reference(exercise: Exercise, probe: Probe, seed: int) -> Evidence:
    """Return what a probe sees of the reference.

    Raises:
        AuthoringError: It comes to no result; an answer must not be blamed for that.
    """
    seen = observe_trusted(exercise, probe, exercise.reference, seed)
    if seen.failure:
        reason = seen.failure.message or seen.failure.kind
        raise AuthoringError(
            f"The probe `{probe.name}` of `{exercise.id}` fails on the reference itself ({reason}); mend the probe."
        )
    if seen.value is None:
        raise AuthoringError(
            f"The probe `{probe.name}` of `{exercise.id}` returns None for the reference; return what to compare."
        )
    return seen


@functools.lru_cache(maxsize=8192)
def of_misconception(
    exercise: Exercise, probe: Probe, misconception: Misconception, seed: int
) -> Evidence:
    """Return what a probe sees of a known wrong answer."""
    return observe_trusted(exercise, probe, misconception.implementation, seed)


def behave_alike(ours: Evidence, theirs: Evidence) -> bool:
    """Say whether two implementations did the same in one probe, errors included."""
    if ours.failure or theirs.failure:
        if not ours.failure or not theirs.failure:
            return False
        crashed = {"raised", "probe"}
        kinds = {ours.failure.kind, theirs.failure.kind}
        # Whether an error counts as the probe's or the answer's depends on whose file the line is in.
        return (len(kinds) == 1 or kinds <= crashed) and (
            ours.failure.message == theirs.failure.message
        )
    return _same(ours.value, theirs.value) is None


@dataclass(frozen=True)
class _Case:
    """One answer's evidence, ordered for the search: the probes that failed come first."""

    exercise: Exercise
    seen: tuple[tuple[Probe, Evidence], ...]
    seed: int
    failing: int

    def explained_by(self, observe: Callable[[Probe], Evidence]) -> bool:
        return all(behave_alike(observe(probe), seen) for probe, seen in self.seen)


def _case(
    exercise: Exercise, probes: Sequence[Probe], evidence: Sequence[Evidence], seed: int
) -> _Case:
    pairs = list(zip(probes, evidence, strict=True))

    def agrees(pair: tuple[Probe, Evidence]) -> bool:
        probe, seen = pair
        expected = of_reference(exercise, probe, seed).value
        return not seen.failure and probe.compare(expected, seen.value) is None

    ordered = sorted(pairs, key=agrees)
    return _Case(exercise, tuple(ordered), seed, sum(not agrees(pair) for pair in pairs))


def diagnose(
    exercise: Exercise, probes: Sequence[Probe], evidence: Sequence[Evidence], seed: int
) -> Diagnosis | None:
    """Find the single fault that behaves as the answer did on every probe, or None."""
    case = _case(exercise, probes, evidence, seed)
    for one in exercise.misconceptions:
        if case.explained_by(lambda probe, one=one: of_misconception(exercise, probe, one, seed)):  # type: ignore[misc]
            return Diagnosis(one.name, one.sentence)
    return None


def diagnose_pair(
    exercise: Exercise,
    probes: Sequence[Probe],
    evidence: Sequence[Evidence],
    seed: int,
    seconds: float = PAIRS_SECONDS,
) -> Diagnosis | None:
    """Find two faults that together behave as the answer did, or None.

    Two faults fit by chance more easily than one, so they must fit on at least two probes whose results differ, and
    none may have ended in an error. Single faults have to be tried before, by `diagnose`.

    Args:
        exercise: What was asked.
        probes: The probes that were run.
        evidence: What they saw.
        seed: What drew their inputs.
        seconds: How long to look.
    """
    case = _case(exercise, probes, evidence, seed)
    telling = [seen.value for _, seen in case.seen[: case.failing] if not seen.failure]
    if any(seen.failure for _, seen in case.seen) or not _differ(telling):
        return None
    end = time.monotonic() + seconds
    for program, names in _pairs(exercise):
        if time.monotonic() > end:
            return None
        implementation = program.build(*names)
        if case.explained_by(
            lambda probe, made=implementation: observe_trusted(exercise, probe, made, seed)  # type: ignore[misc]
        ):
            sentences = [program.sentences[name] for name in names]
            return Diagnosis("+".join(names), f"Two things: {sentences[0]} And: {sentences[1]}")
    return None


def _differ(values: Sequence[object]) -> bool:
    return any(_same(one, other) is not None for one, other in itertools.combinations(values, 2))


def _pairs(exercise: Exercise) -> Iterator[tuple[FaultyProgram, tuple[str, str]]]:
    """List the pairs of each program that can differ from single faults.

    Where a fault that is on keeps the program from asking for another (the branches of one `if`), the two exclude each
    other. What each asks for is known by now: single faults were tried first. Twins, which share a sentence, make no
    pair.
    """
    for program in exercise.programs:
        for one, other in itertools.combinations(program.sentences, 2):
            twins = program.sentences[one] == program.sentences[other]
            meet = other in program.asked_with(one) and one in program.asked_with(other)
            if meet and not twins:
                yield program, (one, other)
