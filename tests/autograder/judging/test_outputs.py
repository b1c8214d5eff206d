"""Of what a kernel sends, only what a notebook can hold becomes an output."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.judging.execution import _is_output

KEPT: list[dict[str, Any]] = [
    {"data": {"text/plain": "x"}, "metadata": {}},
    {"data": {"text/plain": ["x", "y"]}, "metadata": {}},
    {"data": {"application/json": {"a": [1, None]}}, "metadata": {}},
    {"data": {"application/vnd.maker.v1+json": 7}, "metadata": {}},
    {"name": "stderr", "text": "x"},
    {"ename": "E", "evalue": "x", "traceback": ["y"]},
]
LEFT_OUT: list[dict[str, Any]] = [
    {"data": {"image/png": 7}, "metadata": {}},
    {"data": {"image/png": ["a", 1]}, "metadata": {}},
    {"data": {"image/png": None}, "metadata": {}},
    {"data": ["x"], "metadata": {}},
    {"data": {"text/plain": "x"}, "metadata": [1]},
    {"name": "stdout", "text": 3},
    {"name": "elsewhere", "text": "x"},
    {"ename": "E", "evalue": None, "traceback": []},
    {"ename": "E", "evalue": "", "traceback": "x"},
]


@pytest.mark.parametrize("content", KEPT)
def test_what_a_notebook_can_hold_is_kept(content: dict[str, Any]) -> None:
    assert _is_output(content)


@pytest.mark.parametrize("content", LEFT_OUT)
def test_what_no_notebook_can_hold_is_left_out(content: dict[str, Any]) -> None:
    assert not _is_output(content)
