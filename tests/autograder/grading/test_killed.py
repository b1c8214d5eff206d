"""A grading that is killed leaves nothing running, loses nothing, and counts nothing twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from autograder.classroom.simulation import simulate, truth
from autograder.grading import load_history
from autograder.grading.batch import summary_file
from tests.autograder.grading.conftest import LAB, Classroom
from tests.labs import ROOT

pytestmark = pytest.mark.usefixtures("sandbox")

STUDENTS = 9
KILLS = 5


def start(course: Path) -> subprocess.Popen[bytes]:
    code = "from autograder.cli import main; main()"
    command = [sys.executable, "-c", code, "grade", LAB.folder, "--course", str(course)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def descendants(grader: subprocess.Popen[bytes]) -> set[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return set(psutil.Process(grader.pid).children(recursive=True))
    return set()


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs_of(course: Path) -> list[Path]:
    return list((course / ".autograder" / "runs" / LAB.folder).glob("*.json"))


def kill_once(course: Path, after: float, at_first: bool) -> None:
    """Start a grading, kill it so many seconds after it has begun to record, or to work, and see all of it end."""
    before = len(runs_of(course))
    grader = start(course)
    try:
        wait_until(
            lambda: (
                grader.poll() is not None
                or (len(descendants(grader)) >= 2 if at_first else len(runs_of(course)) > before)
            )
        )
        time.sleep(after)
        left = descendants(grader)
    finally:
        grader.kill()
        grader.communicate()
    wait_until(lambda: not any(one.is_running() for one in left))


def test_a_grading_killed_at_five_moments_ends_as_if_it_had_not_been(room: Classroom) -> None:
    course = room.root
    simulate(course, LAB, STUDENTS, seed=2)
    chance = random.Random(7)
    for number in range(KILLS):
        kill_once(course, chance.uniform(0, 2), at_first=number == 0)
    last = start(course)
    output = last.communicate()[0].decode()
    true = {name: sum(points.values()) for name, points in truth(course, LAB.folder).items()}
    history = load_history(course, LAB.folder)
    assert {name: len(runs) for name, runs in history.items()} == dict.fromkeys(true, 1), output
    assert {name: runs[-1].points for name, runs in history.items()} == true
    assert room.scores() == true
    summary = json.loads(summary_file(course, LAB.folder).read_text("utf-8"))
    assert sorted(one["student"] for one in summary["runs"]) == sorted(true)
    again = start(course).communicate()[0].decode()
    assert "Nothing had to be run again." in again
    leftover = [path.name for path in (course / ".autograder").glob("stage-*")]
    assert leftover == []
