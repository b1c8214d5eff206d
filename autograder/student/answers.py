"""Finds the answer to an exercise among a notebook's own names, and runs the probes on it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.exercise import Exercise, Probe
from autograder.probing.evidence import Evidence, Failure
from autograder.probing.observing import observe


def collect(
    exercise: Exercise, names: Mapping[str, Any], seed: int, hidden: Sequence[Probe] = ()
) -> list[Evidence]:
    """Run an exercise's probes, public ones first, on the answer found in `names`."""
    return collect_with([*exercise.probes, *hidden], exercise, names, seed)


def collect_with(
    probes: Sequence[Probe], exercise: Exercise, names: Mapping[str, Any], seed: int
) -> list[Evidence]:
    """Run these probes on the answer found in `names`.

    Stops at the first probe that runs out of time, so that an endless loop costs one time limit.
    """
    failure = _unusable(exercise, names)
    if failure:
        return [Evidence(probe.name, failure=failure) for probe in probes]
    evidence = []
    for probe in probes:
        seen = observe(exercise, probe, names[exercise.name], seed)
        evidence.append(seen)
        if seen.failure and seen.failure.kind == "timeout":
            break
    return evidence


def _unusable(exercise: Exercise, names: Mapping[str, Any]) -> Failure | None:
    name = exercise.name
    if name not in names:
        own = [other for other in names if not other.startswith("_")]
        near = difflib.get_close_matches(name, own, 1, cutoff=0.75)
        found = f" There is `{near[0]}`: is that it?" if near else " Run the cell that defines it."
        return Failure("missing", f"There is no `{name}` in this notebook yet.{found}")
    answer = names[name]
    if exercise.is_plain:
        if answer is None or answer is Ellipsis:
            return Failure("unwritten")
        return None
    if answer is exercise.reference or (
        isinstance(answer, type)
        and isinstance(exercise.reference, type)
        and issubclass(answer, exercise.reference)
    ):
        return Failure("reference")
    wanted = "class" if isinstance(exercise.reference, type) else "function"
    if not callable(answer) or (wanted == "class" and not isinstance(answer, type)):
        kind = "a function" if callable(answer) else f"a value of type `{type(answer).__name__}`"
        return Failure("not_callable", f"`{name}` is {kind}, and a {wanted} is asked for.")
    return None
