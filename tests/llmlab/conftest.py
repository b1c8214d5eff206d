"""What the tests of llmlab share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jaxtyping import config

FOLDER = Path(os.environ.get("LLMLAB_DATA") or Path(__file__).parents[3] / "shared" / "data")


@pytest.fixture
def unchecked() -> Iterator[Any]:
    """Switch the checks of shapes and types off, as they are for whoever uses llmlab."""
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", before)


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the folder of real corpora, as a classroom does; without one, the test is left out."""
    if not FOLDER.is_dir():
        pytest.skip("needs the folder of corpora that LLMLAB_DATA names, or ../shared/data")
    monkeypatch.setenv("LLMLAB_DATA", str(FOLDER))
    return FOLDER
