"""What watches a run: each notices what it is there for."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback
from torch import Tensor

from llmlab.model import TransformerConfig
from llmlab.tokenization import ByteLevelBPE
from llmlab.training.callbacks import Samples, Spikes, Throughput
from tests.llmlab.training.test_module import Rows, language_model, trainer

pytestmark = pytest.mark.filterwarnings("ignore")
WIDE = TransformerConfig(
    vocabulary_size=270, max_length=16, model_dim=8, num_layers=1, num_heads=2, hidden_dim=16
)


class Lettered(Rows):
    """Rows of letters, with the tokenizer that they came from."""

    vocabulary_size = 270
    tokenizer = ByteLevelBPE.train("a story of a star", 270, special_tokens=["<|endoftext|>"])


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "logs" / "version_0" / "metrics.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row.get(name)]


def fit(folder: Path, ids: Tensor, *callbacks: Callback, **options: Any) -> None:
    run = trainer(folder, callbacks=list(callbacks), **options)
    run.fit(language_model(WIDE), Lettered(ids))


def test_speed_is_measured_after_the_first_steps(ids: Tensor, tmp_path: Path) -> None:
    fit(tmp_path, ids, Throughput(every=2, peak_flops=1e9))
    measured = rows(tmp_path, "tokens_per_second")
    assert [int(row["step"]) for row in measured] == [3]
    rate, share = (
        float(measured[0][name]) for name in ("tokens_per_second", "model_flops_utilization")
    )
    from llmlab.training import flops_per_token

    assert share == pytest.approx(rate * flops_per_token(WIDE, 12) / 1e9, rel=1e-4)


def test_the_machine_is_measured_when_nobody_says_what_it_can_do(
    ids: Tensor, tmp_path: Path
) -> None:
    speed = Throughput(every=2)
    fit(tmp_path, ids, speed)
    assert speed.peak_flops is not None
    assert speed.peak_flops > 1e6


def test_the_model_writes_now_and_then_and_the_same_with_the_same_seed(
    ids: Tensor, tmp_path: Path
) -> None:
    fit(tmp_path / "one", ids, Samples(every=2, prompt="a star", tokens=5))
    fit(tmp_path / "two", ids, Samples(every=2, prompt="a star", tokens=5))
    written = (tmp_path / "one" / "samples.txt").read_text()
    assert [line for line in written.splitlines() if line.startswith("---")] == [
        "--- step 2",
        "--- step 4",
    ]
    assert written.count("a star") == 2
    assert written == (tmp_path / "two" / "samples.txt").read_text()


def test_writing_changes_nothing_in_the_run(ids: Tensor, tmp_path: Path) -> None:
    torch.manual_seed(0)
    fit(tmp_path / "silent", ids)
    fit(tmp_path / "writing", ids, Samples(every=1, tokens=3))
    silent, writing = (rows(tmp_path / name, "loss") for name in ("silent", "writing"))
    assert [row["loss"] for row in silent] == [row["loss"] for row in writing]


def test_with_accumulation_the_model_writes_once_a_step(ids: Tensor, tmp_path: Path) -> None:
    fit(tmp_path, ids, Samples(every=1, tokens=2), accumulate_grad_batches=2, max_steps=2)
    assert (tmp_path / "samples.txt").read_text().count("---") == 2


def test_a_jump_of_the_loss_is_a_spike_and_its_noise_is_not() -> None:
    generator = torch.Generator().manual_seed(5)
    noise = (3 + 0.1 * torch.randn(200, generator=generator)).tolist()
    spikes = Spikes(window=50, deviations=6.0)
    assert not any(spikes.observe(loss) for loss in noise)
    assert spikes.observe(5.0)
    assert not spikes.observe(3.0)
    assert spikes.count == 1


def test_a_falling_loss_and_the_first_steps_are_no_spikes() -> None:
    spikes = Spikes(window=20, deviations=6.0)
    assert not any(spikes.observe(9.0 / (1 + step)) for step in range(200))
    assert not Spikes(window=20).observe(100.0)


def test_what_was_seen_of_the_loss_is_part_of_the_checkpoint() -> None:
    before, after = Spikes(window=3), Spikes(window=3)
    for loss in (1.0, 1.1, 0.9, 1.0):
        before.observe(loss)
    after.load_state_dict(before.state_dict())
    assert after.observe(9.0)


def test_spikes_are_counted_in_the_log_and_told(
    ids: Tensor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fit(tmp_path, ids, Spikes(window=2, deviations=-100.0))
    told = [one.message for one in caplog.records if "The loss jumped to" in one.message]
    assert ["at step 2;" in told[0], "at step 3;" in told[1]] == [True, True]
    assert len(told) == 2
    assert [float(row["spikes"]) for row in rows(tmp_path, "spikes")] == [0.0, 0.0, 1.0, 2.0]
