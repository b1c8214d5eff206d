"""A class from release to feedback, with nothing but stock nbgrader commands after `autograder init`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.authoring.source import source_notebook
from autograder.classroom.course import init_course
from autograder.exercise import register
from autograder.exercise.cells import grade_id
from tests.labs import ROOT, SOLUTIONS

pytestmark = pytest.mark.classroom

LAB = register.load("attention")
BIN = Path(sys.executable).parent
FULL = sum(exercise.points for exercise in LAB)
# Half right: attention itself is written without the scale, and two more are left open.
LEFT_OPEN = ("attention.TransformerBlock", "attention.layer_norm")
NO_SCALE = "attention.scaled_dot_product_attention"

# nbgrader asks the system who submits. Without a system user for each student, Python is told.
AS_USER = """
import os, pwd
_asked = pwd.getpwuid
pwd.getpwuid = lambda uid: pwd.struct_passwd((os.environ["CLASSROOM_USER"], *_asked(uid)[1:]))
"""


@dataclass
class Classroom:
    course: Path
    home: Path
    exchange: Path

    def nbgrader(self, *args: str, cwd: Path, user: str = "teacher") -> str:
        # Nothing of whoever runs the tests may be read or written, and no environment is activated.
        environment = {
            "PATH": f"/usr/bin{os.pathsep}/bin",
            "HOME": str(self.home / user),
            "CLASSROOM_USER": user,
            "PYTHONPATH": f"{self.home}{os.pathsep}{ROOT}",
            "LLMLAB_PROGRESS": str(self.home / user / "progress.jsonl"),
            "LANG": "C.UTF-8",
        }
        (self.home / user).mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [BIN / "nbgrader", *args], cwd=cwd, env=environment, text=True, capture_output=True
        )
        assert done.returncode == 0, f"nbgrader {' '.join(args)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def desk(self, student: str) -> Path:
        """The student's own folder, configured as a hub would."""
        folder = self.home / student / "desk"
        folder.mkdir(parents=True, exist_ok=True)
        config = (
            "c = get_config()\n"
            f"c.CourseDirectory.course_id = {self.course.name!r}\n"
            f"c.Exchange.root = {str(self.exchange)!r}\n"
            f"c.Exchange.cache = {str(self.home / student / 'cache')!r}\n"
            "c.Execute.timeout = 180\n"
        )
        (folder / "nbgrader_config.py").write_text(config)
        return folder


def solve(notebook: NotebookNode, but: Callable[[str, str], str] = lambda _, code: code) -> None:
    """Fill in the answers of the source, changed by `but`, which gets each exercise's id and code."""
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in source_notebook(SOLUTIONS / LAB.folder / "attention.py").cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    ids = {grade_id(exercise.id) + "-answer": exercise.id for exercise in LAB}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in ids:
            cell.source = but(ids[name], answers[name])
        elif cell.cell_type == "markdown" and name in answers:
            cell.source = "One softmax shares out one attention; two heads have two."


def half_right(exercise: str, code: str) -> str:
    if exercise in LEFT_OPEN:
        return re.sub(
            r"### BEGIN.*?### END SOLUTION", "raise NotImplementedError()", code, flags=re.S
        )
    if exercise == NO_SCALE:
        assert "sqrt" in code
        return re.sub(r" / (math|torch)\.sqrt\([^\n]*\]\)", "", code)
    return code


def crashing(exercise: str, code: str) -> str:
    # The third answer ends the process: what came before is earned, what comes after is not.
    return code + "\nimport os; os._exit(7)" if exercise == NO_SCALE else code


def warning(exercise: str, code: str) -> str:
    # Stock nbgrader gives nothing for a line on standard error; it is no mistake.
    noisy = re.sub(
        "( *)### BEGIN SOLUTION",
        r"\1import sys, warnings\n\1warnings.warn('careful')\n\1print('loud', file=sys.stderr)",
        code,
    )
    return noisy + "\nimport sys\nprint('loud', file=sys.stderr)"


