"""What is done with a submission in a child process, apart from the grader: reading it, and recording its grade.

Each function here is called by `Apart.do`, is given all that it needs, and returns what can be copied. The functions
that the grader itself calls stand at the end; they say what becomes of a submission that was too much for the child.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import pwd
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat

from autograder import reading
from autograder.errors import Abandoned, GradingError, TooCostly, UnreadableNotebook
from autograder.exercise import register
from autograder.grading.apart import Apart
from autograder.grading.assignment import Assignment
from autograder.grading.engine import Job
from autograder.grading.gradebook import Course
from autograder.grading.run import Violation
from autograder.grading.submission import (
    MACHINE_ERRORS,
    Files,
    Prepared,
    as_markdown,
    checks_of,
    prepare,
    read_files,
    read_notebook_bytes,
    refused,
)
from autograder.reading import Finding, Weight

# Characters that are kept of a text that nothing could show as it was meant.
_MOST_TEXT = 5_000


# In the child.


@functools.cache
def _course(root: Path) -> Course:
    return Course(root)


def read_submission(root: Path, assignment: Assignment, student: str) -> tuple[Prepared, Files]:
    """Read one submission and restore what was released; whatever is wrong with its form is its own affair."""
    course = _course(root)
    folder = course.submission(student, assignment.name)
    files = Files({})
    try:
        prepared = _named_well(student, assignment) or _owned_well(folder, student, assignment)
        if prepared is None:
            files = read_files(folder)
            prepared = _read(course, folder, assignment)
    except MACHINE_ERRORS:
        raise
    except Exception as error:
        prepared = _unreadable(assignment, error)
    return prepared, files


def _unreadable(assignment: Assignment, error: Exception) -> Prepared:
    reason = f"The submission could not be read ({type(error).__name__}: {str(error)[:200]})."
    return refused(assignment, "unreadable", reason)


def _read(course: Course, folder: Path, assignment: Assignment) -> Prepared:
    name = f"{assignment.notebook}.ipynb"
    others = sorted(path.name for path in folder.glob("*.ipynb") if path.name != name)
    named = f"There is also {', '.join(others)[:200]}" if others else ""
    path = folder / name
    if not os.path.lexists(path):
        reason = f"There is no {name} in the submission." + (f" {named}." if named else "")
        return refused(assignment, "missing", reason)
    try:
        data = read_notebook_bytes(path)
    except UnreadableNotebook as error:
        return refused(assignment, "unreadable", str(error))
    prepared = prepare(data, assignment, course.sanitizer(assignment.name, assignment.notebook))
    if named and prepared.outcome == "graded":
        reason = " ".join(filter(None, [prepared.reason, f"{named}, which was not graded."]))
        return replace(prepared, reason=reason)
    return prepared


def read_notebook(path: Path, assignment: Assignment) -> Prepared:
    """Read one notebook and restore what was released; nbgrader's own preprocessors are applied elsewhere."""
    try:
        data = read_notebook_bytes(path)
    except UnreadableNotebook as error:
        return refused(assignment, "unreadable", str(error))
    try:
        return prepare(data, assignment, lambda notebook: notebook)
    except MACHINE_ERRORS:
        raise
    except Exception as error:
        return _unreadable(assignment, error)


def _named_well(student: str, assignment: Assignment) -> Prepared | None:
    if student.strip() == student and student.isprintable() and not student.startswith("."):
        return None
    reason = f"The folder's name {student!r} is no name of a student that nbgrader can keep."
    return refused(assignment, "refused", reason)


def _owned_well(folder: Path, student: str, assignment: Assignment) -> Prepared | None:
    """Refuse a submission whose files belong to another user of this machine than its student or the grader.

    Where files change hands on their way (nbgrader's collecting copies them), the collecting refuses them: see
    `autograder.classroom.collect`.
    """
    mine = {os.geteuid(), os.lstat(folder.parent.parent).st_uid}
    with contextlib.suppress(KeyError):
        mine.add(pwd.getpwnam(student).pw_uid)
    for path in (folder, *sorted(folder.glob("*.ipynb"))):
        owner = os.lstat(path).st_uid
        if owner not in mine:
            with contextlib.suppress(KeyError):
                name = pwd.getpwuid(owner).pw_name
                # The reason comes into the feedback, where no other student is named.
                filed = f"It is filed under {student!r}, and {path.name} belongs to"
                violation = Violation("wrong owner", path.name, f"{filed} the user {name!r}.")
                return refused(assignment, "refused", f"{filed} another user.", (violation,))
    return None


def read_source(
    notebook: str, sources: frozenset[str], files: dict[str, bytes]
) -> tuple[Finding, ...]:
    """Read the source of a prepared notebook and of the files beside it; see `autograder.reading`.

    Args:
        notebook: The notebook's text of JSON.
        sources: The texts of the cells that were released.
        files: What lies beside it.
    """
    node = nbformat.from_dict(json.loads(notebook))
    cells = [cell.source if cell.cell_type == "code" else "" for cell in node.cells]
    asked = {number: register.find(name) for number, name in checks_of(node).items()}
    try:
        found = reading.read_cells(cells, asked, sources, files)
        return (*found, *reading.read_files(files))
    except MACHINE_ERRORS:
        raise
    except Exception as error:
        return (_unread(f"Its source could not be read ({type(error).__name__})."),)


