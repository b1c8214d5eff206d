"""Real processes on this machine; each starts PyTorch anew, so there are few tests and each shows much."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from torch import nn

from llmlab.errors import CommunicationError, ConfigurationError
from llmlab.training import (
    ProcessCommunicator,
    all_reduce,
    average_gradients,
    process_group,
    ring_all_reduce,
    run_processes,
    shard_indices,
    simulate,
    torchrun,
)
from llmlab.training import processes as module

TENSORS = [
    torch.tensor(3.5),
    torch.zeros(0),
    torch.arange(6).reshape(2, 3).T,
    torch.tensor([True, False]),
    torch.randn(3, generator=torch.Generator().manual_seed(0), dtype=torch.float64),
    torch.ones(2, 2, dtype=torch.bfloat16),
]
LARGE = 2_000_000


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Put temporary files where a test can see whether any stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def train(communicator, steps):
    """Train a model on 24 examples a step, and give the loss of the whole batch at each step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(24 * steps, 5, generator=generator)
    mine = shard_indices(range(len(inputs)), communicator.rank, communicator.world_size)
    local = 24 // communicator.world_size
    losses = []
    for step in range(steps):
        batch = inputs[mine[step * local : (step + 1) * local]]
        loss = (model(batch) - batch.sin().sum(dim=-1, keepdim=True)).square().mean()
        gradients = list(torch.autograd.grad(loss, list(model.parameters())))
        *averaged, whole = average_gradients(communicator, [*gradients, loss.detach()], len(batch))
        losses.append(whole.item())
        with torch.no_grad():
            for parameter, gradient in zip(model.parameters(), averaged, strict=True):
                parameter -= 0.1 * gradient
    return losses


def test_processes_do_what_simulated_ranks_do_and_leave_nothing_behind(temporary):
    def program(communicator, tensors):
        following = (communicator.rank + 1) % communicator.world_size
        previous = (communicator.rank - 1) % communicator.world_size
        # All send before any receives, and one message is far larger than a socket's buffer.
        for tensor in [*tensors, torch.full((LARGE,), float(communicator.rank))]:
            communicator.send(tensor, following)
        received = [communicator.receive(previous) for _ in tensors]
        large = communicator.receive(previous)
        share = torch.arange(10.0) * (communicator.rank + 1)
        return {
            "received": received,
            "large": (len(large), large.unique().tolist()),
            "sums": [way(communicator, share) for way in (all_reduce, ring_all_reduce)],
            "sent": (communicator.bytes_sent, communicator.messages_sent),
            "losses": train(communicator, 15),
        }

    real, simulated = run_processes(program, 2, TENSORS), simulate(program, 2, TENSORS)
    alone = simulate(train, 1, 15)[0]
    assert alone[-1] < alone[0] / 2
    for one, other in zip(real, simulated, strict=True):
        assert [tensor.dtype for tensor in one["received"]] == [tensor.dtype for tensor in TENSORS]
        assert all(map(torch.equal, one["received"], TENSORS))
        assert all(map(torch.equal, one["sums"], other["sums"]))
        for key in ("large", "sent", "losses"):
            assert one[key] == other[key]
        assert one["losses"] == pytest.approx(alone, abs=1e-5)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("forks", [True, False])
def test_the_first_error_of_a_rank_is_raised_and_all_others_are_ended(
    temporary, monkeypatch, forks
):
    monkeypatch.setattr(module, "_CAN_FORK", forks and module._CAN_FORK)

    class Mine(Exception):
        pass

    def program(communicator):
        if communicator.rank == 1:
            raise Mine("of rank 1")
        # Misses rank 1, and fails after it.
        return communicator.receive(1)

    with pytest.raises(Exception, match="of rank 1") as caught:
        run_processes(program, 3)
    assert type(caught.value).__name__ == "Mine"
    (note,) = caught.value.__notes__
    assert note.startswith("On rank 1:")
    assert "in program" in note
    assert list(temporary.iterdir()) == []


