"""What the tests of training share: a model so small that a step takes milliseconds."""

from __future__ import annotations

import pytest
import torch

from llmlab.model import Transformer, TransformerConfig

TINY = TransformerConfig(
    vocabulary_size=20, max_length=16, model_dim=8, num_layers=2, num_heads=2, hidden_dim=16
)


@pytest.fixture
def config() -> TransformerConfig:
    return TINY


@pytest.fixture
def model() -> Transformer:
    torch.manual_seed(3)
    return Transformer(TINY)


@pytest.fixture
def ids() -> torch.Tensor:
    return torch.randint(20, (8, 13), generator=torch.Generator().manual_seed(4))
