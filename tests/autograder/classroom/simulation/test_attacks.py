"""What a simulated attack changes is a notebook still, and answers nothing."""

from __future__ import annotations

import nbformat
import pytest

from autograder.authoring.source import release_notebook
from autograder.classroom.simulation import ATTACKS
from tests.labs import LABS, source_of

RELEASED = release_notebook(source_of(LABS[0]))


def answers_in(notebook: nbformat.NotebookNode) -> list[str]:
    marked = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    return [cell.source for cell, marks in marked if marks.get("solution")]


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_laid_into_a_notebook_whose_answers_stay_blank(name: str) -> None:
    notebook = nbformat.from_dict(RELEASED)
    ATTACKS[name](notebook)
    nbformat.validate(notebook)
    assert notebook != RELEASED
    assert answers_in(notebook) == answers_in(RELEASED)
