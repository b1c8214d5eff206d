"""Two graders in one course take turns: every grade is the true one, however often both are killed."""

from __future__ import annotations

import json
import random
import threading
import time

import pytest
from filelock import FileLock

from autograder.classroom.simulation import simulate, truth
from autograder.grading import load_history
from autograder.grading.batch import summary_file
from tests.autograder.grading.conftest import LAB, Classroom
from tests.autograder.grading.test_killed import descendants, start, wait_until

pytestmark = pytest.mark.usefixtures("sandbox")

STUDENTS = 6
KILLS = 3


def test_a_second_grader_waits_for_the_first(room: Classroom) -> None:
    course, held = room.course, threading.Event()
    told: list[str] = []

    def second() -> None:
        with course.alone(lambda: told.append("waiting")):
            told.append("in")

    with course.alone():
        other = threading.Thread(target=second)
        other.start()
        deadline = time.monotonic() + 30
        while not told and time.monotonic() < deadline:
            held.wait(0.01)
        told.append("out")
    other.join(30)
    assert told == ["waiting", "out", "in"]


def test_what_a_killed_grader_staged_is_cleared_by_the_next(room: Classroom) -> None:
    left = room.root / ".autograder" / "stage-of-a-dead-one"
    left.mkdir(parents=True)
    with room.course.alone():
        assert not left.exists()


def test_two_graders_at_once_killed_at_random_end_with_the_truth(room: Classroom) -> None:
    course = room.root
    simulate(course, LAB, STUDENTS, seed=4)
    chance = random.Random(11)
    for _ in range(KILLS):
        graders = [start(course), start(course)]
        time.sleep(chance.uniform(4, 12))
        left = set().union(*map(descendants, graders))
        for grader in graders:
            grader.kill()
            grader.communicate()
        wait_until(lambda left=left: not any(one.is_running() for one in left))  # type: ignore[misc]
    graders = [start(course), start(course)]
    said = [grader.communicate()[0].decode() for grader in graders]
    true = {name: sum(points.values()) for name, points in truth(course, LAB.folder).items()}
    assert room.scores() == true, said
    history = load_history(course, LAB.folder)
    assert {name: runs[-1].points for name, runs in history.items()} == true
    summary = json.loads(summary_file(course, LAB.folder).read_text("utf-8"))
    assert sorted(one["student"] for one in summary["runs"]) == sorted(true)
    with FileLock(course / ".autograder" / "lock", timeout=5):
        assert not list((course / ".autograder").glob("stage-*"))
