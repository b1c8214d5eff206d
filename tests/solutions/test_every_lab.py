"""Collected from the labs: each solution earns full points, each release runs to a clean zero."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.authoring.building import build
from autograder.authoring.source import release_notebook
from autograder.exercise import Lab
from autograder.judging.execution import JudgingClient
from tests.labs import LABS, ROOT, SOLUTIONS, hidden_sources, source_of

every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)


def run(notebook: NotebookNode, lab: Lab, folder: Path) -> JudgingClient:
    client = JudgingClient(notebook, folder, seconds=180, hidden_sources=hidden_sources(lab))
    client.execute()
    return client


def errors(notebook: NotebookNode) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.ename for output in outputs if output.output_type == "error"]


@every_lab
def test_the_solution_earns_full_points_from_top_to_bottom(lab: Lab, tmp_path: Path) -> None:
    notebook = source_of(lab)
    verdicts = run(notebook, lab, tmp_path).verdicts
    assert [verdict.exercise for verdict in verdicts] == list(lab.exercises)
    for verdict in verdicts:
        assert verdict.points == verdict.possible, verdict
    assert errors(notebook) == []
    streams = [
        o for cell in notebook.cells for o in cell.get("outputs", []) if o.get("name") == "stderr"
    ]
    assert streams == []


@every_lab
def test_the_release_runs_to_a_clean_zero(lab: Lab, tmp_path: Path) -> None:
    notebook = release_notebook(source_of(lab))
    verdicts = run(notebook, lab, tmp_path).verdicts
    assert len(verdicts) == len(lab.exercises)
    assert {verdict.status for verdict in verdicts} == {"unwritten"}
    assert sum(verdict.points for verdict in verdicts) == 0
    assert set(errors(notebook)) <= {"NotImplementedError", "CheckFailed"}


@every_lab
def test_the_release_gives_no_answer_away(lab: Lab) -> None:
    text = nbformat.writes(release_notebook(source_of(lab)))
    assert "BEGIN SOLUTION" not in text
    assert "END SOLUTION" not in text


@every_lab
def test_a_lab_has_a_chapter_and_a_question_for_a_person(lab: Lab) -> None:
    assert (ROOT / "course" / f"{lab.folder}.md").read_text("utf-8").startswith("# ")
    marks = [cell.metadata.get("nbgrader", {}) for cell in source_of(lab).cells]
    assert [mark for mark in marks if mark.get("grade") and mark.get("solution")]


def test_the_committed_labs_are_what_the_sources_give() -> None:
    assert build(SOLUTIONS, ROOT / "labs", check=True) == []
