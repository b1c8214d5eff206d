"""From a file of one's own to a model that has learned from it, by the commands that the course names."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from typer.testing import CliRunner

from llmlab import cli
from llmlab.data.tales import stories
from llmlab.model import load_huggingface
from tests.llmlab.training.runs import finish, start_command


def test_a_file_becomes_a_model(tmp_path: Path) -> None:
    raw = tmp_path / "raw.txt"
    raw.write_text("\n\n".join(islice(stories(1), 40)), encoding="utf-8")
    packing = ["data", "pack", str(raw), str(tmp_path / "ready"), "--vocabulary-size", "300"]
    assert CliRunner().invoke(cli.app, packing).exit_code == 0
    options = ["--config", "own-text", "--data.folder", str(tmp_path / "ready")]
    options += ["--model.config.vocabulary_size", "300", "--trainer.max_steps", "2"]
    options += [
        "--model.warmup_steps",
        "1",
        "--data.batch_size",
        "2",
        "--trainer.val_check_interval",
        "2",
    ]
    finish(start_command(tmp_path, *options, "--output", str(tmp_path / "run")))
    model = load_huggingface(tmp_path / "run" / "model")
    assert model.config.vocabulary_size == 300
    assert model.config.num_layers == 8
