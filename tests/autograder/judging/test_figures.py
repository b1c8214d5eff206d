"""Figures that nobody looks at are not drawn in grading, and nothing else changes by that."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.exercise import register
from autograder.judging.execution import NOT_DRAWN, JudgingClient
from autograder.probing.wire import encode
from tests.labs import hidden_sources, source_of

LAB = register.load("attention")
IMPORT = "import matplotlib.pyplot as plt"
OURS = "plt.plot([1, 2])\nplt.show()"
OWN = "plt.plot([2, 1])\nplt.show()"


def run(notebook: NotebookNode, folder: Path, unseen: Collection[str]) -> JudgingClient:
    client = JudgingClient(
        notebook, folder, 120, hidden_sources=hidden_sources(LAB), hidden_seed=5, unseen=unseen
    )
    client.execute()
    return client


def shown(notebook: NotebookNode) -> list[str]:
    """Say of each cell what it displayed last: a picture, a text, or nothing."""
    found = []
    for cell in notebook.cells:
        outputs = [one.data for one in cell.get("outputs", []) if "data" in one]
        kinds: list[Any] = [
            "picture" if "image/png" in one else one["text/plain"] for one in outputs
        ]
        found.append(kinds[-1] if kinds else "")
    return found


def test_the_labs_own_figures_are_named_and_the_students_drawn(tmp_path: Path) -> None:
    cells = [IMPORT, OURS, OWN, OURS, "3", OWN]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    run(notebook, tmp_path, {IMPORT, OURS})
    assert shown(notebook) == ["", NOT_DRAWN, "picture", NOT_DRAWN, "3", "picture"]


def test_the_formats_that_a_notebook_asked_for_come_back(tmp_path: Path) -> None:
    asked = "%config InlineBackend.figure_format = 'svg'"
    cells = [IMPORT, asked, OURS, OWN]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    run(notebook, tmp_path, {IMPORT, OURS})
    assert shown(notebook)[2] == NOT_DRAWN
    (svg,) = [one.data for one in notebook.cells[3].outputs if "data" in one]
    assert "image/svg+xml" in svg


@pytest.mark.parametrize("answers", ["right", "unwritten"])
def test_the_evidence_is_the_same_byte_for_byte(answers: str, tmp_path: Path) -> None:
    def evidence(unseen: bool) -> list[tuple[str, bytes]]:
        notebook = source_of(LAB)
        # The first half has figures, answers of both kinds, and checks.
        notebook.cells = notebook.cells[: len(notebook.cells) // 2]
        if answers == "unwritten":
            for cell in notebook.cells:
                if "BEGIN SOLUTION" in cell.source:
                    cell.source = "pass"
        lab = {one.source for one in notebook.cells if "BEGIN SOLUTION" not in one.source}
        client = run(notebook, tmp_path, lab if unseen else ())
        assert (NOT_DRAWN in shown(notebook)) == unseen
        return [(one.id, encode(seen)) for one, seen in client._public.values()]

    assert evidence(True) == evidence(False)
