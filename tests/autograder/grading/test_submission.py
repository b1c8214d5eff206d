"""Whatever is handed in is read, restored or turned down, with a reason, and nothing of it is believed."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.errors import UnreadableNotebook
from autograder.grading.assignment import Assignment
from autograder.grading.submission import (
    MAX_CELLS,
    MAX_FILES,
    Prepared,
    checks_of,
    key_of,
    prepare,
    read_files,
    read_notebook_bytes,
)
from tests.autograder.grading.conftest import LAB, Change, Classroom, marked, solve
from tests.labs import ROOT

CHECK, ANSWER = "welcome-average", "welcome-average-answer"


@pytest.fixture
def assignment(room: Classroom) -> Assignment:
    return room.course.assignment(LAB.folder, "welcome")


Give = Callable[[Change | bytes], Prepared]


@pytest.fixture
def given(room: Classroom, assignment: Assignment) -> Give:
    sanitize = room.course.sanitizer(LAB.folder, "welcome")

    def give(change: Change | bytes) -> Prepared:
        if isinstance(change, bytes):
            return prepare(change, assignment, sanitize)
        notebook = room.released()
        change(notebook)
        return prepare(nbformat.writes(notebook).encode(), assignment, sanitize)

    return give


def index_of(notebook: NotebookNode, name: str) -> int:
    cell = marked(notebook, name)
    return next(i for i, one in enumerate(notebook.cells) if one is cell)


def deleted(notebook: NotebookNode) -> None:
    del notebook.cells[index_of(notebook, CHECK)]


def doubled(notebook: NotebookNode) -> None:
    twin = copy.deepcopy(marked(notebook, CHECK))
    twin.id = "twin"
    notebook.cells.append(twin)


def renamed(notebook: NotebookNode) -> None:
    marked(notebook, CHECK).metadata.nbgrader.grade_id = "welcome-mean"


def unmarked(notebook: NotebookNode) -> None:
    del marked(notebook, CHECK).metadata["nbgrader"]


def reordered(notebook: NotebookNode) -> None:
    first, second = index_of(notebook, CHECK), index_of(notebook, "welcome-equal_share")
    cells = notebook.cells
    cells[first], cells[second] = cells[second], cells[first]


def extra(notebook: NotebookNode) -> None:
    cell = copy.deepcopy(marked(notebook, CHECK))
    cell.id, cell.metadata.nbgrader.grade_id = "extra", "welcome-bonus"
    notebook.cells.append(cell)


ASKED_LAST = "A check was deleted or renamed; it was asked at the notebook's end."
STRANGE = "A cell is marked as a check that was not released; its mark does not count."
CHANGED = {
    deleted: [(CHECK, ASKED_LAST)],
    renamed: [(CHECK, ASKED_LAST), ("welcome-mean", STRANGE)],
    unmarked: [(CHECK, ASKED_LAST)],
    extra: [("welcome-bonus", STRANGE)],
}


@pytest.mark.parametrize(
    ("change", "said"), CHANGED.items(), ids=lambda one: getattr(one, "__name__", "")
)
def test_a_check_that_is_not_there_is_asked_last_and_a_strange_one_is_none(
    change: Change, said: list[tuple[str, str]], given: Give
) -> None:
    found = given(change)
    assert (found.outcome, found.reason) == ("graded", "")
    assert [(one.where, one.sentence) for one in found.violations] == said
    assert {one.kind for one in found.violations} == {"changed check"}
    checks = checks_of(found.notebook)
    assert sorted(checks.values()) == sorted(LAB.exercises)
    last = checks.get(len(found.notebook.cells) - 1)
    assert last == ("welcome.average" if (CHECK, ASKED_LAST) in said else None)


def test_a_notebook_with_none_of_the_checks_is_not_graded(given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") and not cell.metadata.nbgrader.get(
                "solution"
            ):
                del cell.metadata["nbgrader"]

    found = given(change)
    assert (found.outcome, found.reason) == (
        "changed",
        "None of the lab's checks is in the notebook.",
    )
    assert [one.kind for one in found.violations] == ["changed check"]
    # What stands in for it has every check once, so that nbgrader gives each no points.
    assert list(checks_of(found.notebook).values()) == list(LAB.exercises)
    assert "not graded" in found.notebook.cells[0].source


def test_of_a_check_that_stands_twice_the_last_counts_and_the_rest_is_graded(given: Give) -> None:
    found = given(doubled)
    assert found.outcome == "graded"
    assert [(one.kind, one.where) for one in found.violations] == [("form", CHECK)]
    assert sorted(checks_of(found.notebook).values()) == sorted(LAB.exercises)
    assert checks_of(found.notebook)[len(found.notebook.cells) - 1] == "welcome.average"


def test_checks_may_stand_in_another_order(given: Give) -> None:
    found = given(reordered)
    assert (found.outcome, found.violations) == ("graded", ())


@pytest.mark.parametrize("end", ["\n", "  \n\n", "\r\n", "\t"])
def test_white_space_at_the_end_of_a_check_is_no_change(end: str, given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        marked(notebook, CHECK).source += end

    found = given(change)
    assert (found.outcome, found.violations) == ("graded", ())


def test_points_that_an_instructor_changed_later_are_no_tampering(given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        marked(notebook, CHECK).metadata.nbgrader.points = 7

    found = given(change)
    assert [one.kind for one in found.violations] == ["form"]


def test_a_notebook_of_too_many_cells_is_refused_by_their_number(given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        notebook.cells += [new_code_cell("") for _ in range(MAX_CELLS)]

    found = given(change)
    assert found.outcome == "refused"
    assert "5,000" in found.reason


ODD = {
    "a byte order mark": lambda text: "\ufeff" + text,
    "half a character": lambda text: text.replace("ODD", "\\ud800"),
    "two halves": lambda text: text.replace("ODD", "\\ud83d\\ude00"),
    "deep metadata": lambda text: text.replace('"ODD"', '{"a":' * 700 + "1" + "}" * 700),
    "no numbers": lambda text: text.replace('"ODD"', "[NaN, Infinity, -1e999]"),
}


@pytest.mark.parametrize("spoil", ODD.values(), ids=ODD.keys())
def test_a_right_notebook_of_odd_form_is_repaired_and_graded(
    spoil: Callable[[str], str], assignment: Assignment, tmp_path: Path
) -> None:
    notebook = nbformat.reads(assignment.released, as_version=4)
    solve(notebook)
    notebook.cells.append(new_code_cell("x = 'ODD'", id="odd", metadata={"odd": "ODD"}))
    found = prepare(spoil(nbformat.writes(notebook)).encode(), assignment, lambda node: node)
    assert found.outcome == "graded", found.reason
    path = tmp_path / "whole.ipynb"
    nbformat.write(found.notebook, path)
    assert marked(nbformat.read(path, as_version=4), ANSWER).source


def form(nbformat: str = "4", nbformat_minor: str = "5") -> bytes:
    text = f'{{"cells": [], "metadata": {{}}, "nbformat": {nbformat}, "nbformat_minor": {nbformat_minor}}}'
    return text.encode()


UNREADABLE = {
    "nothing": (b"", "is empty"),
    "cut": (b'{"cells": [', "not JSON"),
    "latin-1": ("né".encode("latin-1"), "not UTF-8"),
    "no notebook": (b'{"a": 1}', "no notebook"),
    "a list": (b"[]", "no notebook"),
    "brackets": (b"[" * 200_000, "not JSON"),
    "a long number": (b'{"nbformat": ' + b"9" * 10_000 + b"}", "no notebook"),
    "a version that is true": (form(nbformat="true"), "no notebook"),
    "a version that is text": (form(nbformat='"4"'), "no notebook"),
    "a minor version without end": (form(nbformat_minor="1e999"), "no notebook"),
    "a minor version that is none": (form(nbformat_minor="NaN"), "no notebook"),
    "a minor version with a fraction": (form(nbformat_minor="5.5"), "no notebook"),
}


@pytest.mark.parametrize(("data", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_notebook_is_told_apart(data: bytes, reason: str, given: Give) -> None:
    found = given(data)
    assert found.outcome == "unreadable"
    assert reason in found.reason


def test_the_notebook_of_another_lab_is_named(given: Give) -> None:
    other = (ROOT / "labs" / "05_attention" / "attention.ipynb").read_bytes()
    found = given(other)
    assert found.outcome == "wrong lab"
    assert "of the lab 05_attention" in found.reason


def with_kernel(**spec: str) -> Change:
    def change(notebook: NotebookNode) -> None:
        notebook.metadata["kernelspec"] = {"display_name": "x", **spec}

    return change


def test_an_unknown_kernel_is_said_and_replaced(given: Give) -> None:
    found = given(with_kernel(name="my-env", language="python"))
    assert found.outcome == "graded"
    assert "'my-env'" in found.reason
    assert found.notebook.metadata.kernelspec.name == "python3"


def test_a_kernel_of_another_language_is_refused(given: Give) -> None:
    found = given(with_kernel(name="ir", language="R"))
    assert found.outcome == "refused"
    assert "'R'" in found.reason


def test_a_changed_check_is_restored_and_reported(given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        solve(notebook)
        cell = marked(notebook, CHECK)
        cell.source = "1.0"
        cell.metadata.nbgrader.points = 1000

    found = given(change)
    assert found.outcome == "graded"
    assert [one.kind for one in found.violations] == ["changed check", "form"]
    cell = marked(found.notebook, CHECK)
    assert cell.source == 'check("welcome.average")'
    assert cell.metadata.nbgrader.points == LAB.exercises["welcome.average"].points


@pytest.mark.parametrize("flag", ["grade", "solution"])
def test_the_mark_of_a_check_cannot_be_turned(flag: str, given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        marks = marked(notebook, CHECK).metadata.nbgrader
        marks[flag] = not marks[flag]

    found = given(change)
    assert found.outcome == "graded"
    marks = marked(found.notebook, CHECK).metadata.nbgrader
    assert (marks.grade, marks.solution) == (True, False)
    assert [one.kind for one in found.violations] == ["form"]


def test_marks_that_were_not_released_are_taken_away(given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        marks = {"grade": False, "solution": True, "locked": False, "grade_id": "mine"}
        cell = new_code_cell("1", id="mine", metadata={"nbgrader": marks})
        odd = new_code_cell("2", id="odd", metadata={"nbgrader": {"grade_id": ["a"]}})
        notebook.cells += [cell, odd]

    found = given(change)
    assert found.outcome == "graded"
    assert "nbgrader" not in found.notebook.cells[-1].metadata
    assert "nbgrader" not in found.notebook.cells[-2].metadata


def test_of_two_answers_under_one_id_the_last_counts(given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        twin = copy.deepcopy(marked(notebook, ANSWER))
        twin.id, twin.source = "twin", "average = 1"
        notebook.cells.append(twin)

    found = given(change)
    assert found.outcome == "graded"
    assert marked(found.notebook, ANSWER).source == "average = 1"


def test_outputs_change_nothing_that_a_run_depends_on(given: Give) -> None:
    def change(notebook: NotebookNode) -> None:
        output = nbformat.v4.new_output("stream", text="x" * 1_000_000)
        marked(notebook, CHECK).outputs = [output]

    plain, noisy = given(lambda notebook: None), given(change)
    assert key_of(plain.notebook) == key_of(noisy.notebook)
    assert plain.content == noisy.content
    assert marked(noisy.notebook, CHECK).outputs == []


def test_too_much_source_is_refused(given: Give) -> None:
    found = given(lambda notebook: notebook.cells.append(new_code_cell("x" * 6_000_000, id="big")))
    assert found.outcome == "refused"


def test_only_ordinary_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    (tmp_path / "welcome.ipynb").write_text("{}")
    (tmp_path / "timestamp.txt").write_text("2026-01-01 00:00:00 UTC")
    (tmp_path / "to a file").symlink_to("/etc/passwd")
    (tmp_path / "to a folder").symlink_to("/etc")
    os.link(tmp_path / "data" / "a.txt", tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    found = read_files(tmp_path)
    assert found.contents == {}
    assert {one.where for one in found.left_out} == {
        "to a file",
        "to a folder",
        "hard",
        "pipe",
        "data/a.txt",
    }
    (tmp_path / "hard").unlink()
    assert read_files(tmp_path).contents == {"data/a.txt": b"a"}


def test_what_is_beyond_the_limits_on_files_is_reported_once(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 5):
        (tmp_path / f"{number:05}").write_text("x")
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(2**40)
    found = read_files(tmp_path)
    assert len(found.contents) == MAX_FILES
    (one,) = found.left_out
    assert one.kind == "limit"
    assert "'01000' and 5 more are beyond the limits" in one.sentence


def test_a_notebook_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "welcome.ipynb").symlink_to("/etc/passwd")
    with pytest.raises(UnreadableNotebook, match="link"):
        read_notebook_bytes(tmp_path / "welcome.ipynb")
