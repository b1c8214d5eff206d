"""What the tests of the data share: the folder with real corpora, where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("LLMLAB_DATA") or Path(__file__).parents[4] / "shared" / "data")


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the folder of real corpora, as a classroom does; without one, the test is left out."""
    if not FOLDER.is_dir():
        pytest.skip("needs the folder of corpora that LLMLAB_DATA names, or ../shared/data")
    monkeypatch.setenv("LLMLAB_DATA", str(FOLDER))
    return FOLDER
