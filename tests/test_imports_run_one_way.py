"""llmlab imports nothing of ours; autograder imports llmlab; the labs' sources import both."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs import ROOT

OURS = {"llmlab", "autograder", "solutions", "labs", "course", "tests", "benchmarks", "deploy"}
ALLOWED = {
    "llmlab": {"llmlab"},
    "autograder": {"autograder", "llmlab"},
    "solutions": {"autograder", "llmlab"},
}
FILES = {package: sorted((ROOT / package).rglob("*.py")) for package in ALLOWED}


def imported(source: str) -> Iterator[str]:
    """Yield the top-level package of each absolute import in a source, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            # import_module("x.y") and __import__("x.y"), by name
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
            name = name.id if isinstance(name, ast.Name) else name
            if name in ("import_module", "__import__"):
                yield str(node.args[0].value).partition(".")[0]


@pytest.mark.parametrize(
    "line",
    [
        "import autograder",
        "import os, autograder.cli as cli",
        "from autograder.errors import AutograderError",
        "def f():\n    from autograder import check",
        "class A:\n    def f(self):\n        if True:\n            import autograder",
        "if TYPE_CHECKING:\n    import autograder.judging.judge",
        "try:\n    import autograder\nexcept ImportError:\n    pass",
        "importlib.import_module('autograder.student.publishing')",
        "__import__('autograder')",
    ],
)
def test_an_import_is_seen_wherever_it_stands(line: str) -> None:
    assert "autograder" in set(imported(line))


@pytest.mark.parametrize("line", ["from . import autograder", "autograder = 1", "'autograder'"])
def test_what_is_no_import_of_a_package_is_none(line: str) -> None:
    assert "autograder" not in set(imported(line))


@pytest.mark.parametrize("package", ALLOWED)
def test_there_are_files_to_look_at(package: str) -> None:
    assert FILES[package]


@pytest.mark.parametrize(
    ("package", "path"),
    [
        pytest.param(package, path, id=str(path.relative_to(ROOT)))
        for package, paths in FILES.items()
        for path in paths
    ],
)
def test_imports_run_one_way(package: str, path: Path) -> None:
    found = set(imported(path.read_text("utf-8")))
    assert found & OURS <= ALLOWED[package]


def test_the_first_line_of_a_lab_loads_nothing_that_only_grading_needs() -> None:
    heavy = (
        "nbformat",
        "jsonschema",
        "nbclient",
        "nbconvert",
        "jupytext",
        "matplotlib",
        "lightning",
    )
    code = f"import sys, llmlab\nfrom autograder import check\nprint([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
