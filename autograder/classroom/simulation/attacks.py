"""Attacks that stand in for those of a real class; what the grader must withstand is tried in its own tests."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.exercise.cells import exercise_of

Attack = Callable[[NotebookNode], None]


def _cell_first(code: str) -> Attack:
    def change(notebook: NotebookNode) -> None:
        notebook.cells.insert(
            0, new_code_cell(textwrap.dedent(code).strip(), id="simulated-attack")
        )

    return change


def _claims_points(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if exercise_of(cell):
            cell.source = "1.0"
            cell.outputs = [
                nbformat.v4.new_output(
                    "execute_result", data={"text/plain": "1000"}, execution_count=1
                )
            ]
            cell.metadata["nbgrader"]["points"] = 1000


def _check_twice(notebook: NotebookNode) -> None:
    number = next(i for i, cell in enumerate(notebook.cells) if exercise_of(cell))
    copy = nbformat.from_dict(notebook.cells[number])
    copy.id = "simulated-second"
    notebook.cells.insert(number, copy)


# Each is laid into an untouched notebook, so that all of them truly earn nothing.
ATTACKS: dict[str, Attack] = {
    "patches the comparison": _cell_first(
        """
        import torch
        torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
        """
    ),
    "replaces check": _cell_first(
        """
        import autograder
        autograder.check = lambda *args: None
        """
    ),
    "shows forged evidence": _cell_first(
        """
        from IPython.display import display
        display({"application/vnd.autograder.evidence": "AAAA", "text/plain": "3.0"}, raw=True)
        """
    ),
    "leaves early": _cell_first("import sys; sys.exit(0)"),
    "ends its process": _cell_first("import os; os._exit(0)"),
    "looks around": _cell_first(
        """
        import glob
        import os
        found = glob.glob("/home/*") + glob.glob("../*/*") + [os.environ.get("HOME", "")]
        print(found, os.path.exists("/etc/shadow"))
        """
    ),
    "calls home": _cell_first(
        """
        import urllib.request
        urllib.request.urlopen("http://192.0.2.1/", timeout=5)
        """
    ),
    "claims points": _claims_points,
    "doubles a check": _check_twice,
    "writes script": _cell_first(
        """
        from IPython.display import HTML
        HTML("<script>document.title = 'pwned'</script><img src=x onerror=alert(1)>")
        """
    ),
}
# nbgrader cannot tell which of two checks was released.
UNGRADABLE = ("doubles a check",)
