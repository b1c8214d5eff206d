"""What grading knows about an assignment: the cells that were released, the secret seed, the hidden probes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.errors import GradingError, UnreadableNotebook
from autograder.exercise import Exercise, register
from autograder.exercise.cells import exercise_of
from autograder.exercise.private import private_files, read_private
from autograder.grading.fingerprint import fingerprint
from autograder.grading.run import FOLDER, write_whole
from autograder.judging.execution import read_notebook

_FLAGS = ("grade", "solution", "locked", "task")


@dataclass(frozen=True)
class ReleasedCell:
    """One cell that nbgrader marked in the released notebook."""

    grade_id: str
    cell_type: str
    source: str
    marks: dict[str, Any]

    @property
    def is_check(self) -> bool:
        """Whether points are decided at it without a person; its place and number must not change."""
        return bool(self.marks.get("grade") and not self.marks.get("solution"))


@dataclass(frozen=True)
class Assignment:
    """One notebook of an assignment, as it was released, and how it is graded.

    Attributes:
        name: nbgrader's name of the assignment, which is the lab's folder.
        notebook: The notebook's name without .ipynb.
        released: The released notebook's text of JSON.
        cells: The cells in it that are marked, in order, by grade id.
        sources: The text of all of its code cells.
        hidden: The text of each exercise's hidden probes, by its id; empty for an assignment that is no lab.
        seed: Draws the probes' inputs; secret.
        fingerprints: Of each exercise that it checks, in order.
    """

    name: str
    notebook: str
    released: str
    cells: dict[str, ReleasedCell]
    sources: frozenset[str]
    hidden: dict[str, str]
    seed: int
    fingerprints: dict[str, str] = field(default_factory=dict)

    @property
    def exercises(self) -> list[Exercise]:
        """The exercises that it checks, in order."""
        return [register.find(one) for one in self.fingerprints]

    @property
    def topic(self) -> str:
        """The topic of the lab, or an empty text for an assignment that is no lab."""
        return next(iter(self.fingerprints), "").partition(".")[0]


def load_assignment(
    course: Path, name: str, notebook: str, release: Path, hidden_folder: Path
) -> Assignment:
    """Read an assignment's released notebook.

    Args:
        course: The course's folder, which keeps the seed.
        name: nbgrader's name of the assignment.
        notebook: The notebook's name without .ipynb.
        release: The folder of the released assignment.
        hidden_folder: Where each lab's hidden probes are, as `05_attention/causal_mask.py`.

    Raises:
        GradingError: It was not generated yet, or cannot be read.
    """
    path = release / f"{notebook}.ipynb"
    try:
        node = read_notebook(path)
    except UnreadableNotebook:
        raise GradingError(
            f"{path} is not there or cannot be read; run `nbgrader generate_assignment {name}` in the course's "
            "folder first."
        ) from None
    cells = {one.grade_id: one for one in _released(node)}
    found = [exercise for cell in node.cells if (exercise := exercise_of(cell))]
    hidden = {}
    if found:
        files = private_files(hidden_folder / name, register.load_of(found[0].id))
        hidden = {exercise: path.read_text("utf-8") for exercise, path in files.items()}
    return Assignment(
        name,
        notebook,
        json.dumps(node),
        cells,
        frozenset(cell.source for cell in node.cells if cell.cell_type == "code"),
        hidden,
        course_seed(course, name),
        {one.id: fingerprint(one, read_private(hidden.get(one.id, "")).probes) for one in found},
    )


def _released(node: NotebookNode) -> Iterator[ReleasedCell]:
    for cell in node.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade_id") and any(marks.get(flag) for flag in _FLAGS):
            yield ReleasedCell(marks["grade_id"], cell.cell_type, cell.source, dict(marks))


def seed_file(course: Path) -> Path:
    """Name the file of a course's secret seeds, which only the grader may read."""
    return course / FOLDER / "seed"


def course_seed(course: Path, lab: str, new: bool = False) -> int:
    """Return the secret seed of a lab in a course, drawn when it is first asked for.

    Args:
        course: The course's folder.
        lab: nbgrader's name of the assignment.
        new: Whether to draw a new one, which grades every submission anew.

    Raises:
        GradingError: The file of seeds is damaged.
    """
    path = seed_file(course)
    try:
        seeds = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError:
        seeds = None
    if not isinstance(seeds, Mapping) or not all(isinstance(one, int) for one in seeds.values()):
        raise GradingError(f"{path} is damaged; remove it, and a new seed is drawn for each lab.")
    if new or lab not in seeds:
        seeds = {**seeds, lab: secrets.randbelow(2**62) + 1}
        # The file is made with mode 0600.
        write_whole(path, (json.dumps(seeds) + "\n").encode())
    return int(seeds[lab])
