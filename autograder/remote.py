"""The half of a graded check that runs in the student's kernel: probe the answer, hand over evidence."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from autograder import exercises
from autograder.answers import collect
from autograder.errors import EvidenceError
from autograder.evidence import HIDDEN_FILE, Evidence, Fault
from autograder.exercise import HiddenProbes, Probe
from autograder.wire import MAX_BYTES, encode

MIME = "application/vnd.autograder.evidence"


def read_hidden(source: str) -> dict[str, list[Probe]]:
    """Run the text of a lab's hidden.py and return its probes by the exercise's id."""
    if not source:
        return {}
    names: dict[str, Any] = {"__name__": "hidden"}
    exec(compile(source, HIDDEN_FILE, "exec"), names)  # noqa: S102 - the instructor's own file
    found = names["HIDDEN"]
    assert isinstance(found, HiddenProbes)  # noqa: S101 - an author's mistake, seen by the tests
    return found.probes


def publish(names: Mapping[str, Any], exercise_id: str, seed: int, hidden: str) -> None:
    """Run the probes of one exercise on a notebook's names and display the evidence."""
    from IPython.display import display

    exercise = exercises.find(exercise_id)
    evidence = collect(exercise, names, seed, read_hidden(hidden).get(exercise_id, ()))
    try:
        data = encode(evidence)
    except EvidenceError:
        fault = Fault("not_plain", f"more than {MAX_BYTES // 2**20} MiB")
        data = encode([Evidence(one.probe, fault=fault) for one in evidence])
    display({MIME: base64.b64encode(data).decode()}, raw=True)
