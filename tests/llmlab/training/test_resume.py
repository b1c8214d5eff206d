"""A run that is killed goes on as if nothing had happened; several processes do what one does."""

from __future__ import annotations

import random
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.llmlab.training.runs import finish, losses, start


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the run that nobody disturbs, and its data."""
    folder = tmp_path_factory.mktemp("runs")
    printed = finish(start(folder, "--output", str(folder / "whole")))
    assert "A new run" in printed
    return folder


def steps_written(output: Path) -> int:
    samples = output / "samples.txt"
    return samples.read_text().count("--- step") if samples.exists() else 0


def test_a_run_killed_at_a_random_step_and_resumed_has_the_same_losses_bit_for_bit(
    folder: Path,
) -> None:
    output, moment = folder / "killed", random.Random(7).randrange(6, 25)
    process = start(folder, "--output", str(output))
    while steps_written(output) < moment:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert steps_written(output) < 30

    printed = finish(start(folder, "--output", str(output), "--resume", "auto"))
    found = re.search(r"goes on from .*step=(\d+)\.ckpt", printed)
    assert found is not None
    resumed_at, (whole, resumed) = int(found[1]), (losses(folder / "whole"), losses(output, 1))
    assert 4 <= resumed_at <= moment + 2
    assert list(resumed) == list(range(resumed_at, 30))
    assert resumed == {step: whole[step] for step in resumed}


def test_a_run_stopped_by_hand_says_how_to_go_on(folder: Path) -> None:
    output = folder / "stopped"
    process = start(folder, "--output", str(output))
    while steps_written(output) < 5:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode != 0
    assert "The run was stopped by hand; go on with" in err


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_nodes_have_the_losses_of_one_process_with_the_same_global_batch(
    folder: Path, strategy: str
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    options = ["--data.batch_size", "2", "--trainer.strategy", strategy, "--trainer.num_nodes", "2"]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "LOCAL_RANK": "0"}
    output = folder / strategy
    nodes = [
        start(folder, *options, "--output", str(output), NODE_RANK=str(rank), **place)
        for rank in range(2)
    ]
    for node in nodes:
        finish(node)
    alone, together = losses(folder / "whole"), losses(output)
    assert list(together) == list(alone) == list(range(30))
    for step, loss in together.items():
        assert float(loss) == pytest.approx(float(alone[step]), abs=1e-5)

    # What several processes saved, one can go on with: its checkpoint is whole.
    printed = finish(start(folder, "--output", str(output), "--resume", "auto"))
    assert "step=28.ckpt" in printed
    resumed = losses(output, 1)
    assert list(resumed) == [28, 29]
    assert [float(loss) for loss in resumed.values()] == pytest.approx(
        [float(alone[step]) for step in resumed], abs=1e-5
    )
