"""Checkpoints: a run goes on as if nothing had happened, and damage is told in a sentence."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from llmlab.errors import CheckpointError
from llmlab.model import Transformer, TransformerConfig
from llmlab.training import (
    load_checkpoint,
    make_optimizer,
    read_checkpoint,
    save_checkpoint,
    train,
    write_checkpoint,
)
from tests.labs import ROOT
from tests.mounts import NO_WAY, namespace


class Batches:
    """Random batches that know their place."""

    def __init__(self) -> None:
        self.place = 0

    def __iter__(self) -> Iterator[torch.Tensor]:
        while True:
            generator = torch.Generator().manual_seed(self.place)
            self.place += 1
            yield torch.randint(20, (2, 9), generator=generator)

    def state_dict(self) -> dict[str, Any]:
        return {"place": self.place}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.place = state_dict["place"]


def schedule(step: int) -> float:
    return 0.02 / (1 + step)


def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one_bit_for_bit(
    config: TransformerConfig, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    model, batches = Transformer(config), Batches()
    optimizer = make_optimizer(model, 0.0)
    run = train(model, optimizer, schedule, batches, steps=12)
    before = list(islice(run, 5))
    save_checkpoint(tmp_path / "five", model=model, optimizer=optimizer, step=5, batches=batches)
    after = list(run)

    torch.manual_seed(2)
    model, batches = Transformer(config), Batches()
    optimizer = make_optimizer(model, 0.0)
    step = load_checkpoint(tmp_path / "five", model=model, optimizer=optimizer, batches=batches)
    assert step == len(before) == 5
    again = list(train(model, optimizer, schedule, batches, steps=12, first_step=step))
    assert again == after


def test_random_numbers_go_on_where_they_were(model: Transformer, tmp_path: Path) -> None:
    optimizer = make_optimizer(model, 0.0)
    save_checkpoint(tmp_path / "one", model=model, optimizer=optimizer, step=1, batches=Batches())
    expected = torch.rand(3)
    torch.manual_seed(99)
    load_checkpoint(tmp_path / "one", model=model, optimizer=optimizer, batches=Batches())
    assert torch.equal(torch.rand(3), expected)


def test_a_checkpoint_of_another_configuration_changes_nothing(
    model: Transformer, config: TransformerConfig, tmp_path: Path
) -> None:
    save_checkpoint(
        tmp_path / "small",
        model=model,
        optimizer=make_optimizer(model, 0.0),
        step=1,
        batches=Batches(),
    )
    other = Transformer(config.changed(num_layers=3, norm_epsilon=1e-6))
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(
        CheckpointError, match=r"norm_epsilon is 1e-05 there and 1e-06 here, num_layers is 2 there"
    ):
        load_checkpoint(
            tmp_path / "small", model=other, optimizer=make_optimizer(other, 0.0), batches=Batches()
        )
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())


@pytest.mark.parametrize("kept", [0, 10, 0.3, 0.9, -1])
def test_a_checkpoint_that_was_cut_short_is_told(
    model: Transformer, tmp_path: Path, kept: float
) -> None:
    path = tmp_path / "whole"
    save_checkpoint(
        path, model=model, optimizer=make_optimizer(model, 0.0), step=1, batches=Batches()
    )
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(CheckpointError, match=r"whole is damaged or was cut short; resume from"):
        read_checkpoint(path)


def test_a_file_that_would_run_code_is_not_read(tmp_path: Path) -> None:
    torch.save({"call": os.system}, tmp_path / "evil")
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(tmp_path / "evil")


def test_what_is_no_checkpoint_is_told(model: Transformer, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_checkpoint(tmp_path / "nowhere")
    torch.save([1, 2], tmp_path / "list")
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        read_checkpoint(tmp_path / "list")
    write_checkpoint({"model": {}}, tmp_path / "half")
    with pytest.raises(CheckpointError, match="lacks batches, config, optimizer, random, step"):
        load_checkpoint(
            tmp_path / "half", model=model, optimizer=make_optimizer(model, 0.0), batches=Batches()
        )


def test_a_full_disk_leaves_the_checkpoint_before_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last"
    write_checkpoint({"step": 1}, path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        CheckpointError, match=r"cannot be written \(No space left on device\).*is whole: make room"
    ):
        write_checkpoint({"step": 2}, path)
    assert read_checkpoint(path) == {"step": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["last"]


SMALL_DISK = """
import torch
from llmlab.errors import CheckpointError
from llmlab.training import read_checkpoint, write_checkpoint
write_checkpoint({"step": 1}, "last")
try:
    write_checkpoint({"step": 2, "weights": torch.zeros(100_000)}, "last")
except CheckpointError as error:
    print(error)
print(read_checkpoint("last"))
"""


def test_a_file_system_that_is_really_full_leaves_the_checkpoint_before_as_it_was(
    tmp_path: Path,
) -> None:
    way = namespace(tmp_path)
    if way is None:
        pytest.skip(NO_WAY)
    mount = f"mount -t tmpfs -o size=200k none {tmp_path} && cd {tmp_path}"
    run = subprocess.run(
        [*way, "sh", "-c", f"{mount} && exec {sys.executable} -c '{SMALL_DISK}'"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert "The checkpoint last cannot be written" in run.stdout, run.stderr
    assert run.stdout.endswith("{'step': 1}\n")
