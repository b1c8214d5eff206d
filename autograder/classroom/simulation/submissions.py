"""Writes the submissions of a simulated class into a course, with their true scores beside them.

Nothing of a real student's is ever touched: which submissions are simulated stands in `COURSE/simulated/LAB.json`,
before the first of them is written.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.authoring.source import release_notebook
from autograder.classroom.simulation.answers import Answers
from autograder.classroom.simulation.drawing import Student, draw
from autograder.errors import SimulationRefused
from autograder.exercise import Lab
from llmlab.workspace import write_safely

FOLDER = "simulated"


def simulate(course: Path, lab: Lab, students: int, seed: int) -> list[Student]:
    """Write the submissions of a simulated class into a course folder, with their true scores.

    The scores go to `COURSE/simulated/LAB.json`. An earlier simulated class of the lab is removed; what
    real students have handed in is never touched.

    Args:
        course: The course folder, as `autograder init` makes it.
        lab: The lab.
        students: How many.
        seed: Equal seeds draw equal classes.

    Returns:
        The students.

    Raises:
        SimulationRefused: There is no such course, no such lab in it, fewer than one student is asked for, or a
            submission of somebody else stands where one would be written.
    """
    if students < 1:
        raise SimulationRefused(
            f"A class of {students} students cannot be drawn; ask for at least 1."
        )
    source = _source(course, lab)
    record = course / FOLDER / f"{lab.folder}.json"
    answers = Answers(lab, source)
    released = nbformat.writes(release_notebook(source))
    drawn = [draw(answers, number, seed) for number in range(1, students + 1)]
    earlier = _earlier(record)
    folders = {one.name: course / "submitted" / one.name / lab.folder for one, _ in drawn}
    foreign = [name for name, folder in folders.items() if folder.exists() and name not in earlier]
    if foreign:
        raise SimulationRefused(
            f"{folders[foreign[0]]} is there already, and not from a simulation; move it away first. Nothing was "
            "written."
        )
    # Whose submissions these are is known before the first is written, should the rest never come.
    _record(record, lab, seed, [one for one, _ in drawn], {*earlier, *folders})
    for name in earlier:
        shutil.rmtree(course / "submitted" / name / lab.folder, ignore_errors=True)
    for student, write in drawn:
        data = write(nbformat.reads(released, as_version=4))
        write_safely(folders[student.name] / f"{lab.topic}.ipynb", data)
    _record(record, lab, seed, [one for one, _ in drawn], set(folders))
    return [one for one, _ in drawn]


def _source(course: Path, lab: Lab) -> NotebookNode:
    path = course / "source" / lab.folder / f"{lab.topic}.ipynb"
    if not (course / "nbgrader_config.py").exists():
        raise SimulationRefused(
            f"{course} is no course folder; make one with `autograder init`, or name yours with --course."
        )
    if not path.exists():
        raise SimulationRefused(
            f"The course has no {path.relative_to(course)}; `autograder init` lays the labs that it lacks."
        )
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def _earlier(record: Path) -> set[str]:
    if not record.exists():
        return set()
    try:
        names = json.loads(record.read_text("utf-8"))["written"]
        if not all(isinstance(name, str) and Path(name).name == name for name in names):
            raise ValueError
        return set(names)
    except (OSError, ValueError, KeyError, TypeError):
        raise SimulationRefused(
            f"{record} is damaged, so nobody can tell which submissions are simulated; remove both."
        ) from None


def _record(record: Path, lab: Lab, seed: int, students: list[Student], written: set[str]) -> None:
    data = {
        "lab": lab.folder,
        "seed": seed,
        "written": sorted(written),
        "students": {
            one.name: {
                "kind": one.kind,
                "points": one.points,
                "exercises": {
                    name: {"kind": each.kind, "name": each.name, "points": each.points}
                    for name, each in one.exercises.items()
                },
            }
            for one in students
        },
    }
    write_safely(record, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())


def truth(course: Path, lab: str) -> dict[str, dict[str, int]]:
    """Read the true points of a simulated class: of each student, of each exercise.

    Raises:
        SimulationRefused: No class of this lab was simulated here.
    """
    record = course / FOLDER / f"{lab}.json"
    if not record.exists():
        raise SimulationRefused(f"There is no {record}; run `autograder simulate {lab}` first.")
    students = json.loads(record.read_text("utf-8"))["students"]
    return {
        name: {each: int(one["points"]) for each, one in entry["exercises"].items()}
        for name, entry in students.items()
    }
