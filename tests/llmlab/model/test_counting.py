"""Counting parameters by arithmetic, beside models that are made."""

from __future__ import annotations

import pytest
import torch

from llmlab.model import PRESETS, Transformer, TransformerConfig, count_parameters


def held(config: TransformerConfig) -> int:
    with torch.device("meta"):
        model = Transformer(config)
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", PRESETS)
def test_the_arithmetic_counts_what_a_preset_holds(name: str) -> None:
    assert count_parameters(PRESETS[name]) == held(PRESETS[name])


@pytest.mark.parametrize(
    "config",
    [
        TransformerConfig(13, 32, 24, 2, 4, num_kv_heads=2),
        TransformerConfig(13, 32, 24, 2, 4, feed_forward="gelu", norm="layer", position="learned"),
        TransformerConfig(13, 32, 24, 2, 4, bias=True, tied_embeddings=False, hidden_dim=7),
    ],
)
def test_it_does_so_for_every_choice(config: TransformerConfig) -> None:
    assert count_parameters(config) == held(config)
