"""Two graders in one course take turns: every grade is the true one, however often both are killed."""

from __future__ import annotations

import json
import random
import threading
import time

import psutil
import pytest
from filelock import FileLock

from autograder.classroom.simulation import simulate, truth
from autograder.grading import load_history
from autograder.grading.batch import summary_file
from autograder.grading.recording import half_recorded
from tests.autograder.grading.conftest import LAB, Classroom
from tests.autograder.grading.test_killed import descendants, start, wait_until

pytestmark = pytest.mark.usefixtures("sandbox")

STUDENTS = 8
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


def is_true_or_absent(room: Classroom, true: dict[str, int]) -> bool:
    """Say so of every grade in the runs and in the gradebook; a grader may be at work meanwhile."""
    runs = {name: runs[-1] for name, runs in load_history(room.root, LAB.folder).items()}
    found = [(name, run.points) for name, run in runs.items() if run.fault != "grader"]
    found += [(name, grade.score) for name, grade in room.course.grades(LAB.folder).items()]
    return all(points == true[name] for name, points in found)


def test_two_graders_at_once_killed_at_random_end_with_the_truth(room: Classroom) -> None:
    course = room.root
    simulate(course, LAB, STUDENTS, seed=4)
    true = {name: sum(points.values()) for name, points in truth(course, LAB.folder).items()}
    chance = random.Random(11)
    graders, left = [start(course), start(course)], set[psutil.Process]()
    for number in (0, 1) * KILLS:
        time.sleep(chance.uniform(2, 7))
        left |= descendants(graders[number])
        graders[number].kill()
        graders[number].communicate()
        graders[number] = start(course)
        assert is_true_or_absent(room, true)
    wait_until(lambda: not any(one.is_running() for one in left))
    said = [grader.communicate()[0].decode() for grader in graders]
    assert room.scores() == true, said
    history = load_history(course, LAB.folder)
    assert {name: runs[-1].points for name, runs in history.items()} == true
    summary = json.loads(summary_file(course, LAB.folder).read_text("utf-8"))
    assert sorted(one["student"] for one in summary["runs"]) == sorted(true)
    with FileLock(course / ".autograder" / "lock", timeout=5):
        assert not list((course / ".autograder").glob("stage-*"))
        assert not half_recorded(course, LAB.folder)
