"""The machine is examined, and what is amiss is said with what to do about it."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections import namedtuple
from pathlib import Path

import psutil
import pytest
import torch

from llmlab import environment
from llmlab.environment import GIB, Environment, Finding, accelerator, examine

Memory = namedtuple("Memory", "available total")
Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine of four cores and plenty of room."""
    monkeypatch.setattr(environment, "usable_cores", lambda: 4)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(8 * GIB, 16 * GIB))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(100 * GIB, 0, 50 * GIB))
    return monkeypatch


def found(name: str, folder: Path | None = None) -> Finding:
    return next(one for one in examine(folder).findings if one.name == name)


def test_a_good_machine_is_ready(machine: pytest.MonkeyPatch) -> None:
    result = examine()
    assert result.ready
    assert "ready for the labs" in str(result)
    assert found("memory").value == "8.0 of 16.0 GiB free"
    assert found("torch").value == torch.__version__


def test_a_poor_machine_is_told_what_to_do(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(environment, "usable_cores", lambda: 1)
    machine.setattr(psutil, "virtual_memory", lambda: Memory(GIB, 2 * GIB))
    machine.setattr(shutil, "disk_usage", lambda path: Disk(100 * GIB, 0, GIB))
    result = examine()
    assert not result.ready
    assert {one.name for one in result.findings if not one.good} == {"cores", "memory", "disk"}
    assert all(one.advice for one in result.findings if not one.good)


def test_a_missing_package_is_named(machine: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    machine.setattr(importlib.metadata, "version", version)
    assert found("nbgrader").advice == "run `pip install nbgrader`"


@pytest.mark.parametrize(
    ("cuda", "mps", "said"),
    [(True, False, "H100"), (False, True, "Apple GPU (MPS)"), (False, False, "none; every lab")],
)
def test_the_accelerator_is_named(
    machine: pytest.MonkeyPatch, cuda: bool, mps: bool, said: str
) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: cuda)
    machine.setattr(torch.cuda, "get_device_name", lambda index: "H100")
    machine.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert said in accelerator()


def test_a_notebook_shows_a_table_and_escapes_it() -> None:
    shown = Environment((Finding("disk", "<b>", False, "make <room>"),))._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown
    assert "make &lt;room&gt;" in shown


def test_some_core_can_be_used_here() -> None:
    assert environment.usable_cores() >= 1
