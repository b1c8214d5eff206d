"""What a reading finds is for a person: it flags or holds as the course says, and takes nothing."""

from __future__ import annotations

import json
import re

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import GradingError
from autograder.grading.batch import grade_lab, summary_file
from autograder.grading.options import Judge
from autograder.reading import Weight
from tests.autograder.grading.conftest import FULL, LAB, SETTINGS, Classroom, Here, solve
from tests.courses import nbgrader

pytestmark = pytest.mark.usefixtures("sandbox")


def noted(notebook: NotebookNode) -> None:
    solve(notebook)
    notebook.cells.insert(0, new_code_cell("%tiem sum(range(3))", id="slip"))


def reaching(notebook: NotebookNode) -> None:
    solve(notebook)
    notebook.cells.insert(0, new_code_cell("import gc\nprint(len(gc.get_objects()))", id="reach"))


def writing(notebook: NotebookNode) -> None:
    solve(notebook)
    code = "import autograder\nautograder.check = lambda *names: None"
    notebook.cells.insert(0, new_code_cell(code, id="write"))


def waiting(room: Classroom) -> dict[str, list[str]]:
    """List the cells of each submission that wait in nbgrader's queue for manual grading."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room.root}/gradebook.db") as gradebook:
        return {
            submission.student.id: [
                grade.name
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.needs_manual_grade
            ]
            for submission in gradebook.assignment_submissions(LAB.folder)
        }


# Each exercise of lab 00 is worth one point.
QUESTION = ["welcome-expectations"]
CHECKS = [f"welcome-{name}" for name in LAB.order]


def test_by_default_a_note_and_a_look_leave_points_and_what_withholds_waits_for_a_person(
    room: Classroom,
) -> None:
    for student, change in (("ada", noted), ("bob", reaching), ("eve", writing)):
        room.hand_in(student, change)
    settings = room.course.settings()
    runs = {one.student: one for one in grade_lab(room.course, LAB.folder, workers=Here(settings))}
    assert {name: run.outcome for name, run in runs.items()} == dict.fromkeys(runs, "graded")
    assert {name: run.points for name, run in runs.items()} == {"ada": FULL, "bob": FULL, "eve": 0}
    assert [one.weight for one in runs["ada"].findings] == [Weight.NOTE]
    assert runs["ada"].flagged == ()
    (look,) = runs["bob"].flagged
    assert (look.where, look.line, look.code) == ("cell 1", 2, "print(len(gc.get_objects()))")
    assert len(runs["eve"].held) == FULL
    queue = {student: sorted(cells) for student, cells in waiting(room).items()}
    assert queue == {"ada": QUESTION, "bob": QUESTION, "eve": sorted([*CHECKS, *QUESTION])}
    # Table, summary and gradebook say one number.
    grades = room.course.grades(LAB.folder)
    assert {name: grade.score for name, grade in grades.items()} == room.scores()
    assert all(grade.waits for grade in grades.values())
    summary = json.loads(summary_file(room.root, LAB.folder).read_text("utf-8"))
    assert [len(one["held"]) for one in summary["runs"]] == [0, 0, FULL]
    # What a reading found is for the teacher; that points wait is for the student too.
    nbgrader(room.root, "generate_feedback", LAB.folder)
    pages = {
        student: next((room.root / "feedback" / student).rglob("*.html")).read_text("utf-8")
        for student in runs
    }
    assert "reaches into Python" not in pages["bob"]
    assert "A person gives the points" in pages["eve"]
    assert "writes to the checker" not in pages["eve"]


def test_nbgraders_own_command_queues_the_same(room: Classroom) -> None:
    room.hand_in("eve", writing)
    nbgrader(room.root, "autograde", LAB.folder)
    assert sorted(waiting(room)["eve"]) == sorted([*CHECKS, *QUESTION])
    assert room.scores() == {"eve": 0}


def test_a_course_may_hold_what_is_to_be_looked_at_or_ignore_all(room: Classroom) -> None:
    room.hand_in("bob", reaching)
    room.hand_in("eve", writing)
    config = room.root / "nbgrader_config.py"
    text = config.read_text("utf-8")
    config.write_text(f"{text}\nc.Judge.policy = {{'look': 'hold', 'withhold': 'ignore'}}\n")
    runs = grade_lab(room.course, LAB.folder, workers=Here(room.course.settings()))
    assert [len(run.held) for run in runs] == [FULL, 0]
    config.write_text(f"{text}\nc.Judge.policy = {{'withhold': 'ignore'}}\n")
    runs = grade_lab(room.course, LAB.folder, workers=Here(room.course.settings()))
    assert [run.points for run in runs] == [FULL, FULL]


@pytest.mark.parametrize("policy", [{"heavy": "hold"}, {"look": "zero"}])
def test_a_policy_that_there_is_not_is_named(policy: dict[str, str]) -> None:
    with pytest.raises(GradingError, match=r"c\.Judge\.policy says"):
        Judge(policy=policy).settings()


def test_the_table_says_what_the_gradebook_says_and_who_waits(room: Classroom) -> None:
    room.hand_in("eve", writing)
    done = CliRunner().invoke(
        app,
        ["grade", LAB.folder, "--course", str(room.root), "--workers", "1"],
        env={"COLUMNS": "300"},
    )
    assert done.exit_code == 0, done.output
    possible = room.course.grades(LAB.folder)["eve"].possible
    assert f"0/{possible:g}" in done.output
    assert "waits for a person: welcome.average" in done.output
    # The table wraps what is long.
    assert "It writes to the checker" in " ".join(re.sub("[┃│]", " ", done.output).split())


def test_a_grade_is_recorded_anew_when_time_penalty_or_roster_changed(room: Classroom) -> None:
    here = Here(SETTINGS)
    path = room.hand_in("ada")
    stamp = path.parent / "timestamp.txt"
    stamp.write_text("2026-01-01 10:00:00 UTC")
    grade_lab(room.course, LAB.folder, workers=here)

    def recorded() -> float:
        return (room.root / "autograded" / "ada" / LAB.folder / "welcome.ipynb").stat().st_mtime_ns

    first = recorded()
    grade_lab(room.course, LAB.folder, workers=here)
    assert recorded() == first
    stamp.write_text("2026-01-02 10:00:00 UTC")
    grade_lab(room.course, LAB.folder, workers=here)
    assert recorded() > first
    from nbgrader.api import Gradebook

    database, second = f"sqlite:///{room.root}/gradebook.db", recorded()
    with Gradebook(database) as gradebook:
        gradebook.update_or_create_assignment(LAB.folder, duedate="2026-01-01 12:00:00 UTC")
    grade_lab(room.course, LAB.folder, workers=here)
    third = recorded()
    assert third > second
    config = room.root / "nbgrader_config.py"
    usual = config.read_text("utf-8")
    config.write_text(f"{usual}\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    grade_lab(room.course, LAB.folder, workers=here)
    assert recorded() > third
    assert room.course.grades(LAB.folder)["ada"].score == 0
    config.write_text(usual)
    with Gradebook(database) as gradebook:
        gradebook.remove_student("ada")
        gradebook.add_student("ada")
    grade_lab(room.course, LAB.folder, workers=here)
    assert room.scores() == {"ada": FULL}
    # None of this needed a second run.
    assert len(here.ran) == 1


def test_a_time_that_cannot_be_read_is_said(room: Classroom) -> None:
    path = room.hand_in("ada")
    (path.parent / "timestamp.txt").write_text("yesterday, I think")
    (run,) = grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))
    assert (run.outcome, run.points) == ("graded", FULL)
    assert [(one.kind, one.where) for one in run.violations] == [("form", "timestamp.txt")]


NAMES = ["[x] ada", "Doe, Jane", "O'Brien", "a*b?", "{curly}", "Zoë"]


def test_students_of_all_names_are_recorded_and_can_be_chosen(room: Classroom) -> None:
    for name in NAMES:
        room.hand_in(name)
    runs = grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))
    assert {run.student: (run.outcome, run.points) for run in runs} == dict.fromkeys(
        NAMES, ("graded", FULL)
    )
    assert room.scores() == dict.fromkeys(NAMES, FULL)
    chosen = '"Doe, Jane", [x] ada'
    command = ["grade", LAB.folder, "--course", str(room.root), "--students", chosen, "--json"]
    done = CliRunner().invoke(app, [*command, "--workers", "1"])
    assert [one["student"] for one in json.loads(done.stdout)["runs"]] == ["Doe, Jane", "[x] ada"]
