"""A simulated class is graded as it truly deserves: every student, every exercise."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.classroom.course import init_course
from autograder.classroom.simulation import simulate, truth
from autograder.exercise import register
from autograder.grading.batch import Workers, grade_lab
from autograder.grading.engine import Settings
from autograder.grading.gradebook import Course
from tests.courses import nbgrader
from tests.labs import SOLUTIONS

LAB = register.load("attention")
STUDENTS = 16


@pytest.mark.usefixtures("sandbox")
def test_every_simulated_student_gets_the_true_points(tmp_path: Path) -> None:
    root = tmp_path / "llm101"
    init_course(root, SOLUTIONS)
    nbgrader(root, "generate_assignment", LAB.folder)
    drawn = simulate(root, LAB, STUDENTS, seed=123)
    # The seed is one that draws some of all there is.
    kinds = {one.kind for one in drawn}
    assert kinds >= {"worker", "blank", "early exit", "broken file", "shows forged evidence"}
    answers = {each.kind for one in drawn for each in one.exercises.values()}
    assert answers >= {"right", "misconception", "warning", "crash", "shape", "loop", "blank"}
    with Workers(Settings(cell_seconds=12), 2) as team:
        team.warm()
        runs = grade_lab(Course(root), LAB.folder, workers=team)
    true = truth(root, LAB.folder)
    found = {run.student: {one.exercise: one.points for one in run.verdicts} for run in runs}
    nothing = dict.fromkeys(LAB.exercises, 0)
    assert {name: points or nothing for name, points in found.items()} == true
    assert len(found) == STUDENTS
