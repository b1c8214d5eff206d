"""What the tests collect from the labs themselves, so that a new exercise is covered at once."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from autograder.authoring.source import source_notebook
from autograder.exercise import Exercise, Lab, Probe, register
from autograder.exercise.private import read_hidden

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
def _hidden(folder: Path) -> dict[str, list[Probe]]:
    return read_hidden((folder / "hidden.py").read_text("utf-8"))


def hidden_probes(exercise: Exercise) -> list[Probe]:
    return _hidden(folder_of(exercise)).get(exercise.id, [])


@cache
def variants() -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for lab in LABS:
        found |= runpy.run_path(str(SOLUTIONS / lab.folder / "variants.py"))["VARIANTS"]
    return found
