"""A submission that is too much to read, record or show is one row with a sentence; every grade is true or absent."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.grading import Run
from autograder.grading.apart import Apart, Budget
from autograder.grading.batch import grade_lab
from autograder.grading.cache import job_of
from autograder.grading.intake import plainer, read_apart, with_findings
from autograder.grading.submission import MAX_ATTACHED, Prepared
from autograder.reading import Weight
from tests.autograder.grading.conftest import (
    FULL,
    LAB,
    SETTINGS,
    Change,
    Classroom,
    Here,
    marked,
    solve,
)

MIB = 2**20
# Far beyond what a class of these takes, and far below what one of them would take.
AT_MOST = 600
TROUBLED = '"tests.autograder.grading.apart_work.Troubled"'
READING = {"processor_seconds": 6, "memory_bytes": 700 * MIB}


def configure(room: Classroom, line: str) -> None:
    with (room.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\n{line}\n")


@pytest.fixture
def limited(room: Classroom) -> Classroom:
    """A course with small limits, one of whose steps does what a cell asks of it."""
    configure(room, f"c.Judge.reading = {READING!r}")
    configure(room, f"c.Autograde.sanitize_preprocessors.append({TROUBLED})")
    return room


def heal(room: Classroom, steps: str = "sanitize_preprocessors") -> None:
    configure(room, f"c.Autograde.{steps}.remove({TROUBLED})")


def asking(what: str, kind: str = "code") -> Change:
    """Answer everything truly, and ask for trouble."""

    def change(notebook: NotebookNode) -> None:
        solve(notebook)
        make = new_code_cell if kind == "code" else new_markdown_cell
        text = f"# {what}" if kind == "code" else f"*{what.replace(' ', '* ', 1)}"
        notebook.cells.append(make(text, id="asks"))

    return change


def rows(room: Classroom) -> dict[str, Run]:
    began = time.monotonic()
    runs = grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))
    assert time.monotonic() - began < AT_MOST
    return {run.student: run for run in runs}


def with_lists(notebook: NotebookNode) -> str:
    """Write a notebook that is small in a file and large in memory."""
    solve(notebook)
    notebook.cells[0].metadata["odd"] = "ODD"
    return nbformat.writes(notebook).replace('"ODD"', "[" + "[]," * 30_000_000 + "[]]")


def many_cells(notebook: NotebookNode) -> None:
    solve(notebook)
    notebook.cells[:0] = [new_markdown_cell("x", id=f"more-{n}") for n in range(100_000)]


def aliases(notebook: NotebookNode) -> None:
    solve(notebook)
    lines = [f"    n{i} = n{(i * 7 + 1) % 100}.x{i}\n" for i in range(100)] * 10
    text = "if False:\n    import torch as n1, sys as n2, llmlab as n3\n" + "".join(lines)
    notebook.cells.append(new_code_cell(text, id="aliases"))


def attachment(notebook: NotebookNode) -> None:
    solve(notebook)
    cell = new_markdown_cell("![p](attachment:p.png)", id="attaches")
    cell["attachments"] = {"p.png": {"image/png": "A" * (MAX_ATTACHED + 1)}}
    notebook.cells.insert(0, cell)


@pytest.mark.usefixtures("sandbox")
def test_what_is_too_much_to_read_is_one_row_and_the_honest_are_graded(limited: Classroom) -> None:
    for student in ("ada", "zoe"):
        limited.hand_in(student)
    (limited.folder("lists") / "welcome.ipynb").write_text(with_lists(limited.released()))
    limited.hand_in("cells", many_cells)
    limited.hand_in("aliases", aliases)
    limited.hand_in("attachment", attachment)
    for what in ("spin", "eat", "crash"):
        limited.hand_in(what, asking(f"{what} when read"))
    found = rows(limited)
    graded = {"ada", "zoe", "aliases", "attachment"}
    for student, run in found.items():
        assert run.outcome == ("graded" if student in graded else "refused"), run
        assert run.points == (FULL if student in graded else 0)
        assert run.fault == ("" if student in graded else "form")
    assert "took more than 6 seconds of processor time" in found["spin"].reason
    assert "took more than 700 MiB of memory" in found["eat"].reason
    # Which limit it meets first is the machine's affair.
    assert "took more than" in found["lists"].reason
    assert "brought down the process that did it" in found["crash"].reason
    assert found["cells"].reason
    assert ["too large" in one.sentence for one in found["attachment"].violations] == [True]
    assert limited.scores() == {student: run.points for student, run in found.items()}


@pytest.mark.usefixtures("sandbox")
def test_a_disk_or_a_database_that_fails_is_the_graders_and_leaves_no_grade(
    limited: Classroom,
) -> None:
    limited.hand_in("ada")
    limited.hand_in("disk", asking("fill_the_disk when read"))
    limited.hand_in("database", asking("lock_the_database when read"))
    limited.hand_in("killed", asking("die when read"))
    found = rows(limited)
    assert {name: (run.outcome, run.fault) for name, run in found.items()} == {
        "ada": ("graded", ""),
        **dict.fromkeys(("disk", "database", "killed"), ("stopped", "grader")),
    }
    assert "No space left on device" in found["disk"].reason
    assert "database is locked" in found["database"].reason
    assert "ended by the system, twice" in found["killed"].reason
    assert limited.scores() == {"ada": FULL}
    heal(limited)
    assert {run.points for run in rows(limited).values()} == {FULL}
    assert limited.scores() == dict.fromkeys(found, FULL)


@pytest.mark.usefixtures("sandbox")
def test_what_is_too_much_to_record_as_it_is_is_recorded_without_its_texts(
    limited: Classroom,
) -> None:
    limited.hand_in("ada", asking("spin when recorded", "markdown"))
    (run,) = rows(limited).values()
    assert (run.outcome, run.points) == ("graded", FULL)
    assert limited.scores() == {"ada": FULL}


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("steps", ["sanitize_preprocessors", "autograde_preprocessors"])
def test_a_grade_that_cannot_be_recorded_is_absent_until_it_can(
    steps: str, limited: Classroom
) -> None:
    heal(limited)
    configure(limited, f"c.Autograde.{steps}.append({TROUBLED})")
    limited.hand_in("ada")
    limited.hand_in("spin", asking("spin when recorded"))
    limited.hand_in("disk", asking("fill_the_disk when recorded"))
    found = rows(limited)
    assert found["ada"].outcome == "graded"
    assert (found["spin"].outcome, found["spin"].fault) == ("stopped", "form")
    assert "took more than 6 seconds of processor time" in found["spin"].reason
    assert (found["disk"].outcome, found["disk"].fault) == ("stopped", "grader")
    assert limited.scores() == {"ada": FULL}
    assert not (limited.root / "autograded" / "spin" / LAB.folder).exists()
    heal(limited, steps)
    here = Here(SETTINGS)
    again = grade_lab(limited.course, LAB.folder, workers=here)
    assert {run.points for run in again} == {FULL}
    assert here.ran == []
    assert limited.scores() == dict.fromkeys(found, FULL)


@pytest.mark.usefixtures("sandbox")
def test_points_that_a_person_gave_outlive_a_recording_that_failed(limited: Classroom) -> None:
    from nbgrader.api import Gradebook

    limited.hand_in("ada")
    rows(limited)
    url = limited.course.directory.db_url
    with Gradebook(url) as gradebook:
        grade = gradebook.find_grade("welcome-expectations", "welcome", LAB.folder, "ada")
        grade.manual_score, grade.needs_manual_grade = 2, False
        gradebook.db.commit()
    limited.hand_in("ada", asking("fill_the_disk when recorded"))
    assert rows(limited)["ada"].fault == "grader"
    with Gradebook(url) as gradebook:
        submission = gradebook.find_submission(LAB.folder, "ada")
        assert (submission.score, submission.needs_manual_grade) == (2, True)
    heal(limited)
    rows(limited)
    assert limited.scores() == {"ada": FULL + 2}


@contextlib.contextmanager
def hunted(chance: random.Random) -> Iterator[list[int]]:
    """Kill the children that read and record, at random moments."""
    stop, killed = threading.Event(), list[int]()

    def hunt() -> None:
        while not stop.wait(chance.uniform(0.05, 0.6)):
            server = psutil.Process().children()
            for one in (child for parent in server for child in parent.children()):
                with contextlib.suppress(psutil.Error):
                    if "forkserver" in " ".join(one.cmdline()):
                        killed.append(one.pid)
                        one.kill()

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        yield killed
    finally:
        stop.set()
        hunter.join()


@pytest.mark.usefixtures("sandbox")
def test_children_killed_at_random_leave_true_grades_or_none(room: Classroom) -> None:
    students = [f"student-{number}" for number in range(8)]
    for student in students:
        room.hand_in(student)
    with Apart() as apart:
        apart.warm()
        with hunted(random.Random(5)) as killed:
            found = rows(room)
    assert killed
    for run in found.values():
        assert (run.outcome, run.fault) in (("graded", ""), ("stopped", "grader")), run
    graded = {name for name, run in found.items() if run.outcome == "graded"}
    assert room.scores() == dict.fromkeys(graded, FULL)
    assert {run.points for run in rows(room).values()} == {FULL}
    assert room.scores() == dict.fromkeys(students, FULL)


def test_source_that_is_too_much_to_read_is_for_a_person_to_look_at(room: Classroom) -> None:
    course = room.course
    assignment = course.assignment(LAB.folder, "welcome")

    def long(notebook: NotebookNode) -> None:
        solve(notebook)
        text = "x = [" + "a.b.c(d.e['import sys'], f.g), " * 4_000 + "]"
        notebook.cells += [new_code_cell(text, id=f"long-{n}") for n in range(8)]

    room.hand_in("ada", long)
    with Apart() as apart:
        prepared, files = read_apart(apart, course, assignment, "ada")
        job = job_of("ada", assignment, prepared, files, "", None)
        whole = with_findings(apart, job)
    with Apart(Budget(processor_seconds=1)) as hurried:
        cut = with_findings(hurried, job)
    assert not any(one.kind == "form" for one in whole.findings)
    (one,) = cut.findings
    assert (one.kind, one.weight) == ("form", Weight.LOOK)
    assert one.sentence == "Reading its source took more than 1 seconds of processor time."
    assert dataclasses.replace(cut, findings=()) == job


def test_a_plainer_result_keeps_answers_and_points(room: Classroom) -> None:
    assignment = room.course.assignment(LAB.folder, "welcome")
    notebook = room.released()
    solve(notebook)
    notebook.cells.insert(0, new_markdown_cell("<b>x</b>" * 5_000, id="text"))
    outputs = [[{"n": number}] for number in range(len(notebook.cells))]
    plain, few = plainer(Prepared(notebook), outputs, assignment)
    assert len(plain.notebook.cells[0].source) < 40_000
    assert "<" not in plain.notebook.cells[0].source
    for before, after, own in zip(
        notebook.cells[1:], plain.notebook.cells[1:], few[1:], strict=True
    ):
        assert before == after or before.cell_type == "markdown"
        assert bool(own) == bool(before.metadata.get("nbgrader", {}).get("grade"))
    assert marked(plain.notebook, "welcome-average-answer").source


def test_what_was_prepared_is_the_same_in_another_process(room: Classroom) -> None:
    import pickle

    prepared = Prepared(room.released(), "graded", "a reason", (), "digest")
    again = pickle.loads(pickle.dumps(prepared))
    assert again == prepared
    assert isinstance(again.notebook, NotebookNode)
    assert json.dumps(again.notebook) == json.dumps(prepared.notebook)


def test_metadata_beyond_measure_are_left_out_and_said(room: Classroom, tmp_path: Path) -> None:
    course = room.course

    def heavy(notebook: NotebookNode) -> None:
        solve(notebook)
        marked(notebook, "welcome-average").metadata["odd"] = "x" * 200_000
        notebook.cells[0].metadata["odd"] = ["x"] * 200_000

    room.hand_in("ada", heavy)
    with Apart() as apart:
        prepared, _ = read_apart(apart, course, course.assignment(LAB.folder, "welcome"), "ada")
    assert prepared.outcome == "graded"
    assert [one.kind for one in prepared.violations] == ["limit", "limit"]
    assert not any("odd" in cell.metadata for cell in prepared.notebook.cells)
    assert marked(prepared.notebook, "welcome-average").metadata.nbgrader.grade
    assert os.path.getsize(room.folder("ada") / "welcome.ipynb") > 400_000
