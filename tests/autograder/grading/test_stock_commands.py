"""Stock nbgrader's commands read submissions and make pages of feedback within the same limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.classroom.feedback_page import FeedbackPage
from autograder.grading import load_history
from autograder.grading.batch import grade_lab
from tests.autograder.grading.conftest import FULL, LAB, SETTINGS, Classroom, Here
from tests.autograder.grading.test_intake import MIB, TROUBLED, asking, configure, with_lists
from tests.courses import nbgrader

pytestmark = pytest.mark.usefixtures("sandbox")


def page(room: Classroom, student: str) -> str:
    path = room.root / "feedback" / student / LAB.folder / "welcome.html"
    return path.read_text("utf-8")


def test_a_notebook_that_is_too_much_to_show_costs_its_own_page_alone(room: Classroom) -> None:
    troubles = ("spin", "spin_in_c", "eat", "crash")
    for student in ("ada", "zoe"):
        room.hand_in(student)
    for what in troubles:
        room.hand_in(what, asking(f"{what} when shown"))
    grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))
    limits = {"processor_seconds": 6, "memory_bytes": 700 * MIB}
    configure(room, f"c.Judge.reading = {limits!r}")
    steps = f'"autograder.classroom.feedback_page.Sanitize", {TROUBLED}'
    configure(room, f"c.FeedbackPage.preprocessors = [{steps}]")
    # It cannot be copied to another process, and need not be.
    configure(room, "c.GenerateFeedback.post_convert_hook = lambda **about: None")
    said = nbgrader(room.root, "generate_feedback", LAB.folder)
    for student in ("ada", "zoe"):
        assert "Test cell" in page(room, student)
        assert f"Score: {float(FULL)} / " in page(room, student)
    for what in troubles:
        assert "This page cannot show the notebook." in page(room, what)
        assert "Test cell" not in page(room, what)
        # The gradebook's points stand all the same, and the teacher is told.
        assert f"Score: {float(FULL)} / " in page(room, what)
        assert f"{what}/{LAB.folder}/welcome.ipynb has a page of one sentence." in said
    assert "took more than 6 seconds of processor time" in page(room, "spin")
    assert "took more than 700 MiB of memory" in page(room, "eat")


def test_a_page_is_made_where_there_is_no_nbgrader(tmp_path: Path) -> None:
    import nbformat

    notebook = new_notebook(cells=[new_markdown_cell("# Title"), new_code_cell("x = 1")])
    nbformat.write(notebook, tmp_path / "one.ipynb")
    html, told = FeedbackPage().from_filename(str(tmp_path / "one.ipynb"))
    assert "Title" in html
    assert told["output_extension"] == ".html"
    assert told["metadata"]["name"] == "one"


def test_autograde_reads_within_limits_and_says_what_it_did_not(room: Classroom) -> None:
    for student in ("ada", "zoe"):
        room.hand_in(student)
    (room.folder("lists") / "welcome.ipynb").write_text(with_lists(room.released()))
    data = room.hand_in("corrupt").read_bytes()
    (room.folder("corrupt") / "welcome.ipynb").write_bytes(data[: len(data) // 2])
    room.hand_in("bare", without_checks)
    configure(room, f"c.Judge.reading = {{'memory_bytes': {700 * MIB}}}")
    nbgrader(room.root, "autograde", LAB.folder)
    found = {name: runs[-1] for name, runs in load_history(room.root, LAB.folder).items()}
    assert {name: run.outcome for name, run in found.items()} == {
        "ada": "graded",
        "bare": "changed",
        "corrupt": "unreadable",
        "lists": "refused",
        "zoe": "graded",
    }
    assert "took more than" in found["lists"].reason
    assert room.scores() == {name: FULL if name in ("ada", "zoe") else 0 for name in found}
    # What one command kept, the other finds.
    here = Here(SETTINGS)
    grade_lab(room.course, LAB.folder, ["ada"], workers=here)
    assert here.ran == []


def without_checks(notebook: NotebookNode) -> None:
    notebook.cells = [new_markdown_cell("Nothing is left.", id="bare")]
