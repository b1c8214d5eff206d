"""An exercise's fingerprint changes with what its verdicts depend on, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from autograder.exercise import register
from autograder.exercise.private import read_private
from autograder.grading.fingerprint import fingerprint, grader_version
from tests.labs import EXERCISES, ROOT, private_text

AVERAGE = register.find("welcome.average")
HIDDEN = private_text(register.load("welcome"), AVERAGE.id)


def of(hidden: str) -> str:
    return fingerprint(AVERAGE, read_private(hidden).probes)


def test_every_exercise_has_its_own() -> None:
    assert len({fingerprint(one) for one in EXERCISES}) == len(EXERCISES)


def test_another_process_gives_the_same() -> None:
    program = (
        "from autograder.grading.fingerprint import *; from autograder.exercise import register as e\n"
        f"print(fingerprint(e.find({AVERAGE.id!r})), grader_version())"
    )
    # The tests check shapes at each call, and with that change the code of llmlab; not here.
    done = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    ]
    assert done[0] == done[1]
    assert done[0].split()[1] == grader_version()


def test_comments_and_lines_do_not_count() -> None:
    assert of(HIDDEN) == of(
        "# more\n\n\n" + HIDDEN.replace("    return", "    # why\n\n    return")
    )


CHANGES = {
    "a number": ("randn(7", "randn(8"),
    "the function that is called": ("torch.randn", "torch.rand"),
    "the words": ("Seven numbers", "Many numbers"),
    "a name": ("def drawn_numbers", "def other_numbers"),
    "a comparison": (
        "@private.probe\ndef drawn",
        "@private.probe_with(same_set())\ndef drawn",
    ),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_probe_counts(before: str, after: str) -> None:
    assert before in HIDDEN
    changed = "from autograder.exercise.comparison import same_set\n" + HIDDEN.replace(
        before, after
    )
    assert of(HIDDEN) != of(changed)


def test_a_constant_and_a_helper_that_a_probe_uses_count() -> None:
    helped = (
        HIDDEN.replace("torch.randn(7", "torch.randn(COUNT + help()")
        + "\nCOUNT = 3\ndef help():\n    return 4\n"
    )
    assert of(helped) != of(helped.replace("COUNT = 3", "COUNT = 4"))
    assert of(helped) != of(helped.replace("return 4", "return 5"))


def test_a_right_answer_written_differently_does_not_count() -> None:
    more = HIDDEN + "\n@private.variant\ndef more(numbers: Any) -> Any:\n    return sum(numbers)\n"
    assert of(HIDDEN) == of(more)


@pytest.mark.parametrize(
    ("field", "value"),
    [("points", 9), ("forbidden", ("torch.sum",)), ("hints", ()), ("reference", max)],
)
def test_what_the_exercise_asks_counts(
    field: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(AVERAGE)
    monkeypatch.setattr(AVERAGE, field, value)
    assert fingerprint(AVERAGE) != before


def test_a_misconception_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(AVERAGE)
    monkeypatch.setattr(AVERAGE, "misconceptions", AVERAGE.misconceptions[1:])
    assert fingerprint(AVERAGE) != before
