"""Every test runs with the shapes and types in llmlab's signatures checked at each call."""

from collections.abc import Iterator

import pytest
from jaxtyping import install_import_hook

# It works on modules that are imported after it, and pytest reads this file before any test.
install_import_hook("llmlab", "beartype.beartype")


@pytest.fixture(autouse=True, scope="session")
def progress_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests' attempts out of the progress of whoever runs them, in kernels too."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("progress") / "progress.jsonl"
        patch.setenv("LLMLAB_PROGRESS", str(path))
        yield