SUBMISSIONS: dict[str, Callable[[NotebookNode], None]] = {
    "perfect": solve,
    "untouched": lambda notebook: None,
    "half": lambda notebook: solve(notebook, half_right),
    "crashing": lambda notebook: solve(notebook, crashing),
    "warning": lambda notebook: solve(notebook, warning),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Classroom, dict[str, str]]:
    """Take a class of five through a whole assignment; give what `validate` told two of them."""
    root = tmp_path_factory.mktemp("classroom")
    room = Classroom(root / "llm101", root / "home", root / "exchange")
    room.exchange.mkdir()
    room.exchange.chmod(0o777)
    room.home.mkdir()
    (room.home / "sitecustomize.py").write_text(AS_USER)
    init_course(room.course, SOLUTIONS)
    with (room.course / "nbgrader_config.py").open("a") as config:
        config.write(f"c.Exchange.root = {str(room.exchange)!r}\n")
    room.nbgrader("generate_assignment", LAB.folder, cwd=room.course)
    room.nbgrader("release_assignment", LAB.folder, cwd=room.course)

    validated = {}
    for student, write in SUBMISSIONS.items():
        desk = room.desk(student)
        room.nbgrader("fetch_assignment", LAB.folder, cwd=desk, user=student)
        path = desk / LAB.folder / "attention.ipynb"
        notebook = nbformat.read(path, as_version=4)
        write(notebook)
        nbformat.write(notebook, path)
        if student in ("perfect", "half", "warning"):
            validated[student] = room.nbgrader("validate", str(path), cwd=desk, user=student)
        room.nbgrader("submit", LAB.folder, cwd=desk, user=student)

    room.nbgrader("collect", LAB.folder, cwd=room.course)
    room.nbgrader("autograde", LAB.folder, cwd=room.course)
    room.nbgrader("generate_feedback", LAB.folder, cwd=room.course)
    room.nbgrader("release_feedback", LAB.folder, cwd=room.course)
    return room, validated


def scores(room: Classroom) -> dict[str, dict[str, float]]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room.course}/gradebook.db") as gradebook:
        return {
            submission.student.id: {
                grade.name: grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.auto_score is not None and grade.cell.cell_type == "code"
            }
            for submission in gradebook.assignment_submissions(LAB.folder)
        }


def test_points_are_right_for_each_kind_of_submission(
    graded: tuple[Classroom, dict[str, str]],
) -> None:
    found = scores(graded[0])
    points = {grade_id(exercise.id): exercise.points for exercise in LAB}
    assert found["perfect"] == points
    assert found["warning"] == points
    assert set(found["untouched"].values()) == {0}
    # Many heads are built on the attention that lacks its scale, so they are wrong with it.
    wrong = (*LEFT_OPEN, NO_SCALE, "attention.MultiHeadAttention")
    lost = {grade_id(exercise) for exercise in wrong}
    assert found["half"] == {name: 0 if name in lost else value for name, value in points.items()}
    names = list(points)
    earned = names[: names.index(grade_id(NO_SCALE))]
    assert found["crashing"] == {name: points[name] if name in earned else 0 for name in names}


def test_the_question_waits_for_a_person(graded: tuple[Classroom, dict[str, str]]) -> None:
    from nbgrader.api import Gradebook

    room = graded[0]
    with Gradebook(f"sqlite:///{room.course}/gradebook.db") as gradebook:
        assignment = gradebook.find_assignment(LAB.folder)
        assert assignment.max_score == FULL + assignment.max_written_score
        assert assignment.max_written_score > 0
        assert assignment.max_code_score == FULL


def test_a_student_reads_in_the_feedback_what_they_misunderstood(
    graded: tuple[Classroom, dict[str, str]],
) -> None:
    room, _ = graded
    pages = {}
    for student in SUBMISSIONS:
        desk = room.home / student / "desk"
        room.nbgrader("fetch_feedback", LAB.folder, cwd=desk, user=student)
        (page,) = (desk / LAB.folder / "feedback").rglob("attention.html")
        pages[student] = page.read_text("utf-8")
    assert "not divided by the square root of the head size" in pages["half"]
    assert "not divided by the square root of the head size" not in pages["perfect"]
    assert "not written yet" in pages["untouched"]
    assert "ended its Python process" in pages["crashing"]
    assert "careful" in pages["warning"]


def test_validate_tells_the_same_before_the_student_submits(
    graded: tuple[Classroom, dict[str, str]],
) -> None:
    _, validated = graded
    assert "Success" in validated["perfect"]
    assert "Success" in validated["warning"]
    assert "4 CELL(S)" in re.sub(r"\s+", " ", validated["half"]).upper()
    assert "not divided by the square root" in re.sub(r"\s+", " ", validated["half"])


def test_nothing_that_students_must_not_see_is_in_the_exchange(
    graded: tuple[Classroom, dict[str, str]],
) -> None:
    room, _ = graded
    for path in (room.exchange / room.course.name / "outbound").rglob("*"):
        assert "hidden" not in path.name
        if path.is_file():
            assert "BEGIN SOLUTION" not in path.read_text("utf-8")
            assert "HiddenProbes" not in path.read_text("utf-8")
