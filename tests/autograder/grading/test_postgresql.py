"""Grading, exports and feedback work over PostgreSQL as they do over a SQLite file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.classroom.simulation import simulate, truth
from autograder.grading import load_history
from tests.autograder.grading.conftest import FULL, LAB, Classroom
from tests.autograder.grading.test_killed import start
from tests.courses import nbgrader
from tests.postgresql import Server, reason_not_to, running_server

pytestmark = pytest.mark.usefixtures("sandbox")

STUDENTS = 6
# What a database takes for its own: a quote, a wildcard, a comment, letters of other scripts.
NAMES = ("ada", "O'Brien; ada", 'Zoë "%s" 李雷')
CSV = "autograder.classroom.exporters.CsvExporter"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if reason := reason_not_to():
        pytest.skip(reason)
    with running_server() as running:
        yield running


@pytest.fixture
def postgres(room: Classroom, server: Server) -> Classroom:
    """A course whose gradebook is an empty database, with lab 00 released into it."""
    (room.root / "gradebook.db").unlink()
    with (room.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {server.new_database()!r}\n")
    nbgrader(room.root, "generate_assignment", LAB.folder, "--force")
    return room


def grade(room: Classroom) -> str:
    grader = start(room.root)
    said = grader.communicate()[0].decode()
    assert grader.returncode in (0, 1), said
    assert not (room.root / "gradebook.db").exists()
    return said


def exported(room: Classroom) -> dict[str, str]:
    nbgrader(room.root, "export", f"--exporter={CSV}", "--to=grades.csv")
    with (room.root / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student_id"]: row["score"] for row in csv.DictReader(file)}


def double_the_points(room: Classroom) -> None:
    path = room.root / "source" / LAB.folder / "welcome.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and not marks.get("solution"):
            marks["points"] = 2 * marks["points"]
    nbformat.write(notebook, path)
    nbgrader(room.root, "generate_assignment", LAB.folder, "--force")


def test_a_class_is_graded_exported_and_given_feedback(postgres: Classroom) -> None:
    for name in NAMES:
        postgres.hand_in(name)
    postgres.hand_in("blank", lambda notebook: None)
    (postgres.folder("corrupt") / "welcome.ipynb").write_text("{")
    grade(postgres)
    true = dict.fromkeys(NAMES, FULL) | {"blank": 0, "corrupt": 0}
    assert postgres.scores() == true
    assert {name: float(score) for name, score in exported(postgres).items()} == true
    nbgrader(postgres.root, "generate_feedback", LAB.folder)
    for name in true:
        page = postgres.root / "feedback" / name / LAB.folder / "welcome.html"
        assert page.stat().st_size > 1000, name


def test_changed_points_are_recorded_anew_and_nothing_is_run_again(postgres: Classroom) -> None:
    postgres.hand_in("ada")
    postgres.hand_in("blank", lambda notebook: None)
    grade(postgres)
    assert "Nothing had to be run again." in grade(postgres)
    assert postgres.scores() == {"ada": FULL, "blank": 0}
    double_the_points(postgres)
    assert "Nothing had to be run again." in grade(postgres)
    assert postgres.scores() == {"ada": 2 * FULL, "blank": 0}
    assert {name: float(score) for name, score in exported(postgres).items()} == postgres.scores()


def test_two_graders_at_once_record_the_truth(postgres: Classroom) -> None:
    simulate(postgres.root, LAB, STUDENTS, seed=4)
    graders = [start(postgres.root), start(postgres.root)]
    said = [grader.communicate()[0].decode() for grader in graders]
    true = {name: sum(points.values()) for name, points in truth(postgres.root, LAB.folder).items()}
    assert postgres.scores() == true, said
    history = load_history(postgres.root, LAB.folder)
    assert {name: [run.points for run in runs] for name, runs in history.items()} == {
        name: [points] for name, points in true.items()
    }
    assert not (postgres.root / "gradebook.db").exists()


def test_a_server_that_cannot_be_reached_is_told_in_one_sentence_without_its_password(
    room: Classroom, tmp_path: Path
) -> None:
    if reason := reason_not_to():
        pytest.skip(reason)
    room.hand_in("ada")
    url = f"postgresql+psycopg://grader:secret@/llm101?host={tmp_path}&port=5432"
    with (room.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    grader = start(room.root)
    said = grader.communicate()[0].decode()
    assert grader.returncode == 2, said
    assert "autograder: The gradebook that c.CourseDirectory.db_url names cannot be opened" in said
    assert "Traceback" not in said
    assert "secret" not in said
