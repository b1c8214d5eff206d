"""What the tests collect from the labs themselves, so that a new exercise is covered at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from autograder.authoring.source import source_notebook
from autograder.exercise import Exercise, Lab, Private, Probe, register
from autograder.exercise.private import hidden_source, private_files, read_private

ROOT = Path(__file__).parent.parent
SOLUTIONS = ROOT / "solutions"
LABS = register.labs()
EXERCISES = [exercise for lab in LABS for exercise in lab]


def folder_of(exercise: Exercise) -> Path:
    return SOLUTIONS / register.load(exercise.id.partition(".")[0]).folder


def source_of(lab: Lab) -> NotebookNode:
    return source_notebook(SOLUTIONS / lab.folder / f"{lab.topic}.py")


def imports_of(cell: NotebookNode) -> str:
    """What a cell imports, without what it does."""
    lines = cell.source.splitlines()
    return "\n".join(one for one in lines if one.startswith(("import ", "from ")))


@cache
def privates(lab: Lab) -> dict[str, Private]:
    """Read what is never released of a lab, by the exercise's id."""
    files = private_files(SOLUTIONS / lab.folder / "private", lab)
    return {one: read_private(path.read_text("utf-8")) for one, path in files.items()}


def private_text(lab: Lab, exercise_id: str) -> str:
    return private_files(SOLUTIONS / lab.folder / "private", lab)[exercise_id].read_text("utf-8")


def hidden_sources(lab: Lab) -> dict[str, str]:
    return {one: hidden_source(private_text(lab, one)) for one in privates(lab)}


def private_of(exercise: Exercise) -> Private:
    return privates(register.load_of(exercise.id)).get(exercise.id, Private())


def hidden_probes(exercise: Exercise) -> list[Probe]:
    return private_of(exercise).probes


@cache
def variants() -> dict[str, list[object]]:
    return {one: private.variants for lab in LABS for one, private in privates(lab).items()}
