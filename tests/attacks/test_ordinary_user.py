"""Attacks of each family are repelled when an ordinary user grades, as when root does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.users import reason_not_to, run_tests


def test_attacks_of_each_family_are_repelled_for_an_ordinary_user() -> None:
    if reason := reason_not_to():
        pytest.skip(reason)
    done = run_tests(str(Path(__file__).with_name("ordinary.py")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
