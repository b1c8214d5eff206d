"""What a widget leaves in a page that was executed and converted where nobody looks on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat


def test_a_notebook_that_nbconvert_runs_shows_the_picture_and_asks_nobody_for_a_script(
    tmp_path: Path,
) -> None:
    cell = nbformat.v4.new_code_cell(
        "from llmlab.widgets import DescentView\nDescentView('ravine', 'SGD', steps=3)"
    )
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--execute", path]
    subprocess.run(command, check=True, capture_output=True)
    page = path.with_suffix(".html").read_text("utf-8")
    shown = page[page.index("<main>") : page.index("</main>")]
    assert "data:image/svg+xml;base64," in shown
    assert "<script" not in shown
