"""Turns the one source of a lab into the notebooks that instructors and students open.

A source is a Jupytext percent file, `solutions/NN_topic/topic.py`. Its cells are marked on their first line:

    # %% exercise="attention.causal_mask"           the answer, between ### BEGIN and ### END SOLUTION
    # %% check="attention.causal_mask"              check("attention.causal_mask"), worth its points
    # %% [markdown] question="attention.why" points=2    free text, graded by a person

`source_notebook` gives what nbgrader calls the source; `release_notebook` what it calls the release,
made by nbgrader's own preprocessors.
"""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from autograder.errors import AuthoringError
from autograder.exercise import Lab, register
from autograder.exercise.cells import grade_id

_SCHEMA = 3
_KINDS = ("exercise", "check", "question")
_QUESTION = re.compile(r"[a-z]\w*", re.ASCII)
_SOLUTION = re.compile("(BEGIN|END) SOLUTION")
# No notebook may have a longer cell id.
_LONGEST = 64


def _cell_name(kind: str, exercise_id: str) -> str:
    return grade_id(exercise_id) + ("-answer" if kind == "exercise" else "")


def source_notebook(path: Path) -> NotebookNode:
    """Read a lab's source as nbgrader's source notebook, with answers and points.

    Raises:
        AuthoringError: The source breaks a rule of the format; the message names the cell.
    """
    lab = register.load(path.parent.name)
    try:
        notebook = jupytext.reads(path.read_text("utf-8"), fmt="py:percent")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise AuthoringError(f"{path} cannot be read ({reason}).") from error
    used: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        marks = dict(cell.metadata)
        cell.metadata = NotebookNode()
        cell.id = f"{lab.topic}-{number:03}"
        place = f"{path.name}, cell {number + 1}"
        kinds = [kind for kind in _KINDS if kind in marks]
        for kind in kinds:
            _mark(cell, lab, kind, str(marks[kind]), marks.get("points"), place)
            if cell.id in used:
                raise AuthoringError(
                    f"{place}: {kind} `{marks[kind]}` has the name of an earlier cell; remove one, "
                    "or rename it."
                )
            used.add(cell.id)
        if not kinds and _SOLUTION.search(cell.source):
            raise AuthoringError(
                f"{place}: an answer stands in a cell without a mark; mark it exercise= or question=."
            )
    _complete(lab, used, path)
    notebook.metadata = nbformat.from_dict(
        {
            "autograder": {"lab": lab.folder},
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _mark(
    cell: NotebookNode, lab: Lab, kind: str, exercise_id: str, points: object, place: str
) -> None:
    """Give a marked cell the metadata that nbgrader reads."""
    topic, _, rest = exercise_id.partition(".")
    if topic != lab.topic:
        raise AuthoringError(
            f"{place}: `{exercise_id}` is no id of this lab; begin it `{lab.topic}.`."
        )
    name = _cell_name(kind, exercise_id)
    if len(name) > _LONGEST:
        raise AuthoringError(
            f"{place}: `{name}` is longer than {_LONGEST} characters; choose a shorter id."
        )
    marks: dict[str, object] = {
        "grade": kind != "exercise",
        "locked": kind == "check",
        "schema_version": _SCHEMA,
        "solution": kind != "check",
        "task": False,
        "grade_id": name,
    }
    if kind == "question":
        if not isinstance(points, (int, float)) or points <= 0 or cell.cell_type != "markdown":
            raise AuthoringError(
                f"{place}: a question is a markdown cell with points, as points=2."
            )
        if not _QUESTION.fullmatch(rest):
            raise AuthoringError(
                f"{place}: `{exercise_id}` is no id; write letters, digits and _ after `{topic}.`."
            )
        marks["points"] = points
    elif exercise_id not in lab.points:
        raise AuthoringError(
            f"{place}: there is no exercise `{exercise_id}`; declare it in the lab."
        )
    elif cell.cell_type != "code":
        raise AuthoringError(f"{place}: a cell marked {kind}= is a code cell; remove [markdown].")
    if kind == "check":
        marks["points"] = lab.points[exercise_id]
        call = f'check("{exercise_id}")'
        if cell.source.strip() not in ("", call):
            raise AuthoringError(f"{place}: the cell must hold `{call}` and no more.")
        cell.source = call
    else:
        found = _SOLUTION.findall(cell.source)
        if not found or found != ["BEGIN", "END"] * (len(found) // 2):
            raise AuthoringError(
                f"{place}: no answer stands between ### BEGIN SOLUTION and ### END SOLUTION."
            )
    cell.id = name
    cell.metadata["nbgrader"] = marks


def _complete(lab: Lab, used: set[str], path: Path) -> None:
    for exercise_id in lab.points:
        for kind in ("exercise", "check"):
            if _cell_name(kind, exercise_id) not in used:
                raise AuthoringError(
                    f"{path.name} has no cell marked {kind}={exercise_id!r}; add it."
                )


def release_notebook(source: NotebookNode) -> NotebookNode:
    """Make the student's notebook: answers cleared, checks locked, checksums set, by nbgrader."""
    from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells

    notebook = nbformat.from_dict(source)
    resources: dict[str, object] = {}
    for preprocessor in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
        notebook, resources = preprocessor().preprocess(notebook, resources)
    return notebook
