"""What the tests of the foundations share with those of the model: comparison with PyTorch's own."""

from tests.llmlab.model.conftest import _seeded, agree

__all__ = ["_seeded", "agree"]
