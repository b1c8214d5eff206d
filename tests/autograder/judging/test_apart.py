"""Hidden probes run in a forked child, whatever the notebook did with its process before."""

from __future__ import annotations

import functools
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.exercise import register
from autograder.exercise.cells import exercise_of
from autograder.judging.execution import JudgingClient
from autograder.judging.judge import Verdict
from tests.labs import hidden_sources, imports_of, source_of

# What a cell may leave behind that a fork could stumble over.
BEFORE = {
    "nothing": "",
    "four threads": """
import torch
torch.set_num_threads(4)
big = torch.randn(1500, 1500, requires_grad=True)
for _ in range(3):
    (big @ big).relu().sum().backward()
""",
    "a model that was trained": """
import torch
torch.set_num_threads(4)
net = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 1))
optimizer = torch.optim.AdamW(net.parameters())
for _ in range(5):
    net(torch.randn(512, 256)).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()
""",
    "a loader with workers": """
import torch
loader = torch.utils.data.DataLoader(torch.arange(64), batch_size=8, num_workers=2, persistent_workers=True)
batches = list(loader)
""",
    "processes that talk": """
import torch
from llmlab.training import simulate
shares = simulate(lambda communicator: torch.ones(1), 2)
""",
    "threads that go on": """
import threading, time, torch
def go_on():
    while True:
        torch.randn(200, 200) @ torch.randn(200, 200)
        time.sleep(0.01)
for _ in range(3):
    threading.Thread(target=go_on, daemon=True).start()
""",
}
EXERCISE = register.find("pretraining.accumulate_gradients")


LAB = register.load_of(EXERCISE.id)


@functools.cache
def solution() -> str:
    """Write the lab's solution cut down to its imports, one answer and its check."""
    notebook = source_of(LAB)
    cells = [one for one in notebook.cells if one.cell_type == "code"]
    place = next(n for n, one in enumerate(cells) if exercise_of(one) is EXERCISE)
    notebook.cells = [nbformat.v4.new_code_cell(imports_of(one)) for one in cells[:place]]
    notebook.cells += cells[place - 1 : place + 1]
    return nbformat.writes(notebook)


def judged(before: str, folder: Path, answer: str = "") -> Verdict:
    """Run one answer and its check, with one cell before and one between."""
    notebook: NotebookNode = nbformat.reads(solution(), as_version=4)
    notebook.cells.insert(-1, nbformat.v4.new_code_cell(answer))
    notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    client = JudgingClient(notebook, folder, 120, hidden_sources=hidden_sources(LAB), hidden_seed=3)
    client.execute()
    errors = [one for cell in notebook.cells[:-1] for one in cell.get("outputs", [])]
    assert not errors, errors
    (verdict,) = client.verdicts
    return verdict


@pytest.mark.parametrize("before", BEFORE)
def test_a_right_answer_passes_after(before: str, tmp_path: Path) -> None:
    verdict = judged(BEFORE[before], tmp_path)
    assert verdict.passed, verdict


# Each is right at its check, and notices that it is in another process later.
CALLED = """
import os, time
_answer, _home = accumulate_gradients, os.getpid()
def accumulate_gradients(*arguments, **options):
    {behavior}
    return _answer(*arguments, **options)
"""
ENDS = {
    "ends its process": ("if os.getpid() != _home: os._exit(0)", "ends the Python process"),
    "comes to no end": ("while os.getpid() != _home: time.sleep(1)", "did not finish"),
    "raises": ("if os.getpid() != _home: raise ValueError('48151')", ""),
}


@pytest.mark.parametrize("ending", ENDS)
def test_what_an_answer_does_there_is_told_and_stays_there(ending: str, tmp_path: Path) -> None:
    behavior, told = ENDS[ending]
    verdict = judged("", tmp_path, CALLED.format(behavior=behavior))
    assert verdict.status == "wrong"
    assert told in verdict.sentence
    assert "48151" not in str(verdict)
