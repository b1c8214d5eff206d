"""Puts the judge into nbgrader: it stands in `Autograde.autograde_preprocessors` in the place of `Execute`.

Check cells are judged outside the kernel; an instructor's own cells, with asserts or hidden tests, run as nbgrader
runs them.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from traitlets import Int, Unicode

from autograder.execution import Judging


class Judge(Judging, Execute):
    """nbgrader's Execute, with each check cell judged instead of run."""

    hidden_directory = Unicode(
        "hidden", help="The folder with each lab's hidden probes, as hidden/05_attention.py."
    ).tag(config=True)

    secret_seed = Int(
        0, help="Draws the probes' inputs; 0 draws a new secret seed for each process."
    ).tag(config=True)

    _drawn = secrets.randbelow(2**62) + 1

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any], **kwargs: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run and judge one submitted notebook."""
        self.seed = self.secret_seed or self._drawn
        self.verdicts, self.died = [], False
        self.hidden_sources = {}
        for file in sorted(Path(self.hidden_directory).glob("*.py")):
            topic = file.stem.partition("_")[2]
            self.hidden_sources[topic] = file.read_text("utf-8")
        result: tuple[NotebookNode, dict[str, Any]] = super().preprocess(nb, resources, **kwargs)
        return result
