"""Grades attacks as a class is graded, beside an honest student, and looks at everything that came of it.

An attack is a function that turns an untouched submission of lab 00 into a malicious one. The attacks of one family are
handed in by one class: nbgrader's course folder, the engine with its sandbox, the gradebook, the feedback, all real.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.authoring.source import source_notebook
from autograder.classroom.course import init_course
from autograder.exercise import register
from autograder.exercise.cells import grade_id
from autograder.exercise.draws import PUBLIC_SEED
from autograder.grading import Run
from autograder.grading.assignment import course_seed
from autograder.grading.batch import Workers, grade_lab
from autograder.grading.engine import Settings
from autograder.grading.gradebook import Course
from autograder.judging.execution import derived_seed
from autograder.probing.observing import observe_trusted
from autograder.probing.wire import encode
from autograder.sandbox import Limits, SandboxUnavailable, sandbox_works
from autograder.sandbox.limits import MEBIBYTE
from tests.courses import nbgrader
from tests.labs import SOLUTIONS

LAB = register.load("welcome")
HONEST, COURSE = "honest", "llm101"
CELL_SECONDS = 4
LIMITS = Limits(
    wall_seconds=30,
    processor_seconds=25,
    memory_bytes=900 * MEBIBYTE,
    processes=64,
    open_files=256,
    file_bytes=16 * MEBIBYTE,
    scratch_bytes=32 * MEBIBYTE,
)
SETTINGS = Settings(LIMITS, CELL_SECONDS)

CANARIES = {
    "hidden probes": "canary-hidden-3c19",
    "gradebook": "canary-gradebook-77ae",
    "home": "canary-home-a401",
    "environment": "canary-environment-0f2b",
    "other submission": "canary-submission-9d55",
}


@dataclass
class Submission:
    """What one attacker hands in; an attack changes it."""

    student: str
    folder: Path
    notebook: NotebookNode
    # Bytes to hand in instead of the notebook, for what is no notebook any more.
    raw: bytes | None = None
    # The exercises that were truly answered, and may earn their points.
    earned: set[str] = field(default_factory=set)
    # Exercises for which a right implementation runs that the student did not write. Points come from behavior, so
    # it may earn them; then the submission is flagged, unless SECURITY.md says why it cannot be.
    reaches: set[str] = field(default_factory=set)
    is_flagged: bool = True
    # Whether the attack's cells run; one that is no Python at all says that they do not.
    runs: bool = True

    def first(self, code: str) -> None:
        """Put a cell before all others."""
        self.notebook.cells.insert(0, _cell(code, "attack-first"))

    def last(self, code: str) -> None:
        """Put a cell after all others."""
        self.notebook.cells.append(_cell(code, "attack-last"))

    def answer(self, name: str, code: str) -> None:
        """Write the answer of an exercise."""
        self.answer_cell(name).source = code

    def answer_cell(self, name: str) -> NotebookNode:
        return self._marked(f"welcome-{name}-answer")

    def check_cell(self, name: str) -> NotebookNode:
        return self._marked(f"welcome-{name}")

    def question_cell(self) -> NotebookNode:
        return self._marked("welcome-expectations")

    def solve(self, *names: str) -> None:
        """Answer exercises truly."""
        for name in names:
            self.answer(name, SOLUTION[name])
            self.earned.add(f"welcome.{name}")

    def reach(self, *names: str, flagged: bool = True) -> None:
        """Say for which exercises it brings a right implementation to run that it did not write."""
        self.reaches |= {f"welcome.{name}" for name in names}
        self.is_flagged = flagged

    def note(self, text: str) -> None:
        """Put a cell of text before all others."""
        self.notebook.cells.insert(0, new_markdown_cell(text, id="attack-note"))

    def _marked(self, name: str) -> NotebookNode:
        (cell,) = [
            cell
            for cell in self.notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") == name
        ]
        return cell

    def write(self) -> None:
        data = nbformat.writes(self.notebook).encode() if self.raw is None else self.raw
        path = self.folder / "welcome.ipynb"
        if not os.path.lexists(path):
            path.write_bytes(data)


def _cell(code: str, name: str) -> NotebookNode:
    import textwrap

    return new_code_cell(textwrap.dedent(code).strip(), id=name)


SOLUTION = {
    cell.metadata.nbgrader.grade_id.removeprefix("welcome-").removesuffix("-answer"): cell.source
    for cell in source_notebook(SOLUTIONS / LAB.folder / "welcome.py").cells
    if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
}


def forged(name: str) -> str:
    """Write the evidence of a right answer, as a kernel would hand it over for the public probes."""
    exercise = LAB.exercises[f"welcome.{name}"]
    seen = [
        observe_trusted(exercise, one, exercise.reference, PUBLIC_SEED) for one in exercise.probes
    ]
    return base64.b64encode(encode(seen)).decode()


Change = Callable[[Submission], None]


@dataclass(eq=False)
class Family:
    """Attacks of one kind."""

    attacks: dict[str, Change] = field(default_factory=dict)

    def attack(self, change: Change) -> Change:
        """Add an attack, as a decorator; its docstring says what it tries."""
        assert change.__doc__
        self.attacks[change.__name__] = change
        return change


@dataclass
class Class:
    """A graded class of attackers and one honest student."""

    course: Path
    runs: dict[str, Run]
    submissions: dict[str, Submission]
    before: dict[str, str]
    seed: int

    def points(self, student: str) -> dict[str, float]:
        """What the gradebook says of a student, by the exercise's id."""
        return self.gradebook.get(student, {})

    @cached_property
    def gradebook(self) -> dict[str, dict[str, float]]:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.course}/gradebook.db") as gradebook:
            return {
                submission.student.id: {
                    grade.name: float(grade.score)
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                }
                for submission in gradebook.assignment_submissions(LAB.folder)
            }

    def shown(self, student: str) -> str:
        """All that can come back to a student or is kept about them: run, autograded notebook, feedback."""
        texts = [str(self.runs[student].to_json())]
        for step in ("autograded", "feedback"):
            folder = self.course / step / student
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            texts += [path.read_bytes().decode("utf-8", "replace") for path in files]
        return "\n".join(texts)

    def feedback(self, student: str) -> str:
        (page,) = (self.course / "feedback" / student).rglob("*.html")
        return page.read_text("utf-8")

    def check_points(self, student: str) -> None:
        """An attack earns what its code's behavior earns, and the gradebook says the same as the run."""
        submission, run = self.submissions[student], self.runs[student]
        for verdict in run.verdicts:
            if verdict.exercise in submission.reaches:
                assert run.flagged or not submission.is_flagged
            else:
                assert verdict.exercise in submission.earned or verdict.points == 0, verdict
        book = self.points(student)
        assert book
        scores = {verdict.exercise: verdict.points for verdict in run.verdicts}
        for exercise in LAB:
            assert book[grade_id(exercise.id)] == scores.get(exercise.id, 0)
        assert book["welcome-expectations"] == 0

    def check_it_was_tried(self, student: str) -> None:
        """The attack's own cells ran: one with a slip in it would be repelled by anything."""
        for path in (self.course / "autograded" / student).rglob("*.ipynb"):
            for cell in nbformat.read(path, as_version=4).cells:
                slips = [one for one in cell.get("outputs", []) if _is_slip(one)]
                assert not slips or not self.submissions[student].runs, cell.source

    def check_secrets(self, student: str) -> None:
        """Nothing secret is in anything that comes back."""
        text = self.shown(student)
        for name, canary in CANARIES.items():
            assert canary not in text, name
        assert str(self.seed) not in text
        assert str(derived_seed(self.seed, "hidden")) not in text

    def check_others(self, student: str) -> None:
        """The honest student has full points, no file was harmed, and nobody waited beyond the limit."""
        assert sum(verdict.points for verdict in self.runs[HONEST].verdicts) == FULL
        assert sum(self.points(HONEST).values()) == FULL
        assert _digests(self.course) == self.before
        assert sum(self.runs[student].seconds.values()) < 2 * LIMITS.wall_seconds


