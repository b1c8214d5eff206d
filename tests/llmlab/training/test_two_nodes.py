"""Two nodes, as the chapter of lab 08 starts them: each a launcher of its own on a loopback address of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.labs import ROOT
from tests.llmlab.training.runs import PROGRAM, SETTINGS, finish, losses

OPTIONS = ["--data.batch_size=2", "--trainer.num_nodes=2", "--trainer.strategy=ddp"]
Start = Callable[[list[str], int, int], subprocess.Popen[str]]


def launch(command: list[str], **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def by_torchrun(program: list[str], node: int, port: int) -> subprocess.Popen[str]:
    options = ["--nnodes=2", f"--node-rank={node}", "--nproc-per-node=1", "--no-python"]
    meeting = [
        "--master-addr=127.0.0.1",
        f"--master-port={port}",
        f"--local-addr=127.0.0.{node + 1}",
    ]
    launcher = [sys.executable, "-m", "torch.distributed.run"]
    return launch([*launcher, *options, *meeting, *program])


def by_slurm(program: list[str], node: int, port: int) -> subprocess.Popen[str]:
    """Start one task with the variables that srun sets."""
    return launch(
        program,
        SLURM_JOB_ID=str(port),
        SLURM_JOB_NAME="tales",
        SLURM_NTASKS="2",
        SLURM_NTASKS_PER_NODE="1",
        SLURM_NNODES="2",
        SLURM_NODELIST="localhost",
        SLURM_NODEID=str(node),
        SLURM_PROCID=str(node),
        SLURM_LOCALID="0",
        MASTER_PORT=str(port),
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Write the settings of a small run; the first run also makes its data."""
    folder = tmp_path_factory.mktemp("two-nodes")
    path = folder / "settings.yaml"
    path.write_text(SETTINGS, encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, "--config", str(path)]
    return [*command, "--data.folder", str(folder / "data"), "--trainer.max_steps=8"]


@pytest.fixture(scope="module")
def alone(settings: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Give the losses of one process."""
    output = tmp_path_factory.mktemp("alone")
    finish(launch([*settings, "--output", str(output)]))
    return losses(output)


@pytest.mark.parametrize("start", [by_torchrun, by_slurm])
def test_two_nodes_have_the_losses_of_one_process(
    start: Start, settings: list[str], alone: dict[int, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    program = [*settings, *OPTIONS, "--output", str(tmp_path)]
    nodes = [start(program, node, port) for node in range(2)]
    printed = [finish(node) for node in nodes]
    assert f"The model is in {tmp_path / 'model'}" in printed[0]
    together = losses(tmp_path)
    assert list(together) == list(alone) == list(range(8))
    for step, loss in together.items():
        assert float(loss) == pytest.approx(float(alone[step]), abs=1e-5)