def _unread(sentence: str) -> Finding:
    return Finding("form", "notebook", sentence, Weight.LOOK)


def record_grade(
    root: Path,
    student: str,
    assignment: Assignment,
    prepared: Prepared,
    outputs: list[list[dict[str, Any]]],
    files: dict[str, bytes],
) -> None:
    """Record a result in nbgrader's gradebook; see `Course.record`."""
    _course(root).record(student, assignment, prepared.notebook, outputs, files)


def take_back(root: Path, student: str, lab: str) -> None:
    """Take a grade back that may have been recorded in part; see `Course.take_back`."""
    _course(root).take_back(student, lab)


# In the grader.


def read_apart(
    apart: Apart, course: Course, assignment: Assignment, student: str
) -> tuple[Prepared, Files]:
    """Read one submission in the child; one that is too much for it is refused, and says why.

    Raises:
        GradingError: It could not be read, by no fault of its own.
    """
    path = course.submission(student, assignment.name) / f"{assignment.notebook}.ipynb"
    with _explained():
        try:
            return apart.do(read_submission, course.root, assignment, student)
        except TooCostly as error:
            return _too_costly(error, path, assignment), Files({})


def read_notebook_apart(apart: Apart, path: Path, assignment: Assignment) -> Prepared:
    """Read one notebook in the child; see `read_apart`."""
    with _explained():
        try:
            return apart.do(read_notebook, path, assignment)
        except TooCostly as error:
            return _too_costly(error, path, assignment)


def _too_costly(error: TooCostly, path: Path, assignment: Assignment) -> Prepared:
    reason = f"Reading the submission {error}."
    violation = Violation("limit", assignment.notebook, reason)
    prepared = refused(assignment, "refused", reason, (violation,))
    return replace(prepared, content=_content_of(path))


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say of an error of the grader's own what was being done."""
    try:
        yield
    except Abandoned as error:
        raise GradingError(f"Reading the submission {error}.") from error
    except (GradingError, OSError) as error:
        raise GradingError(f"The submission could not be read ({error}).") from error


def _content_of(path: Path) -> str:
    """Stand for the bytes of a notebook that is not parsed; empty where it is no file to read."""
    try:
        return hashlib.sha256(read_notebook_bytes(path)).hexdigest()
    except UnreadableNotebook:
        return ""


def with_findings(apart: Apart, job: Job) -> Job:
    """Read a job's source in the child, and note what was found; a person looks at what is too much to read.

    Raises:
        GradingError: It could not be read, by no fault of its own.
    """
    with _explained():
        try:
            found = apart.do(read_source, job.notebook, job.assignment.sources, job.files)
        except TooCostly as error:
            found = (_unread(f"Reading its source {error}."),)
    return replace(job, findings=found)


def record_apart(
    apart: Apart,
    course: Course,
    student: str,
    assignment: Assignment,
    prepared: Prepared,
    outputs: list[list[dict[str, Any]]],
    files: dict[str, bytes],
) -> None:
    """Record a result in the child; where it is too much, with its own texts and outputs cut down.

    What is recorded then is the same grade. Where nothing helps, no grade stands in the gradebook rather than a part
    of one.

    Raises:
        AutograderError: It was not recorded; the message says why. `TooCostly` if that is its own fault.
    """
    place = (course.root, student, assignment)
    try:
        try:
            apart.do(record_grade, *place, prepared, outputs, files)
        except TooCostly:
            plain, few = plainer(prepared, outputs, assignment)
            apart.do(record_grade, *place, plain, few, files)
    except (TooCostly, Abandoned, GradingError) as error:
        said = str(error) if isinstance(error, GradingError) else f"Recording the grade {error}."
        try:
            apart.do(take_back, course.root, student, assignment.name)
        except (TooCostly, Abandoned, GradingError):
            said += " The gradebook may still hold an earlier grade."
        raise type(error)(said) from error


def plainer(
    prepared: Prepared, outputs: list[list[dict[str, Any]]], assignment: Assignment
) -> tuple[Prepared, list[list[dict[str, Any]]]]:
    """Cut down what a result holds besides its points: texts that were not released, and outputs of other cells."""
    notebook = nbformat.from_dict(prepared.notebook)
    released = {
        cell.source
        for cell in nbformat.from_dict(json.loads(assignment.released)).cells
        if cell.cell_type != "code"
    }
    few = []
    for cell, own in zip(notebook.cells, outputs, strict=True):
        few.append(own if cell.metadata.get("nbgrader", {}).get("grade") else [])
        if cell.cell_type != "code" and cell.source not in released:
            cell.pop("attachments", None)
            cell.source = as_markdown(cell.source[:_MOST_TEXT])
    return replace(prepared, notebook=notebook), few
