"""A learner's work is never overwritten, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from llmlab import workspace
from llmlab.errors import WorkspaceError
from llmlab.workspace import lay_labs, open_jupyterlab, reset_lab, write_safely

NOTEBOOK = "05_attention/attention.ipynb"


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release of two labs, which a test can change."""
    folder = tmp_path / "release"
    for name in ("00_welcome/welcome.ipynb", NOTEBOOK):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(f"first release of {name}")
    monkeypatch.setattr(workspace, "released_labs", lambda: folder)
    return folder


def test_labs_are_laid_once(release: Path, tmp_path: Path) -> None:
    labs = tmp_path / "labs"
    assert lay_labs(labs).new == ["00_welcome/welcome.ipynb", NOTEBOOK]
    assert lay_labs(labs).new == []
    assert (labs / NOTEBOOK).read_text() == f"first release of {NOTEBOOK}"


def test_what_the_learner_changed_is_kept_when_a_newer_release_comes(
    release: Path, tmp_path: Path
) -> None:
    labs = tmp_path / "labs"
    lay_labs(labs)
    (labs / NOTEBOOK).write_text("mine")
    assert lay_labs(labs).held_back == []
    (release / NOTEBOOK).write_text("second release")
    laid = lay_labs(labs)
    assert laid.held_back == [NOTEBOOK]
    assert laid.new == []
    assert (labs / NOTEBOOK).read_text() == "mine"


def test_an_untouched_lab_is_brought_up_to_date(release: Path, tmp_path: Path) -> None:
    labs = tmp_path / "labs"
    lay_labs(labs)
    (release / NOTEBOOK).write_text("second release")
    assert lay_labs(labs).new == [NOTEBOOK]
    assert (labs / NOTEBOOK).read_text() == "second release"


@pytest.mark.parametrize("damage", ["", "no JSON", "[1]", None])
def test_without_a_memory_of_what_was_laid_every_notebook_counts_as_changed(
    release: Path, tmp_path: Path, damage: str | None
) -> None:
    labs = tmp_path / "labs"
    lay_labs(labs)
    memory = labs / ".llmlab" / "laid.json"
    memory.unlink() if damage is None else memory.write_text(damage)
    (release / NOTEBOOK).write_text("second release")
    assert lay_labs(labs).held_back == [NOTEBOOK]
    assert (labs / NOTEBOOK).read_text() == f"first release of {NOTEBOOK}"


def test_a_reset_keeps_what_was_there_however_often(release: Path, tmp_path: Path) -> None:
    labs = tmp_path / "labs"
    lay_labs(labs)
    copies = []
    for mine in ("mine", "mine again", "and again"):
        (labs / NOTEBOOK).write_text(mine)
        (kept,) = reset_lab(labs, "05_attention")
        copies.append(kept)
        assert kept.read_text() == mine
        assert (labs / NOTEBOOK).read_text() == f"first release of {NOTEBOOK}"
    assert len(set(copies)) == 3
    assert reset_lab(labs, "05_attention") == []


def test_a_reset_of_a_lab_that_does_not_exist_names_those_that_do(
    release: Path, tmp_path: Path
) -> None:
    with pytest.raises(WorkspaceError, match="00_welcome, 05_attention"):
        reset_lab(tmp_path / "labs", "99_nothing")


def test_a_file_that_cannot_be_written_keeps_its_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkspaceError, match=r"No space left on device.*untouched. Make room"):
        write_safely(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_place_of_a_notebook_is_named(release: Path, tmp_path: Path) -> None:
    labs = tmp_path / "labs"
    (labs / NOTEBOOK).mkdir(parents=True)
    with pytest.raises(WorkspaceError, match=r"attention.ipynb cannot be read \(Is a directory\)"):
        lay_labs(labs)


@pytest.fixture(params=[True, False], ids=["takes its place", "runs beside it"])
def started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note how JupyterLab would be started, and start nothing."""
    calls: list[Any] = []

    def run(command: list[str], env: dict[str, str], check: bool) -> Any:
        calls.append((command, env))
        return subprocess.CompletedProcess(command, 7)

    def become(program: str, command: list[str], env: dict[str, str]) -> None:
        calls.append((command, env))
        raise SystemExit(7)

    monkeypatch.setattr(workspace, "_TAKES_ITS_PLACE", request.param)
    monkeypatch.setattr(os, "execve", become)
    monkeypatch.setattr(subprocess, "run", run)
    return calls


def exit_status(**options: Any) -> int:
    """Open JupyterLab, which either returns its exit status or takes the place of the process and ends with it."""
    try:
        return open_jupyterlab(**options)
    except SystemExit as left:
        return int(left.code or 0)


def test_jupyterlab_opens_on_the_welcome_notebook_without_news(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/the/person")
    assert exit_status(folder=tmp_path, browser=False, port=8123) == 7
    ((command, environment),) = started
    assert {"--no-browser", "--port=8123", f"--notebook-dir={tmp_path}"} <= set(command)
    assert "--LabApp.default_url=/lab/tree/00_welcome/welcome.ipynb" in command
    ours, theirs = environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert theirs == "/of/the/person"
    page = json.loads((Path(ours) / "labconfig" / "page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyterlab/apputils-extension:announcements"] is True


def test_without_jupyterlab_the_learner_is_told_to_install_it(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace.shutil, "which", lambda *args, **kwargs: None)
    with pytest.raises(WorkspaceError, match="pip install jupyterlab"):
        open_jupyterlab(tmp_path)
    assert started == []
