"""Reads the answers that students handed in, as text, from a course folder.

What lies there was written by strangers: a file is read only where it is a plain file of a sensible size in its
student's own folder, and nothing of it is run.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.authoring.source import release_notebook
from autograder.exercise import register
from autograder.exercise.cells import grade_id
from autograder.judging.execution import read_notebook

MOST_BYTES = 16_000_000


@dataclass(frozen=True)
class Submitted:
    """The answers of a class.

    Attributes:
        answers: For each student, the code of each exercise's answer cell.
        known: For each exercise, code that students may have from the course itself.
        unread: The students whose notebook could not be read.
    """

    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def read_submitted(course: Path, lab: str, students: Iterable[str]) -> Submitted:
    """Read the answers of these students to one lab, and what the course itself says of its exercises.

    Args:
        course: The course folder, with nbgrader's `submitted` and `source`.
        lab: The lab, as `05_attention`.
        students: Whose answers to read.

    Raises:
        UnreadableNotebook: The course's own source is no notebook.
    """
    known = register.load(lab)
    inside = Path(known.folder) / f"{known.topic}.ipynb"
    ids = {f"{grade_id(one.id)}-answer": one.id for one in known}
    answers: dict[str, dict[str, str]] = {}
    unread = []
    for student in students:
        notebook = read_json(course / "submitted", Path(student) / inside)
        if notebook is None:
            unread.append(student)
        else:
            answers[student] = _answers(notebook, ids)
    from_course = {one.id: [_code_of(one.reference)] for one in known}
    source = course / "source" / inside
    if source.is_file():
        solved = read_notebook(source)
        for given in (solved, release_notebook(solved)):
            for exercise_id, code in _answers(given, ids).items():
                from_course[exercise_id].append(code)
    return Submitted(answers, from_course, tuple(unread))


def read_json(folder: Path, inside: Path) -> Any:
    """Read a notebook as JSON; None where there is no plain file of a sensible size, or no JSON in it."""
    path = folder / inside
    if inside.is_absolute():
        return None
    try:
        # A link could lead to any file of the instructor's, and its text onto a page.
        if path.resolve() != folder.resolve() / inside or not path.is_file():
            return None
        found = path.stat()
        if found.st_size > MOST_BYTES or found.st_nlink > 1:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _answers(notebook: Any, ids: dict[str, str]) -> dict[str, str]:
    """Pick the code of the answer cells; what has another form than a notebook's is passed over."""
    found: dict[str, str] = {}
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    for cell in cells if isinstance(cells, list) else []:
        try:
            exercise_id = ids[cell["metadata"]["nbgrader"]["grade_id"]]
            source = cell["source"]
            found.setdefault(exercise_id, source if isinstance(source, str) else "".join(source))
        except (KeyError, TypeError):
            continue
    return found


def _code_of(reference: Any) -> str:
    """Find the code of llmlab's own implementation, which students may read; empty for a plain answer."""
    return inspect.getsource(reference) if callable(reference) else ""
