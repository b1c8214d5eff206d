"""The half of a graded check that runs in the student's kernel: probe the answer, hand over evidence."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from autograder import exercises
from autograder.answers import collect, collect_with
from autograder.errors import EvidenceError
from autograder.evidence import HIDDEN_FILE, Evidence, Fault
from autograder.exercise import HiddenProbes, Probe
from autograder.wire import MAX_BYTES, encode

MIME = "application/vnd.autograder.evidence"
HIDDEN_MODULE = "hidden"


def read_hidden(source: str) -> dict[str, list[Probe]]:
    """Run the text of a lab's hidden.py and return its probes by the exercise's id."""
    if not source:
        return {}
    names: dict[str, Any] = {"__name__": HIDDEN_MODULE}
    exec(compile(source, HIDDEN_FILE, "exec"), names)  # noqa: S102 - the instructor's own file
    found = names["HIDDEN"]
    assert isinstance(found, HiddenProbes)  # noqa: S101 - an author's mistake, seen by the tests
    return found.probes


# The answers as they were at their checks: a later cell may use the name for something else.
_answers: dict[str, dict[str, Any]] = {}


def publish(names: Mapping[str, Any], exercise_id: str, seed: int) -> None:
    """Run the public probes of one exercise on a notebook's names and display the evidence."""
    exercise = exercises.find(exercise_id)
    kept = {name: value for name, value in names.items() if not name.startswith("_")}
    _answers[exercise_id] = kept
    _display(collect(exercise, kept, seed))


def publish_hidden(exercise_id: str, seed: int, source: str) -> None:
    """Run the hidden probes of one exercise on the answer that was published, and display the evidence."""
    exercise = exercises.find(exercise_id)
    probes = read_hidden(source)[exercise_id]
    _display(collect_with(probes, exercise, _answers.get(exercise_id, {}), seed))


def _display(evidence: list[Evidence]) -> None:
    from IPython.display import display

    try:
        data = encode(evidence)
    except EvidenceError:
        fault = Fault("not_plain", f"more than {MAX_BYTES // 2**20} MiB")
        data = encode([Evidence(one.probe, fault=fault) for one in evidence])
    display({MIME: base64.b64encode(data).decode()}, raw=True)
