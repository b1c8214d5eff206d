"""Grades out of the gradebook: CSV, and the files that Canvas and Moodle import.

They are plugins of nbgrader's own command, run in the course folder:

    nbgrader export --exporter=autograder.classroom.exporters.CanvasExporter --to canvas.csv

`--assignment` and `--student` narrow an export as they do for nbgrader's own. A grade is what was earned less the
penalty for lateness. Who handed in nothing has no grade in these files, unless `missing_as_zero` says otherwise.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGrader
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Enum

from autograder.classroom.spreadsheet import NOTHING, Cell, as_text, write_table
from autograder.errors import AutograderError, NothingGraded
from autograder.grading.recording import half_recorded
from autograder.judging.feedback import points_text
from llmlab.errors import WorkspaceError


class GradesExporter(ExportPlugin):
    """What the exporters share: which grades are asked for, and how an error reaches a person."""

    missing_as_zero = Bool(
        False, help="Whether a student who handed in nothing gets 0 instead of no grade."
    ).tag(config=True)

    default_file = "grades.csv"

    def rows(self, gradebook: Gradebook) -> Iterator[list[Cell]]:
        """Yield the rows of the file, the head first."""
        raise NotImplementedError

    def export(self, gradebook: Gradebook) -> None:
        """Write the file that `--to` names.

        Raises:
            NothingGraded: There is no such student or assignment, or none at all.
            WorkspaceError: The file cannot be written.
        """
        target = Path(self.to or self.default_file)
        try:
            write_table(target, list(self.rows(gradebook)))
        except (AutograderError, WorkspaceError) as error:
            if isinstance(self.parent, NbGrader):
                # nbgrader would show a traceback, and ask for a report of a bug.
                self.parent.fail("%s", error)
            raise
        self.log.info("Wrote %s", target)

    def assignments(self, gradebook: Gradebook) -> list[Any]:
        """List the assignments that are asked for."""
        return _chosen("assignment", gradebook.assignments, "name", self.assignment)

    def students(self, gradebook: Gradebook) -> list[Any]:
        """List the students that are asked for."""
        return _chosen("student", gradebook.students, "id", self.student)

    def submission(self, gradebook: Gradebook, assignment: Any, student: Any) -> Any:
        """Find what a student handed in, or None; say so where a person has not graded it yet."""
        try:
            submission = gradebook.find_submission(assignment.name, student.id)
        except MissingEntry:
            return None
        if student.id in self._half_recorded(assignment.name):
            told = f"{as_text(student.id)} has no grade for {assignment.name} yet: it is half recorded."
            if self.missing_as_zero:
                raise NothingGraded(f"{told} Run `autograder grade {assignment.name}` first.")
            self.log.warning("%s Run `autograder grade %s` first.", told, assignment.name)
            return None
        if submission.needs_manual_grade:
            self.log.warning(
                "%s of %s waits for a person's grade; the export has the points so far.",
                assignment.name,
                as_text(student.id),
            )
        return submission

    def _half_recorded(self, lab: str) -> set[str]:
        root = self.parent.coursedir.root if isinstance(self.parent, NbGrader) else ""
        return half_recorded(Path(root), lab)

    def grade(self, submission: Any) -> float | None:
        """Say what a submission is worth in the end; None where nothing was handed in."""
        if submission is None:
            return 0.0 if self.missing_as_zero else None
        return max(0.0, submission.score - submission.late_submission_penalty)


def _chosen(kind: str, entries: list[Any], key: str, names: list[Any]) -> list[Any]:
    """Pick the entries that are named, or all; nbgrader itself passes over a name that it lacks."""
    if not entries:
        raise NothingGraded(
            f"The gradebook has no {kind}s; run this in the course folder, after grading."
        )
    known = {str(getattr(entry, key)): entry for entry in entries}
    wanted = [str(name) for name in names] or list(known)
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"it has {len(known)} others."
            raise NothingGraded(f"The gradebook has no {kind} `{name}`; {hint}")
    return [known[name] for name in wanted]


def _time(moment: datetime.datetime | None) -> str:
    return moment.isoformat(sep=" ") if moment else ""


class CsvExporter(GradesExporter):
    """One row for each student and assignment, in the columns of nbgrader's own CSV export.

    Unlike nbgrader's, it quotes commas in names, keeps formulas from a spreadsheet, and tells a zero from a
    submission that is missing.
    """

    def rows(self, gradebook: Gradebook) -> Iterator[list[Cell]]:
        """Yield the rows of the file, the head first."""
        yield [
            "assignment",
            "duedate",
            "timestamp",
            "student_id",
            "last_name",
            "first_name",
            "email",
            "raw_score",
            "late_submission_penalty",
            "score",
            "max_score",
        ]
        students = self.students(gradebook)
        for assignment in self.assignments(gradebook):
            for student in students:
                submission = self.submission(gradebook, assignment, student)
                yield [
                    assignment.name,
                    _time(submission.duedate if submission else assignment.duedate),
                    _time(submission.timestamp if submission else None),
                    student.id,
                    student.last_name,
                    student.first_name,
                    student.email,
                    submission.score if submission else None,
                    submission.late_submission_penalty if submission else None,
                    self.grade(submission),
                    assignment.max_score,
                ]


class CanvasExporter(GradesExporter):
    """The file that Canvas's gradebook imports: a row a student, a column an assignment.

    Canvas finds a student by its own number (`lms_user_id` in nbgrader's gradebook), else by the SIS user ID, the
    login (nbgrader's name of the student) or the name; an assignment by its title, else it offers to make one.
    An empty cell leaves the grade in Canvas as it is. The second row has the points possible.
    Source: Canvas LMS, lib/gradebook_importer.rb and lib/gradebook_exporter.rb, as they stood in 2026.
    """

    default_file = "canvas.csv"

    def rows(self, gradebook: Gradebook) -> Iterator[list[Cell]]:
        """Yield the rows of the file, the head first."""
        assignments, students = self.assignments(gradebook), self.students(gradebook)
        titles = [assignment.name for assignment in assignments]
        yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles]
        possible = [assignment.max_score for assignment in assignments]
        yield ["Points Possible", None, None, None, None, *possible]
        for student in students:
            grades = [
                self.grade(self.submission(gradebook, assignment, student))
                for assignment in assignments
            ]
            number = student.lms_user_id or ""
            yield [
                _canvas_name(student),
                number if number.isdecimal() else None,
                None,
                student.id,
                None,
                *grades,
            ]


def _canvas_name(student: Any) -> str:
    """Write a name as Canvas sorts it. One that holds its mark of the second row would change the points."""
    parts = [part for part in (student.last_name, student.first_name) if part]
    return (", ".join(parts) or str(student.id)).replace("Points Possible", "Points possible")


class MoodleExporter(GradesExporter):
    """The file that Moodle's gradebook imports as CSV: for each assignment a grade and its feedback.

    On Moodle's page 'Import grades' map from `Email address` to 'Email address', or from `Username` to 'Username',
    and each grade and feedback to its item. Moodle gives up the whole import at the first row whose student it does
    not find, and older releases file a row without one under the student before; so students without what
    `identify_by` names are left out, with a warning. A hyphen means 'no grade'.
    Source: Moodle 5.1, grade/import/csv/classes/load_data.php, and MoodleDocs, 'Grade import', as they stood in
    2026. By default Moodle takes no grade above 100.
    """

    identify_by = Enum(
        ("email", "username"), default_value="email", help="How Moodle shall find a student."
    ).tag(config=True)

    default_file = "moodle.csv"

    def rows(self, gradebook: Gradebook) -> Iterator[list[Cell]]:
        """Yield the rows of the file, the head first."""
        assignments, students = self.assignments(gradebook), self.students(gradebook)
        titles = [
            f"{assignment.name}{part}" for assignment in assignments for part in ("", " feedback")
        ]
        yield ["First name", "Last name", "Username", "Email address", *titles]
        for student in students:
            identity = student.email if self.identify_by == "email" else student.id
            if not identity or as_text(identity) != identity:
                self.log.warning(
                    "%s is left out: Moodle could not find a student by the %s %r.",
                    as_text(student.id),
                    self.identify_by,
                    identity or "",
                )
                continue
            row: list[Cell] = [student.first_name, student.last_name, student.id, student.email]
            for assignment in assignments:
                submission = self.submission(gradebook, assignment, student)
                grade = self.grade(submission)
                row += [NOTHING if grade is None else grade, _feedback(submission)]
            yield row


def _feedback(submission: Any) -> str:
    """Write the points of each exercise, the penalty and the grader's comments in one line."""
    if submission is None:
        return ""
    parts = []
    for notebook in submission.notebooks:
        for grade in sorted(notebook.grades, key=lambda one: str(one.name)):
            parts.append(
                f"{grade.name}: {points_text(grade.score)} of {points_text(grade.max_score)}."
            )
        parts += [comment.comment for comment in notebook.comments if comment.comment]
    if submission.late_submission_penalty:
        parts.append(f"Late: {points_text(submission.late_submission_penalty)} points less.")
    return " ".join(parts)
