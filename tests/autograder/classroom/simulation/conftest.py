"""Answers of every lab, and how grading judges one that is alone in its notebook."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.classroom.course import init_course
from autograder.classroom.simulation import Answers
from autograder.exercise import Exercise, Misconception, register
from autograder.judging.judge import Verdict, judge
from autograder.student.answers import collect
from tests.labs import EXERCISES, SOLUTIONS, hidden_probes, imports_of, source_of

SEED = 4
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)


@pytest.fixture(autouse=True, scope="session")
def _optimizers_are_loaded() -> None:
    # PyTorch loads its compiler at the first step of all, for longer than an answer may take on a busy machine.
    parameter = torch.zeros(1, requires_grad=True)
    parameter.grad = torch.ones(1)
    torch.optim.SGD([parameter], lr=1.0).step()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    init_course(tmp_path / "llm101", SOLUTIONS)
    return tmp_path / "llm101"


@cache
def answers_of(topic: str) -> Answers:
    lab = register.load(topic)
    return Answers(lab, source_of(lab))


def answers_for(exercise: Exercise) -> Answers:
    return answers_of(exercise.id.partition(".")[0])


@cache
def imported(topic: str) -> dict[str, Any]:
    """What the imports of a lab's own cells put among the names of its notebook."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in source_of(register.load(topic)).cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader"):
            exec(imports_of(cell), names)
    return names


def judged(exercise: Exercise, text: str) -> Verdict:
    """Judge the text of an answer's cell as grading does, with nothing else of the notebook there."""
    names = dict(imported(exercise.id.partition(".")[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(text, "<answer>", "exec"), names)
        except ValueError:
            names.pop(exercise.name, None)
    hidden = hidden_probes(exercise)
    evidence = collect(exercise, names, SEED, hidden)
    return judge(exercise, [*exercise.probes, *hidden], evidence, SEED)


def sampled(exercise: Exercise) -> list[Misconception]:
    """Eight of an exercise's misconceptions: writing and judging them all would take minutes."""
    return exercise.misconceptions[:: max(1, len(exercise.misconceptions) // 8)]
