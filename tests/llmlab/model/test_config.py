"""Configurations: what is refused, and presets of the published sizes."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from llmlab.errors import ConfigurationError
from llmlab.model import PRESETS, Transformer, TransformerConfig, preset

SMALL = TransformerConfig(
    vocabulary_size=50, max_length=32, model_dim=16, num_layers=2, num_heads=4
)

# Millions of parameters that the publishers state or that their checkpoints hold.
PUBLISHED = {
    "gpt2-124m": 124.44,
    "gpt2-350m": 354.82,
    "gpt2-774m": 774.03,
    "gpt2-1.5b": 1557.61,
    "smollm2-135m": 134.52,
    "smollm2-360m": 361.82,
    "llama-3.2-1b": 1235.81,
    "mistral-7b": 7241.73,
}


@pytest.mark.parametrize(("name", "millions"), PUBLISHED.items())
def test_a_preset_has_as_many_parameters_as_was_published(name: str, millions: float) -> None:
    with torch.device("meta"):
        model = Transformer(preset(name))
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.005)


def test_our_own_presets_are_as_large_as_their_names_say() -> None:
    for name, millions in (("tales-1m", 1), ("tales-8m", 8)):
        count = sum(parameter.numel() for parameter in Transformer(PRESETS[name]).parameters())
        assert count / 1e6 == pytest.approx(millions, rel=0.05)


def test_an_unknown_preset_is_told_which_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no preset 'gpt5'.*smollm2-135m"):
        preset("gpt5")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"num_layers": 0}, "num_layers is 0"),
        ({"num_kv_heads": 0}, "num_kv_heads is 0"),
        ({"sliding_window": -1}, "sliding_window is -1"),
        ({"num_heads": 3}, "3 heads do not divide a model_dim of 16"),
        ({"position": "absolute"}, "no positions 'absolute'"),
    ],
)
def test_what_no_model_can_be_made_of_is_refused(
    unchecked: None, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        SMALL.changed(**fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"norm": "batch"}, "no norm 'batch'"),
        ({"feed_forward": "relu"}, "no feed-forward network 'relu'"),
        ({"num_kv_heads": 3}, "3 key-value heads do not divide 4"),
    ],
)
def test_what_a_block_refuses_the_model_refuses(
    unchecked: None, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        Transformer(SMALL.changed(**fields))
