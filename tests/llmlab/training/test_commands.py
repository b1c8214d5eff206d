"""`llmlab train`: settings by name or file, and what is said when they are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from llmlab import cli
from llmlab.model import PRESETS
from llmlab.training import TrainingError
from llmlab.training.commands import (
    CONFIGS,
    configurations,
    newest_checkpoint,
    with_configurations,
)


def test_settings_that_come_along_are_found_by_name() -> None:
    expected = str(CONFIGS / "tales-1m.yaml")
    assert with_configurations(["--config", "tales-1m", "--output", "here"]) == [
        "--config",
        expected,
        "--output",
        "here",
    ]
    assert with_configurations(["--config=tales-1m"]) == [f"--config={expected}"]


def test_a_file_of_ones_own_comes_before_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tales-1m").write_text("seed_everything: 1\n")
    assert with_configurations(["--config", "tales-1m"]) == ["--config", "tales-1m"]


def test_unknown_settings_are_told_with_those_that_there_are() -> None:
    with pytest.raises(TrainingError, match=r"no configuration 'tales'.*tales-1m"):
        with_configurations(["--config", "tales"])


def test_the_newest_checkpoint_is_the_one_that_was_written_last(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path / "nowhere") is None
    for age, name in enumerate(("step=900.ckpt", "step=1000.ckpt", "step=20.ckpt")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / ".step=2000.ckpt.part").touch()
    assert newest_checkpoint(tmp_path) == tmp_path / "step=900.ckpt"


def test_settings_have_the_name_of_a_preset_unless_they_are_for_any_text() -> None:
    assert set(configurations()) - set(PRESETS) == {"own-text"}


@pytest.mark.parametrize("name", [name for name in configurations() if name in PRESETS])
def test_settings_are_those_of_the_preset_of_their_name(name: str) -> None:
    settings = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    fields = settings["model"]["config"]
    assert PRESETS[name].changed(**fields) == PRESETS[name]
    assert settings["data"]["init_args"]["length"] <= PRESETS[name].max_length


def test_the_command_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmlab.training import commands

    handed: list[str] = []
    monkeypatch.setattr(commands, "run", handed.extend)
    result = CliRunner().invoke(cli.app, ["train", "--config", "tales-1m", "--model.max_norm=2"])
    assert result.exit_code == 0
    assert handed == ["--config", "tales-1m", "--model.max_norm=2"]
