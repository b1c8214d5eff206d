"""The command `llmlab`, as a person types it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmlab import __version__, cli

NOTEBOOK = Path("05_attention") / "attention.ipynb"


def test_the_version_is_shown() -> None:
    result = CliRunner().invoke(cli.app, ["--version"])
    assert result.stdout == f"llmlab {__version__}\n"
    assert result.exit_code == 0


def test_labs_are_laid_and_a_changed_one_is_named_when_a_newer_release_is_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["lab", "--folder", str(tmp_path / "labs"), "--lay-only"]
    assert "Laid" in CliRunner().invoke(cli.app, command).stdout
    assert CliRunner().invoke(cli.app, command).stdout == ""
    mine = tmp_path / "labs" / NOTEBOOK
    mine.write_text("mine")
    (tmp_path / "labs" / ".llmlab" / "laid.json").unlink()
    told = CliRunner().invoke(cli.app, command).stdout
    assert "autograder reset 05_attention" in " ".join(told.split())
    assert mine.read_text() == "mine"


def test_jupyterlabs_exit_status_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(cli, "open_jupyterlab", lambda *args: asked.append(args) or 3)
    result = CliRunner().invoke(cli.app, ["lab", "--folder", str(tmp_path), "--no-browser"])
    assert result.exit_code == 3
    assert asked == [(tmp_path, False, None)]


def test_a_folder_that_is_a_file_is_one_sentence_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labs").write_text("a file")
    monkeypatch.setattr(sys, "argv", ["llmlab", "lab", "--folder", str(tmp_path / "labs")])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("llmlab: ")
    assert said.count("\n") == 1
    assert (tmp_path / "labs").read_text() == "a file"
