"""What a run leaves behind: loadable, checkable, and with the curve of all its parts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from llmlab.model import Transformer, load_huggingface
from llmlab.tokenization import ByteLevelBPE, load_tokenizer
from llmlab.training.export import draw_curve, export_model, read_curve

FIRST = "epoch,gradient_norm,learning_rate,loss,step,validation_loss\n"


def logged(logs: Path, version: int, rows: str) -> None:
    folder = logs / f"version_{version}"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text(FIRST + rows)


def test_the_curve_of_a_resumed_run_has_each_step_once(tmp_path: Path) -> None:
    logged(tmp_path, 0, "0,1.0,0.1,5.0,0,\n0,1.0,0.2,4.0,1,\n0,,,,1,4.5\n0,1.0,0.3,3.0,2,\n")
    logged(tmp_path, 1, "0,1.0,0.3,2.5,2,\n0,1.0,0.4,2.0,3,\n")
    logged(tmp_path, 10, "0,1.0,0.4,1.0,4,\n")
    logged(tmp_path, 2, "0,1.0,0.4,1.5,4,\n")
    curve = read_curve(tmp_path)
    assert [(row["step"], row["loss"]) for row in curve] == [
        ("0", "5.0"),
        ("1", "4.0"),
        ("2", "2.5"),
        ("3", "2.0"),
        ("4", "1.0"),
    ]
    assert curve[1]["validation_loss"] == "4.5"


def test_the_curve_is_drawn_the_same_each_time_and_needs_no_held_out_text(tmp_path: Path) -> None:
    logged(tmp_path, 0, "0,1.0,0.1,5.0,0,\n0,1.0,0.2,4.0,1,\n0,,,,1,4.5\n")
    pictures = [tmp_path / name / "loss.svg" for name in ("first", "second", "third")]
    curve = read_curve(tmp_path)
    without = [{key: row[key] for key in row if key != "validation_loss"} for row in curve]
    for picture, rows in zip(pictures, (curve, curve, without), strict=True):
        picture.parent.mkdir()
        draw_curve(rows, picture)
    drawn = [picture.read_text(encoding="utf-8") for picture in pictures]
    assert drawn[0] == drawn[1]
    assert [text.count("held-out text") for text in drawn] == [1, 1, 0]
    assert all("loss (nats a token)" in text for text in drawn)


def test_the_folder_is_loaded_again_and_its_sums_hold(model: Transformer, tmp_path: Path) -> None:
    logged(tmp_path / "logs", 0, "0,1.0,0.1,5.0,0,\n")
    tokenizer = ByteLevelBPE.train("a story", 260, special_tokens=["<|endoftext|>"])
    export_model(model, tokenizer, "seed_everything: 1\n", tmp_path / "logs", tmp_path / "model")
    again = load_huggingface(tmp_path / "model")
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert load_tokenizer(tmp_path / "model").vocabulary() == tokenizer.vocabulary()
    sums = (tmp_path / "model" / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in sums] == [
        "config.json",
        "loss.csv",
        "loss.svg",
        "model.safetensors",
        "settings.yaml",
        "tokenizer.json",
    ]
    for line in sums:
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "model" / name).read_bytes()).hexdigest() == digest
