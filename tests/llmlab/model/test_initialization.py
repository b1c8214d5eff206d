"""How large fresh weights are, and what that does to a deep model."""

from __future__ import annotations

import math

import pytest
import torch

from llmlab.errors import ConfigurationError
from llmlab.model import Transformer, TransformerConfig, initial_deviation, residual_stream


@pytest.mark.parametrize("depth", [1, 8, 32])
def test_what_writes_into_the_stream_shrinks_with_the_root_of_the_additions(depth: int) -> None:
    for name in ("blocks.0.attention.output.weight", "blocks.0.feed_forward.down.weight"):
        assert initial_deviation(name, depth) == pytest.approx(0.02 / math.sqrt(2 * depth))
    for name in ("embedding.weight", "blocks.0.attention.query.weight", "head.weight"):
        assert initial_deviation(name, depth) == 0.02


def test_a_model_is_drawn_so() -> None:
    model = Transformer(TransformerConfig(300, 16, 64, 8, 4))
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            assert float(parameter.detach().std()) == pytest.approx(
                initial_deviation(name, 8), rel=0.1
            )


def test_the_stream_of_a_deep_fresh_model_hardly_grows() -> None:
    ids = torch.randint(0, 50, (32,))
    sizes = []
    for depth in (2, 32):
        stream = residual_stream(Transformer(TransformerConfig(50, 32, 32, depth, 4)), ids)
        sizes.append(float(stream[-1].std() / stream[0].std()))
    assert sizes[1] < 1.5 * sizes[0]


def test_a_model_without_layers_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="num_layers is 0; give a whole number"):
        initial_deviation("embedding.weight", 0)
