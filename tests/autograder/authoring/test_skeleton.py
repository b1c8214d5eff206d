"""A new lab works the moment it is made, and its author has only to replace what is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.authoring.skeleton import write_skeleton
from autograder.errors import AuthoringError
from llmlab.errors import WorkspaceError
from tests.labs import ROOT

COMMANDS = (
    ["-c", "import autograder.cli; autograder.cli.main()", "build"],
    ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/solutions", "-k", "agents"],
    ["-m", "ruff", "check", "--no-cache", "."],
    ["-m", "ruff", "format", "--no-cache", "--check", "."],
)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """The least that counts as a checkout."""
    (tmp_path / "autograder" / "exercises").mkdir(parents=True)
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_a_new_lab_builds_and_passes_every_check_that_is_collected_from_labs(
    tmp_path: Path,
) -> None:
    for name in ("autograder", "llmlab", "solutions", "course", "labs", "tests", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    before = files(tmp_path)

    written = write_skeleton(tmp_path, "42_agents")
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    after = files(tmp_path)
    assert {name: after[name] for name in before} == before
    new = {str(path.relative_to(tmp_path)) for path in written}
    assert set(after) - set(before) == {*new, "labs/42_agents/agents.ipynb"}


def test_a_skeleton_is_five_files_named_by_its_lab(empty: Path) -> None:
    written = write_skeleton(empty, "42_long_context")
    assert [str(path.relative_to(empty)) for path in written] == [
        "autograder/exercises/long_context/__init__.py",
        "autograder/exercises/long_context/double.py",
        "solutions/42_long_context/long_context.py",
        "solutions/42_long_context/private/double.py",
        "course/42_long_context.md",
    ]
    assert written[4].read_text("utf-8").startswith("# Long context\n")


@pytest.mark.parametrize(
    "name", ["agents", "4_agents", "42-agents", "42_Agents", "42_", "42_a/b", ""]
)
def test_a_name_out_of_form_is_told(empty: Path, name: str) -> None:
    with pytest.raises(AuthoringError, match="is no name for a lab; give two digits and a topic"):
        write_skeleton(empty, name)
    assert files(empty) == {}


def test_a_folder_that_is_no_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(AuthoringError, match="is no checkout of llmlab; give one with --root"):
        write_skeleton(tmp_path, "42_agents")
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_exists_is_overwritten(empty: Path) -> None:
    chapter = empty / "course" / "42_agents.md"
    chapter.parent.mkdir()
    chapter.write_text("mine")
    with pytest.raises(AuthoringError, match=r"42_agents\.md exists already; choose another topic"):
        write_skeleton(empty, "42_agents")
    assert files(empty) == {"course/42_agents.md": b"mine"}


def test_a_number_that_is_taken_is_told(empty: Path) -> None:
    write_skeleton(empty, "42_agents")
    before = files(empty)
    with pytest.raises(AuthoringError, match="Lab 42 is 42_agents already; choose another number"):
        write_skeleton(empty, "42_answers")
    assert files(empty) == before


def test_a_folder_that_cannot_be_written_is_told_and_half_a_lab_is_not_left(empty: Path) -> None:
    (empty / "solutions").write_text("a file")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_skeleton(empty, "42_agents")
    assert files(empty) == {"solutions": b"a file"}
