"""Whoever answers right gets all points in the sandbox, with the source looked at, however it is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.authoring.source import release_notebook
from autograder.classroom.simulation import Answers
from autograder.exercise import Lab
from autograder.exercise.cells import exercise_of, grade_id
from autograder.exercise.declaration import module_name
from autograder.grading.assignment import Assignment, load_assignment
from autograder.grading.batch import Workers
from autograder.grading.engine import Job, Result, Settings
from autograder.grading.intake import read_source
from tests.labs import LABS, hidden_sources, imports_of, source_of

pytestmark = pytest.mark.usefixtures("sandbox")


@pytest.fixture(scope="module")
def team() -> Iterator[Workers]:
    with Workers(Settings(), 2) as workers:
        workers.warm()
        yield workers


def assignment_of(lab: Lab, released: NotebookNode, folder: Path) -> Assignment:
    """Read what was released as a course would, with the lab's hidden probes."""
    release = folder / "release" / lab.folder
    release.mkdir(parents=True)
    nbformat.write(released, release / f"{lab.topic}.ipynb")
    hidden = folder / "hidden"
    (hidden / lab.folder).mkdir(parents=True, exist_ok=True)
    for exercise_id, text in hidden_sources(lab).items():
        name = module_name(exercise_id.partition(".")[2])
        (hidden / lab.folder / f"{name}.py").write_text(text)
    return load_assignment(folder, lab.folder, lab.topic, release, hidden)


def job(student: str, assignment: Assignment, notebook: NotebookNode) -> Job:
    text = json.dumps(notebook)
    found = read_source(text, assignment.sources, {})
    return Job(student, assignment, text, {}, student, student, findings=found)


def check_full(results: dict[str, Result], possible: dict[str, int]) -> None:
    for student, result in results.items():
        run = result.run
        assert run.outcome == "graded", run.reason
        assert run.violations == (), student
        assert run.flagged == (), student
        wrong = [one.sentence for one in run.verdicts if not one.passed]
        assert wrong == [], student
        assert run.points == possible[student]


def test_every_solution_earns_full_points(team: Workers, tmp_path: Path) -> None:
    jobs = []
    for lab in LABS:
        source = source_of(lab)
        released = release_notebook(source)
        jobs.append(job(lab.folder, assignment_of(lab, released, tmp_path), source))
    found = {one.student: result for one, result in team.run(jobs)}
    assert sorted(found) == [lab.folder for lab in LABS]
    check_full(found, {lab.folder: sum(one.points for one in lab) for lab in LABS})


def written_otherwise(lab: Lab, number: int) -> NotebookNode:
    """Write a notebook of the lab's imports, answers in their `number`th other form, and checks.

    What the lab's own cells plot and train in between is left out.
    """
    source = source_of(lab)
    variants = Answers(lab, source).variants
    texts = {}
    for exercise in lab:
        forms = [text for _, text in variants[exercise.id]]
        texts[f"{grade_id(exercise.id)}-answer"] = forms[number % len(forms)]
    kept = []
    for cell in source.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in texts:
            cell.source = texts[name]
        elif cell.cell_type == "code" and not name:
            cell.source = imports_of(cell)
        elif exercise_of(cell) is None:
            continue
        kept.append(cell)
    source.cells = kept
    return source


def test_answers_that_are_written_otherwise_earn_full_points(team: Workers, tmp_path: Path) -> None:
    jobs, possible = [], {}
    for lab in LABS:
        for number in range(2):
            notebook = written_otherwise(lab, number)
            student = f"{lab.folder}-{number}"
            assignment = assignment_of(lab, notebook, tmp_path / str(number))
            # Nothing of it counts as given, so all of it is looked at.
            jobs.append(job(student, replace(assignment, sources=frozenset()), notebook))
            possible[student] = sum(one.points for one in lab)
    found = {one.student: result for one, result in team.run(jobs)}
    assert len(found) == 2 * len(LABS)
    check_full(found, possible)