FULL = sum(exercise.points for exercise in LAB)
_SLIPS = {"SyntaxError", "IndentationError", "NameError", "ImportError", "ModuleNotFoundError"}
# What an attack reaches for and does not find, since it is not in the sandbox, is none.
_ABSENT = re.compile(r"No module named 'autograder\.|cannot import name '\w+' from 'autograder'")
_OURS = ("autograded", "feedback", ".autograder", "gradebook.db", ".nbgrader.log")


class Repelled:
    """What every attack of a family has to come to; the module's own class of tests inherits it."""

    def test_it_was_tried(self, attack: str, graded: Class) -> None:
        graded.check_it_was_tried(attack)

    def test_it_earns_nothing_that_was_not_answered(self, attack: str, graded: Class) -> None:
        graded.check_points(attack)

    def test_it_reads_nothing_secret(self, attack: str, graded: Class) -> None:
        graded.check_secrets(attack)

    def test_it_harms_nobody_else(self, attack: str, graded: Class) -> None:
        graded.check_others(attack)


def _is_slip(output: NotebookNode) -> bool:
    return output.get("ename", "") in _SLIPS and not _ABSENT.search(output.get("evalue", ""))


def _digests(course: Path) -> dict[str, str]:
    """Stand for the content of all files of a course that grading must not change."""
    return {
        str(path.relative_to(course.parent)): _digest(path)
        for path in sorted(course.parent.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not any(part in _OURS for part in path.relative_to(course.parent).parts)
    }


def _digest(path: Path) -> str:
    # A file may claim to be larger than any machine.
    with path.open("rb") as file:
        return f"{path.stat().st_size} {hashlib.sha256(file.read(2**20)).hexdigest()}"


def make_course(folder: Path) -> None:
    """Make a course that has released lab 00, with canaries in it and around it."""
    course = folder / COURSE
    init_course(course, SOLUTIONS)
    nbgrader(course, "generate_assignment", LAB.folder)
    hidden = course / "hidden" / LAB.folder / "average.py"
    hidden.write_text(hidden.read_text() + f"\nCANARY = {CANARIES['hidden probes']!r}\n")
    (course / "grades.csv").write_text(CANARIES["gradebook"])
    (folder / "home.txt").write_text(CANARIES["home"])


def grade_family(family: Family, template: Path, folder: Path, workers: Workers) -> Class:
    """Let a class of attackers and one honest student hand in, grade it, and write its feedback."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    course = folder / COURSE
    released = nbformat.read(course / "release" / LAB.folder / "welcome.ipynb", as_version=4)
    submissions = {}
    honest: Change = lambda one: one.solve(*SOLUTION)  # noqa: E731
    for student, change in {**family.attacks, HONEST: honest}.items():
        place = course / "submitted" / student / LAB.folder
        place.mkdir(parents=True)
        one = Submission(student, place, nbformat.from_dict(released))
        change(one)
        one.write()
        submissions[student] = one
    (course / "submitted" / HONEST / LAB.folder / "notes.txt").write_text(
        CANARIES["other submission"]
    )
    before = _digests(course)
    runs = grade_lab(Course(course), LAB.folder, workers=workers)
    nbgrader(course, "generate_feedback", LAB.folder)
    seed = course_seed(course, LAB.folder)
    return Class(course, {run.student: run for run in runs}, submissions, before, seed)


def skip_without_sandbox() -> None:
    try:
        sandbox_works()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def started_workers() -> Iterator[Workers]:
    os.environ["GRADER_PASSWORD"] = CANARIES["environment"]
    try:
        with Workers(SETTINGS, 2) as workers:
            workers.warm()
            yield workers
    finally:
        del os.environ["GRADER_PASSWORD"]
