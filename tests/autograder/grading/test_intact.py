"""A kernel whose checker was touched hands over nothing, whatever was touched."""

from __future__ import annotations

import base64
import importlib
from pathlib import Path
from typing import Any

import pytest

from autograder.grading.intact import digest, references_of, request, require, state

TOPIC = "welcome"
RIGHT = references_of(TOPIC)
MODULUS = 2**255 + 95
TOUCHED = [
    ("autograder.student.publishing", "collect_with"),
    ("autograder.student.publishing", "encode"),
    ("autograder.student.publishing", "received"),
    ("autograder.student.publishing", "computed_apart"),
    ("autograder.student.publishing", "_display"),
    ("autograder.student.received", "Excerpt"),
    ("autograder.student.answers", "observe"),
    ("autograder.probing.observing", "forbidding"),
    ("autograder.probing.observing", "plain"),
    ("autograder.probing.observing", "SECONDS"),
    ("autograder.probing.guard", "time_limit"),
    ("autograder.probing.wire", "json"),
    ("autograder.probing.wire", "MAX_BYTES"),
    ("autograder.exercise.excerpt", "Excerpt"),
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


def now() -> list[str]:
    return state(RIGHT)


def test_an_untouched_checker_is_as_expected() -> None:
    require(RIGHT, MODULUS, digest(now(), MODULUS))


@pytest.mark.parametrize(("module", "name"), TOUCHED, ids=lambda one: one)
def test_whatever_is_replaced_is_seen(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = digest(now(), MODULUS)
    monkeypatch.setattr(importlib.import_module(module), name, other)
    with pytest.raises(RuntimeError, match="A part of the checker was replaced"):
        require(RIGHT, MODULUS, expected)


def test_a_function_with_other_code_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    remote = importlib.import_module("autograder.student.publishing")
    expected = now()
    monkeypatch.setattr(remote.publish, "__code__", other.__code__)
    assert now() != expected


def test_a_method_of_a_library_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = importlib.import_module("torch")
    expected = now()
    monkeypatch.setattr(torch.Tensor, "detach", other, raising=False)
    assert now() != expected


def test_another_reference_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = now()
    statistics = importlib.import_module("statistics")
    with monkeypatch.context() as patch:
        patch.setattr(statistics, "fmean", other)
        assert now() != expected
    assert now() == expected


def test_the_digest_differs_wherever_a_state_does_and_asks_no_library() -> None:
    lines = now()
    for place in range(0, len(lines), 40):
        changed = [*lines[:place], lines[place] + " ", *lines[place + 1 :]]
        assert digest(changed, MODULUS) != digest(lines, MODULUS)
    assert not {"hashlib", "zlib", "hash"} & {*digest.__code__.co_names}


def test_no_two_statements_are_the_same() -> None:
    assert request(TOPIC) != request(TOPIC)


def test_the_statement_that_a_kernel_runs_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    statement = request(TOPIC)
    exec(statement, {})
    monkeypatch.setattr(base64, "b64encode", other)
    with pytest.raises(RuntimeError, match="replaced"):
        exec(statement, {})
