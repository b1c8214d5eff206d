"""The answers of a class are read as text, and nothing but the students' own files is."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.source import release_notebook, source_notebook
from autograder.classroom.course import init_course
from autograder.classroom.submitted import MOST_BYTES, read_submitted
from autograder.errors import UnreadableNotebook
from autograder.exercise import register
from tests.labs import SOLUTIONS

LAB = "05_attention"
EMBED = "attention.embed"


def file_of(course: Path, student: str) -> Path:
    return course / "submitted" / student / LAB / "attention.ipynb"


def hand_in(course: Path, student: str, answers: dict[str, str]) -> Path:
    """Lay a student's notebook into the course, with these answers by the cells' grade ids."""
    notebook = release_notebook(source_notebook(SOLUTIONS / LAB / "attention.py"))
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = answers.get(name, cell.source)
    path = file_of(course, student)
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def course(tmp_path: Path) -> Path:
    init_course(tmp_path / "course", SOLUTIONS)
    return tmp_path / "course"


def test_each_answer_cell_is_read_by_its_exercise(course: Path) -> None:
    hand_in(course, "ada", {"attention-embed-answer": "def embed(): ..."})
    answers = read_submitted(course, LAB, ["ada"]).answers["ada"]
    assert list(answers) == list(register.load("attention").exercises)
    assert answers[EMBED] == "def embed(): ..."


def test_known_code_is_the_references_the_solution_and_the_release(course: Path) -> None:
    reference, solution, release = read_submitted(course, LAB, []).known[EMBED]
    assert "def embed" in reference
    assert "BEGIN SOLUTION" in solution
    assert "NotImplementedError" in release


def test_without_the_source_the_reference_alone_is_known(tmp_path: Path) -> None:
    assert len(read_submitted(tmp_path, LAB, []).known[EMBED]) == 1


def test_a_damaged_source_of_the_course_is_named(course: Path) -> None:
    (course / "source" / LAB / "attention.ipynb").write_text("{")
    with pytest.raises(UnreadableNotebook, match=r"source.*attention\.ipynb"):
        read_submitted(course, LAB, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[" * 100_000,
        "\xff",
    ],
)
def test_a_file_that_is_no_json_is_unread_and_the_others_are_read(course: Path, text: str) -> None:
    hand_in(course, "ada", {})
    path = file_of(course, "bob")
    path.parent.mkdir(parents=True)
    path.write_text(text, "latin-1")
    submitted = read_submitted(course, LAB, ["ada", "bob", "cleo"])
    assert (list(submitted.answers), submitted.unread) == (["ada"], ("bob", "cleo"))


@pytest.mark.parametrize(
    "text",
    [
        "3",
        '{"cells": 3}',
        '{"cells": [3, null, {"metadata": []}, {"metadata": {"nbgrader": {"grade_id": []}}}]}',
        '{"cells": [{"metadata": {"nbgrader": {"grade_id": "attention-embed-answer"}}, "source": [3]}]}',
    ],
)
def test_json_of_another_form_has_no_answers(course: Path, text: str) -> None:
    path = file_of(course, "bob")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert read_submitted(course, LAB, ["bob"]).answers == {"bob": {}}


@pytest.mark.parametrize("linked", ["file", "folder", "hard"])
def test_a_link_out_of_the_students_folder_is_not_followed(course: Path, linked: str) -> None:
    secret = hand_in(course, "ada", {"attention-embed-answer": "secret"})
    path = file_of(course, "bob")
    if linked == "file":
        path.parent.mkdir(parents=True)
        path.symlink_to(secret)
    elif linked == "hard":
        path.parent.mkdir(parents=True)
        path.hardlink_to(secret)
    else:
        path.parent.parent.mkdir(parents=True)
        path.parent.symlink_to(secret.parent, target_is_directory=True)
    assert read_submitted(course, LAB, ["bob"]).unread == ("bob",)


def test_a_pipe_or_a_huge_file_is_not_opened(course: Path) -> None:
    for student in ("pipe", "huge"):
        file_of(course, student).parent.mkdir(parents=True)
    os.mkfifo(file_of(course, "pipe"))
    with file_of(course, "huge").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert read_submitted(course, LAB, ["pipe", "huge"]).unread == ("pipe", "huge")


@pytest.mark.parametrize("name", ["..", "../../elsewhere", "/etc", "a\x00b", "x" * 300])
def test_a_name_that_leads_elsewhere_reads_nothing(course: Path, name: str) -> None:
    hand_in(course.parent / "elsewhere", "..", {})
    assert read_submitted(course, LAB, [name]).unread == (name,)
