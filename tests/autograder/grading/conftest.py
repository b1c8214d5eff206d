"""A course with lab 00 released, and what it takes to hand something in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.authoring.source import source_notebook
from autograder.classroom.course import init_course
from autograder.exercise import register
from autograder.grading.batch import Workers
from autograder.grading.engine import Job, Result, Settings, grade
from autograder.grading.gradebook import Course
from autograder.sandbox import SandboxUnavailable, sandbox_works
from tests.courses import made_once, nbgrader
from tests.labs import SOLUTIONS

LAB = register.load("welcome")
FULL = sum(one.points for one in LAB)
SETTINGS = Settings(cell_seconds=10)
ANSWERS = {
    cell.metadata.nbgrader.grade_id: cell.source
    for cell in source_notebook(SOLUTIONS / LAB.folder / "welcome.py").cells
    if cell.metadata.get("nbgrader", {}).get("solution")
}
Change = Callable[[NotebookNode], None]


def marked(notebook: NotebookNode, name: str) -> NotebookNode:
    (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name]
    return cell


def solve(notebook: NotebookNode) -> None:
    for name, source in ANSWERS.items():
        marked(notebook, name).source = source


@dataclass
class Classroom:
    """A course on the disk, and nbgrader's view of it."""

    root: Path

    @property
    def course(self) -> Course:
        return Course(self.root)

    def released(self) -> NotebookNode:
        path = self.root / "release" / LAB.folder / "welcome.ipynb"
        return nbformat.read(path, as_version=4)

    def folder(self, student: str) -> Path:
        folder = self.root / "submitted" / student / LAB.folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def hand_in(self, student: str, change: Change = solve) -> Path:
        notebook = self.released()
        change(notebook)
        path = self.folder(student) / "welcome.ipynb"
        nbformat.write(notebook, path)
        return path

    def scores(self) -> dict[str, float]:
        from nbgrader.api import Gradebook

        with Gradebook(self.course.directory.db_url) as gradebook:
            return {s.student.id: s.score for s in gradebook.assignment_submissions(LAB.folder)}


@dataclass
class Here(Workers):
    """Runs jobs in this process, and remembers them."""

    settings: Settings = SETTINGS
    ran: list[Job] = field(default_factory=list)

    def run(self, jobs: Collection[Job]) -> Iterator[tuple[Job, Result]]:
        for job in jobs:
            self.ran.append(job)
            yield job, grade(job, self.settings)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        init_course(folder, SOLUTIONS)
        nbgrader(folder, "generate_assignment", LAB.folder)

    return made_once("llm101", tmp_path_factory.getbasetemp(), make)


@pytest.fixture
def room(template: Path, tmp_path: Path) -> Classroom:
    shutil.copytree(template, tmp_path / "llm101")
    return Classroom(tmp_path / "llm101")


@pytest.fixture(scope="session")
def sandbox() -> None:
    try:
        sandbox_works()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
