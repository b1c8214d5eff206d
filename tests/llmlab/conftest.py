"""What the tests of llmlab share."""

from collections.abc import Iterator
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
