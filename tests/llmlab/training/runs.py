"""Runs of `llmlab train` in processes of their own, small enough to take seconds."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from tests.labs import ROOT

PROGRAM = "import sys; from llmlab.training.commands import run; run(sys.argv[1:])"
SETTINGS = """
seed_everything: 1
model:
  config:
    {vocabulary_size: 300, max_length: 32, model_dim: 16, num_layers: 1, num_heads: 2, hidden_dim: 32}
  learning_rate: 0.01
  warmup_steps: 3
data:
  class_path: llmlab.data.module.TalesData
  init_args: {stories: 60, vocabulary_size: 300, length: 32, batch_size: 4, validation_batches: 1, seed: 1}
trainer:
  accelerator: cpu
  devices: 1
  max_steps: 30
  num_sanity_val_steps: 0
  log_every_n_steps: 1
  enable_model_summary: false
checkpoint:
  every_n_train_steps: 4
samples:
  every: 1
  tokens: 1
speed:
  peak_flops: 1000000000
"""


def start(folder: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """Start a run; its data lie in the folder, beside what `--output` names."""
    settings = folder / "settings.yaml"
    settings.write_text(SETTINGS, encoding="utf-8")
    own = ("--config", str(settings), "--data.folder", str(folder / "data"))
    return start_command(folder, *own, *options, **environment)


def start_command(folder: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """Start `llmlab train` with nothing but the options that are given."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a run that must succeed, and give what it printed."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-3000:]
    return out


def losses(output: Path, version: int = 0) -> dict[int, str]:
    """Read the loss of each step, in all its digits."""
    with (output / "logs" / f"version_{version}" / "metrics.csv").open(newline="") as file:
        return {int(row["step"]): row["loss"] for row in csv.DictReader(file) if row["loss"]}
