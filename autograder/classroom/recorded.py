"""Reads from nbgrader's gradebook how each student's grade of a lab is made up, cell by cell."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from autograder.grading.gradebook import Course
from autograder.grading.recording import half_recorded

By = Literal["grader", "person", "waits"]


@dataclass(frozen=True)
class RecordedCell:
    """The points of one cell, as nbgrader has them.

    Attributes:
        name: The cell's grade id.
        score: What it counts.
        extra: How much of that is extra credit.
        possible: What it is worth.
        by: Who gave the points: the grader, a person, or nobody yet.
    """

    name: str
    score: float
    extra: float
    possible: float
    by: By


@dataclass(frozen=True)
class Recorded:
    """What the gradebook says of one submission.

    Attributes:
        cells: The points, cell by cell.
        earned: Their sum.
        penalty: What lateness costs.
        possible: The most that there is to earn.
        waits: Whether a person has still to give points.
        handed_in: When, in UTC; empty where that is not known.
        due: When it was due, with an extension, in UTC; empty where there is no such time.
        seconds_late: How late it was.
    """

    cells: tuple[RecordedCell, ...]
    earned: float
    penalty: float
    possible: float
    waits: bool
    handed_in: str
    due: str
    seconds_late: float

    @property
    def grade(self) -> float:
        """What the submission is worth in the end."""
        return max(0.0, self.earned - self.penalty)


def read_recorded(course: Course, lab: str, students: Collection[str]) -> dict[str, Recorded]:
    """Read how the grades of these students are made up; who has none that is recorded whole is left out.

    Raises:
        GradingError: The gradebook cannot be opened.
    """
    from nbgrader.api import MissingEntry

    found: dict[str, Recorded] = {}
    if not _is_there(course.directory.db_url):
        return found
    half = half_recorded(course.root, lab)
    with course.gradebook() as gradebook:
        for student in students:
            with contextlib.suppress(MissingEntry):
                found[student] = _recorded(gradebook.find_submission(lab, student))
    half |= half_recorded(course.root, lab)
    return {student: one for student, one in found.items() if student not in half}


def _is_there(url: str) -> bool:
    """Say whether there is a gradebook: SQLite would make an empty one of what is only asked for."""
    from sqlalchemy.engine import make_url

    parts = make_url(url)
    is_file = parts.get_backend_name() == "sqlite" and parts.database
    return not is_file or Path(str(parts.database)).is_file()


def _recorded(submission: Any) -> Recorded:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    return Recorded(
        tuple(map(_cell, grades)),
        float(submission.score),
        float(submission.late_submission_penalty or 0),
        float(submission.max_score),
        bool(submission.needs_manual_grade),
        _time(submission.timestamp),
        _time(submission.duedate),
        float(submission.total_seconds_late),
    )


def _cell(grade: Any) -> RecordedCell:
    by: By = "person" if grade.manual_score is not None else "grader"
    if grade.needs_manual_grade:
        by = "waits"
    extra = float(grade.extra_credit or 0)
    return RecordedCell(str(grade.name), float(grade.score), extra, float(grade.max_score), by)


def _time(moment: datetime | None) -> str:
    return moment.isoformat(" ", "seconds") if moment else ""