def test_a_process_that_ends_without_a_word_is_named_with_what_it_wrote():
    def program(communicator):
        if communicator.rank == 1:
            print("I am out of memory.", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    with pytest.raises(CommunicationError, match=r"Rank 1 .* words: I am out of memory\."):
        run_processes(program, 2)


def test_processes_that_wait_forever_are_ended():
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(CommunicationError, match="did not finish within 6 seconds"):
        run_processes(lambda one: one.receive(1 - one.rank), 2, seconds=6.0)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_what_cannot_be_sent_back_is_said():
    class Strange(Exception):
        def __init__(self, code, *, text):
            super().__init__(f"{text} {code}")

    def raises(communicator):
        raise Strange(7, text="strange")

    with pytest.raises(CommunicationError, match="What rank 0 returned cannot be sent back"):
        run_processes(lambda one: (one for one in ()), 1)
    with pytest.raises(CommunicationError, match=r"rank 0 raised cannot .* \(strange 7\)"):
        run_processes(raises, 1)


def test_where_no_connections_are_allowed_it_is_said_before_anything_starts(monkeypatch, tmp_path):
    def refuse(*args, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    def start(*args, **kwargs):
        raise AssertionError("A process was started.")

    monkeypatch.setattr(module.socket, "create_server", refuse)
    monkeypatch.setattr(module.subprocess, "Popen", start)
    for attempt in (lambda: run_processes(print, 2), lambda: torchrun(tmp_path / "no.py", 2)):
        with pytest.raises(CommunicationError, match=r"may not open connections .*not permitted"):
            attempt()


def test_a_group_of_processes_has_at_least_one():
    with pytest.raises(ConfigurationError, match="world_size is 0"):
        run_processes(print, 0)


def test_outside_a_group_there_is_no_communicator():
    with pytest.raises(CommunicationError, match="in no group"):
        ProcessCommunicator()


def test_without_the_variables_of_a_launcher_no_group_is_formed(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with (
        pytest.raises(CommunicationError, match=r"RANK expected.*Start them with torchrun"),
        process_group(),
    ):
        pass


def test_a_script_that_takes_too_long_is_ended_with_all_its_processes(tmp_path):
    script = tmp_path / "waits.py"
    script.write_text("import time; time.sleep(600)")
    with pytest.raises(
        CommunicationError, match=r"`waits\.py` did not finish on 2 processes within"
    ):
        torchrun(script, 2, seconds=12.0)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            assert str(script) not in process.cmdline()


def test_a_script_that_fails_is_told_with_its_error(tmp_path):
    script = tmp_path / "fails.py"
    script.write_text("raise ValueError('of the script')\n")
    with pytest.raises(
        CommunicationError, match=r"`fails\.py` failed on 2 .*ValueError: of the script"
    ):
        torchrun(script, 2)


NODE = """
import json, os, sys
sys.path.insert(0, {tests!r})
import test_processes
from llmlab.training import process_group
with process_group() as communicator:
    losses = test_processes.train(communicator, 15)
names = ("RANK", "WORLD_SIZE", "GROUP_RANK", "LOCAL_RANK", "MASTER_ADDR")
print(json.dumps([{{name: os.environ[name] for name in names}}, losses]))
"""


def test_two_nodes_started_by_torchrun_train_the_model_of_one_process(tmp_path):
    script = tmp_path / "node.py"
    script.write_text(NODE.format(tests=str(Path(__file__).parent)))
    with module.socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    # Each launcher is a node with an address of its own: 127.0.0.1, where the others meet, and 127.0.0.2.
    nodes = [
        subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "torch.distributed.run",
                    "--nnodes=2",
                    f"--node-rank={node}",
                ),
                *("--nproc-per-node=1", "--master-addr=127.0.0.1", f"--master-port={port}"),
                *(f"--local-addr=127.0.0.{node + 1}", str(script)),
            ],
            env=module._variables(2),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for node in range(2)
    ]
    outputs = [node.communicate(timeout=120) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], outputs
    alone = simulate(train, 1, 15)[0]
    for node, (printed, _) in enumerate(outputs):
        variables, losses = json.loads(printed)
        assert variables == {
            "RANK": str(node),
            "WORLD_SIZE": "2",
            "GROUP_RANK": str(node),
            "LOCAL_RANK": "0",
            "MASTER_ADDR": "127.0.0.1",
        }
        assert losses == pytest.approx(alone, abs=1e-5)
