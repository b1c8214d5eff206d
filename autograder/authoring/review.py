"""Finds what an author forgot: probes that do not tell faults apart, a fault that is right, a lone variant.

Each finding is one sentence with a name and a place. `autograder audit` prints them, and the tests hold that there are
none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.errors import AuthoringError
from autograder.exercise.declaration import Exercise, Lab, Misconception, Probe
from autograder.exercise.private import Private, private_files, read_private
from autograder.judging.diagnosis import behave_alike, of_misconception, of_reference
from autograder.probing.observing import observe_trusted

SEEDS = (11, 12, 13)


def _passes(exercise: Exercise, answer: Any, probes: Sequence[Probe], seed: int) -> bool:
    """Say whether probes accept an answer; of a fault, what they see is remembered from question to question."""
    for probe in probes:
        if isinstance(answer, Misconception):
            seen = of_misconception(exercise, probe, answer, seed)
        else:
            seen = observe_trusted(exercise, probe, answer, seed)
        expected = of_reference(exercise, probe, seed).value
        if seen.failure or probe.compare(expected, seen.value):
            return False
    return True


def broken_probes(exercise: Exercise, private: Private) -> Iterator[str]:
    """Name the probes that fail on the reference, or return nothing for it."""
    for probe in (*exercise.probes, *private.probes):
        for seed in SEEDS:
            try:
                of_reference(exercise, probe, seed)
            except AuthoringError as error:
                yield str(error)
                break


def unrefused_faults(exercise: Exercise, private: Private) -> Iterator[str]:
    """Name the faults that no public probe refuses: they are right, or a probe is missing."""
    for one in exercise.misconceptions:
        if any(_passes(exercise, one, exercise.probes, seed) for seed in SEEDS):
            yield (
                f"The fault `{one.name}` of `{exercise.id}` is refused by no public probe: it is right, or a probe "
                "is missing."
            )


def mistaken_faults(exercise: Exercise, private: Private) -> Iterator[str]:
    """Name the pairs of faults that the public probes do not tell apart, and that have different sentences."""
    for seed in SEEDS:
        seen = [
            (one, [of_misconception(exercise, probe, one, seed) for probe in exercise.probes])
            for one in exercise.misconceptions
        ]
        found = False
        for (one, first), (other, second) in itertools.combinations(seen, 2):
            if one.sentence != other.sentence and all(map(behave_alike, first, second)):
                found = True
                yield (
                    f"No public probe of `{exercise.id}` tells `{one.name}` and `{other.name}` apart; add one that "
                    "does, or give both one sentence."
                )
        if found:
            return


def programs_that_are_never_right(exercise: Exercise, private: Private) -> Iterator[str]:
    """Name the faulty programs that are wrong with no fault on."""
    for program in exercise.programs:
        if not all(_passes(exercise, program.build(), exercise.probes, seed) for seed in SEEDS):
            yield (
                f"The faulty program `{program.builder.__name__}` of `{exercise.id}` is wrong with all faults off; "
                "begin it as a right answer."
            )


def refused_in_secret(exercise: Exercise, private: Private) -> Iterator[str]:
    """Name the faults that a hidden probe refuses and no public one: a hidden probe asks for no other behavior."""
    for one in exercise.misconceptions if private.probes else ():
        for seed in SEEDS:
            if _passes(exercise, one, exercise.probes, seed) and not _passes(
                exercise, one, private.probes, seed
            ):
                yield (
                    f"A hidden probe of `{exercise.id}` refuses `{one.name}`, and no public one does; let a public "
                    "probe ask for the same."
                )
                break


def lone_variants(exercise: Exercise, private: Private) -> Iterator[str]:
    """Say where there are fewer than two right answers written differently, or one is refused."""
    if len(private.variants) < 2:
        yield (
            f"`{exercise.id}` has {len(private.variants)} right answers written differently; write two at least into "
            "its private file."
        )
    for one in private.variants:
        if not _passes(exercise, one, [*exercise.probes, *private.probes], SEEDS[0]):
            name = getattr(one, "__name__", repr(one))
            yield f"The variant `{name}` of `{exercise.id}` is refused; mend it, or the probes."


def missing_help(exercise: Exercise, private: Private) -> Iterator[str]:
    """Say where there are fewer than three hints or two faults, or one hint is said twice."""
    if len(exercise.hints) < 3 or len(set(exercise.hints)) < len(exercise.hints):
        yield f"`{exercise.id}` needs three hints or more, each of its own."
    if len(exercise.misconceptions) < 2:
        yield f"`{exercise.id}` needs two faults or more."


Review = Callable[[Exercise, Private], Iterator[str]]
REVIEWS: tuple[Review, ...] = (
    missing_help,
    programs_that_are_never_right,
    unrefused_faults,
    mistaken_faults,
    refused_in_secret,
    lone_variants,
)


def review(exercise: Exercise, private: Private) -> list[str]:
    """List what is to be mended in one exercise.

    Args:
        exercise: The exercise.
        private: Its hidden probes and variants.
    """
    # What a broken probe says of answers is worth nothing.
    broken = list(broken_probes(exercise, private))
    return broken or [sentence for one in REVIEWS for sentence in one(exercise, private)]


def review_lab(lab: Lab, solutions: Path) -> Iterator[tuple[str, list[str]]]:
    """Review one exercise of a lab after the other.

    Args:
        lab: The lab.
        solutions: The folder of all labs' sources.

    Yields:
        The exercise's id, and what is to be mended; first the lab's own id, where its private files are amiss.
    """
    folder = solutions / lab.folder / "private"
    try:
        files = private_files(folder, lab)
    except AuthoringError as error:
        files = {}
        yield lab.folder, [str(error)]
    for exercise_id in lab.points:
        try:
            exercise = lab.find(exercise_id)
            path = files.get(exercise_id)
            private = read_private(path.read_text("utf-8")) if path else Private()
            yield exercise_id, review(exercise, private)
        except AuthoringError as error:
            yield exercise_id, [str(error)]
