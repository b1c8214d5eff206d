"""The half of a graded check that runs in the student's kernel: probe the answer, hand over evidence.

What is asked comes as an excerpt (`autograder.exercise.excerpt`), so no exercise need be installed here.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

from autograder.errors import EvidenceError
from autograder.exercise import Probe
from autograder.probing.evidence import Evidence, Failure
from autograder.probing.observing import SECONDS
from autograder.probing.wire import MAX_BYTES, decode, encode
from autograder.student.answers import collect_with
from autograder.student.child import computed_apart
from autograder.student.edits import Kind
from autograder.student.place import Trial, find_place
from autograder.student.received import received

MIME = "application/vnd.autograder.evidence"
PLACE_MIME = "application/vnd.autograder.place+json"


# The answers as they were at their checks: a later cell may use the name for something else.
_answers: dict[str, dict[str, Any]] = {}
# In which formats the notebook has its figures drawn, while they are not.
_formats: list[set[str]] = []


def publish(names: Mapping[str, Any], text: str, seed: int) -> None:
    """Run the public probes of one exercise on a notebook's names and display the evidence."""
    exercise, probes = received(text)
    kept = {name: value for name, value in names.items() if not name.startswith("_")}
    _answers[exercise.id] = kept
    _display(_packed(collect_with(probes, exercise, kept, seed)))


def publish_hidden(exercise_id: str, text: str, seed: int, seconds: float) -> None:
    """Run the hidden probes of one exercise on the answer that was published, and display the evidence.

    They run in a child process, which no thread of the notebook's lives in, and out of which one pipe leads.
    """
    end = time.monotonic() + seconds
    kept = _answers.get(exercise_id, {})

    def probe() -> bytes:
        exercise, probes = received(text)
        return _packed(collect_with(probes, exercise, kept, seed))

    data = computed_apart(lambda send, _: send(probe()), MAX_BYTES, seconds, polite=False)
    if not data:
        late = time.monotonic() >= end
        failure = Failure("timeout", f"{SECONDS:g} seconds") if late else Failure("exit")
        data = encode([Evidence("", failure=failure)])
    _display(data)


def publish_place(text: str, expected: str, seeds: list[int]) -> None:
    """Look for the mistake in the answer that was published, and display its line and what to look at, as numbers.

    Args:
        text: The excerpt.
        expected: What the public probes return for what is right, as evidence in base64: all under the first seed, then
            all under the second, and so on.
        seeds: The seeds.
    """
    exercise, probes = received(text)
    asked: list[tuple[int, Probe]] = [(seed, probe) for seed in seeds for probe in probes]
    right = decode(base64.b64decode(expected))
    trials = [
        Trial(probe, seed, seen.value) for (seed, probe), seen in zip(asked, right, strict=True)
    ]
    place = find_place(exercise, _answers.get(exercise.id, {}), trials)
    if place:
        _show(PLACE_MIME, [place.line, list(Kind).index(place.kind)])


def draw_figures(wanted: bool) -> None:
    """Draw the figures of cells from now on, or leave them as objects; nothing else of Matplotlib changes."""
    from IPython import get_ipython
    from matplotlib_inline.config import InlineBackend

    backend: Any = InlineBackend.instance(parent=get_ipython())
    if wanted:
        backend.figure_formats = _formats.pop() if _formats else backend.figure_formats
    else:
        _formats.append(set(backend.figure_formats))
        backend.figure_formats = set()


def _packed(evidence: list[Evidence]) -> bytes:
    try:
        return encode(evidence)
    except EvidenceError:
        failure = Failure("not_plain", f"more than {MAX_BYTES // 2**20} MiB")
        return encode([Evidence(one.probe, failure=failure) for one in evidence])


def _display(data: bytes) -> None:
    _show(MIME, base64.b64encode(data).decode())


def _show(kind: str, value: Any) -> None:
    from IPython.display import display

    display({kind: value}, raw=True)
