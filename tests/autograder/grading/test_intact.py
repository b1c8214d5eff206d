"""A kernel whose checker was touched hands over nothing, whatever was touched."""

from __future__ import annotations

import base64
import importlib
from pathlib import Path
from typing import Any

import pytest

from autograder.exercise import register
from autograder.grading.intact import digest, request, require

TOPIC = "welcome"
TOUCHED = [
    ("autograder.student.publishing", "collect"),
    ("autograder.student.publishing", "collect_with"),
    ("autograder.student.publishing", "encode"),
    ("autograder.student.publishing", "read_private"),
    ("autograder.student.publishing", "_display"),
    ("autograder.student.answers", "observe"),
    ("autograder.probing.observing", "forbidding"),
    ("autograder.probing.observing", "plain"),
    ("autograder.probing.observing", "SECONDS"),
    ("autograder.probing.guard", "time_limit"),
    ("autograder.probing.wire", "json"),
    ("autograder.probing.wire", "MAX_BYTES"),
    ("autograder.exercise.register", "find"),
    ("IPython.display", "display"),
    ("base64", "b64encode"),
    ("json", "dumps"),
    ("safetensors.torch", "save"),
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def other(*args: Any, **kwargs: Any) -> None:
    """Stand in the place of what was touched."""


def test_an_untouched_checker_is_as_expected() -> None:
    assert digest(TOPIC) == digest(TOPIC)
    require(TOPIC, digest(TOPIC))


@pytest.mark.parametrize(("module", "name"), TOUCHED, ids=lambda one: one)
def test_whatever_is_replaced_is_seen(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = digest(TOPIC)
    monkeypatch.setattr(importlib.import_module(module), name, other)
    with pytest.raises(RuntimeError, match="A part of the checker was replaced"):
        require(TOPIC, expected)


def test_a_function_with_other_code_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    remote = importlib.import_module("autograder.student.publishing")
    expected = digest(TOPIC)
    monkeypatch.setattr(remote.publish, "__code__", other.__code__)
    assert digest(TOPIC) != expected


def test_a_method_of_a_library_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = importlib.import_module("torch")
    expected = digest(TOPIC)
    monkeypatch.setattr(torch.Tensor, "detach", other, raising=False)
    assert digest(TOPIC) != expected


def test_another_reference_or_probe_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    average = register.load(TOPIC).exercises["welcome.average"]
    expected = digest(TOPIC)
    statistics = importlib.import_module("statistics")
    with monkeypatch.context() as patch:
        patch.setattr(statistics, "fmean", other)
        assert digest(TOPIC) != expected
    probes = average.probes
    with monkeypatch.context() as patch:
        patch.setattr(average, "probes", probes[1:])
        assert digest(TOPIC) != expected
    assert digest(TOPIC) == expected


def test_the_statement_that_a_kernel_runs_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    statement = request(TOPIC)
    exec(statement, {})
    monkeypatch.setattr(base64, "b64encode", other)
    with pytest.raises(RuntimeError, match="replaced"):
        exec(statement, {})
