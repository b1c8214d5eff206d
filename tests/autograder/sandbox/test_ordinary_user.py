"""The sandbox holds for an ordinary user as for root: without control groups, the watcher counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.users import reason_not_to, run_tests

HERE = Path(__file__).parent


def test_isolation_and_limits_hold_for_an_ordinary_user() -> None:
    if reason := reason_not_to():
        pytest.skip(reason)
    done = run_tests(str(HERE / "test_isolation.py"), str(HERE / "test_limits.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
