"""A grader that ends in the middle of recording leaves no grade that anybody takes for a whole one."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path
from typing import Any

import pytest

from autograder.classroom.exporters import CsvExporter
from autograder.classroom.preprocessor import SaveGrades
from autograder.errors import NothingGraded
from autograder.grading import batch
from autograder.grading.apart import Apart
from autograder.grading.assignment import Assignment
from autograder.grading.batch import grade_lab
from autograder.grading.gradebook import Course
from autograder.grading.recording import half_recorded, recording
from autograder.grading.submission import Prepared
from tests.autograder.grading.conftest import FULL, LAB, SETTINGS, Classroom, Here
from tests.courses import nbgrader

EXPORT = "--exporter=autograder.classroom.exporters.CsvExporter"


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours handles it."""


def begin_and_be_killed(course: Path, student: str) -> None:
    with contextlib.suppress(Killed), recording(course, LAB.folder, student):
        assert student in half_recorded(course, LAB.folder)
        raise Killed


@pytest.mark.parametrize("student", ["ada", "..", "a/b\n", "李雷", "\udce9"])
def test_a_mark_stays_until_a_submission_is_recorded_whole(student: str, tmp_path: Path) -> None:
    begin_and_be_killed(tmp_path, student)
    assert half_recorded(tmp_path, LAB.folder) == {student}
    assert half_recorded(tmp_path, "05_attention") == set()
    with recording(tmp_path, LAB.folder, student):
        pass
    assert half_recorded(tmp_path, LAB.folder) == set()


def record_here(
    apart: Apart,
    course: Course,
    student: str,
    assignment: Assignment,
    prepared: Prepared,
    outputs: list[list[dict[str, Any]]],
    files: dict[str, bytes],
) -> None:
    """Record in this process, where a test can change what is done."""
    course.record(student, assignment, prepared.notebook, outputs, files)


@pytest.mark.usefixtures("sandbox")
def test_half_a_grade_is_shown_by_nobody_and_a_rerun_heals(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    for student in ("ada", "bob"):
        room.hand_in(student)
    grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))
    room.hand_in("ada", lambda notebook: None)
    saved = SaveGrades._add_score

    def killed_after_one(self: SaveGrades, *arguments: Any) -> None:
        saved(self, *arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(SaveGrades, "_add_score", killed_after_one)
        patch.setattr(batch, "record_apart", record_here)
        with pytest.raises(Killed):
            grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))
    assert set(room.course.grades(LAB.folder)) == {"bob"}
    said = nbgrader(room.root, "export", EXPORT, "--to=grades.csv")
    assert "ada has no grade for 00_welcome yet: it is half recorded" in said
    with (room.root / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    assert rows["ada"] == ""
    assert float(rows["bob"]) == FULL
    grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))
    scores = {student: one.score for student, one in room.course.grades(LAB.folder).items()}
    assert scores == room.scores() == {"ada": 0, "bob": FULL}


# nbgrader's own way of adding a submission makes SQLAlchemy warn.
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_half_a_grade_is_no_zero(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room.root)
    begin_and_be_killed(room.root, "ada")
    with room.course.gradebook() as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission(LAB.folder, "ada")
        with pytest.raises(
            NothingGraded, match=r"half recorded. Run `autograder grade 00_welcome`"
        ):
            list(CsvExporter(missing_as_zero=True).rows(gradebook))
