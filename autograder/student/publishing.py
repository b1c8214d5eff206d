"""The half of a graded check that runs in the student's kernel: probe the answer, hand over evidence."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from autograder.errors import EvidenceError
from autograder.exercise import register
from autograder.exercise.private import read_private
from autograder.probing.evidence import Evidence, Failure
from autograder.probing.wire import MAX_BYTES, encode
from autograder.student.answers import collect, collect_with
from autograder.student.edits import Kind
from autograder.student.explaining import place_in

MIME = "application/vnd.autograder.evidence"
PLACE_MIME = "application/vnd.autograder.place+json"


# The answers as they were at their checks: a later cell may use the name for something else.
_answers: dict[str, dict[str, Any]] = {}


def publish(names: Mapping[str, Any], exercise_id: str, seed: int) -> None:
    """Run the public probes of one exercise on a notebook's names and display the evidence."""
    exercise = register.find(exercise_id)
    kept = {name: value for name, value in names.items() if not name.startswith("_")}
    _answers[exercise_id] = kept
    _display(collect(exercise, kept, seed))


def publish_hidden(exercise_id: str, seed: int, source: str) -> None:
    """Run the hidden probes of one exercise on the answer that was published, and display the evidence."""
    exercise = register.find(exercise_id)
    probes = read_private(source).probes
    _display(collect_with(probes, exercise, _answers.get(exercise_id, {}), seed))


def publish_place(exercise_id: str) -> None:
    """Look for the mistake in the answer that was published, and display its line and what to look at, as numbers."""
    from IPython.display import display

    place = place_in(register.find(exercise_id), _answers.get(exercise_id, {}))
    if place:
        display({PLACE_MIME: [place.line, list(Kind).index(place.kind)]}, raw=True)


def _display(evidence: list[Evidence]) -> None:
    from IPython.display import display

    try:
        data = encode(evidence)
    except EvidenceError:
        failure = Failure("not_plain", f"more than {MAX_BYTES // 2**20} MiB")
        data = encode([Evidence(one.probe, failure=failure) for one in evidence])
    display({MIME: base64.b64encode(data).decode()}, raw=True)
