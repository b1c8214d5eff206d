"""The sandbox holds for an ordinary user as for root: without control groups, the watcher counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.users import reason_not_to, run_tests

HERE = Path(__file__).parent


def test_isolation_and_limits_hold_for_an_ordinary_user() -> None:
    if reason := reason_not_to():
        pytest.skip(reason)
    files = [str(HERE / name) for name in ("test_isolation.py", "test_limits.py")]
    # Limits take their time: they are tried where kernels are forked, as in grading.
    done = run_tests(*files, "-k", "isolation or not started")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_the_filter_and_all_that_separates_kernels_hold_for_an_ordinary_user() -> None:
    if reason := reason_not_to():
        pytest.skip(reason)
    files = [str(HERE / f"test_{name}.py") for name in ("filter", "keyring", "traces")]
    done = run_tests(*files)
    assert done.returncode == 0, done.stdout + done.stderr
