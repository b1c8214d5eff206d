"""A model laid out for writing gives what the model gives."""

from __future__ import annotations

import pytest
import torch

from llmlab.model import KVCache, Transformer, TransformerConfig, generate, laid_out
from llmlab.model.layout import LinearMaps
from tests.llmlab.model.test_transformer import drawn, every_family, tokens


@torch.no_grad()
@every_family
@pytest.mark.parametrize("padded", [False, True])
def test_the_logits_are_the_models_read_at_once_or_token_by_token(
    config: TransformerConfig, padded: bool
) -> None:
    model, ids = drawn(config), tokens(2, 20)
    twin, real = laid_out(model), torch.ones(2, 20, dtype=torch.bool)
    real[0, : 6 * padded] = False
    expected = model(ids, real=real)[:, 6:]
    assert torch.allclose(twin(ids, real=real)[:, 6:], expected, atol=1e-5)

    cache = KVCache(config, batch_size=2, capacity=20)
    pieces = [
        twin(ids[:, [place]], cache=cache, real=real[:, : place + 1] if padded else None)
        for place in range(20)
    ]
    assert torch.allclose(torch.cat(pieces, dim=1)[:, 6:], expected, atol=1e-5)


@torch.no_grad()
@every_family
def test_in_half_precision_it_is_as_near_to_the_exact_logits_as_the_model(
    config: TransformerConfig,
) -> None:
    exact, ids = drawn(config), tokens(2, 20)
    expected = exact(ids)
    half = drawn(config).bfloat16()
    of_model = float((half(ids) - expected).square().mean().sqrt())
    of_twin = float((laid_out(half)(ids) - expected).square().mean().sqrt())
    assert of_twin < 1.3 * of_model
    assert of_twin < 0.1 * float(expected.std())


@every_family
def test_it_writes_the_same_text(config: TransformerConfig) -> None:
    model = drawn(config)
    prompts = [tokens(count, seed=count).tolist() for count in (3, 9, 1)]
    assert generate(laid_out(model), prompts, 20) == generate(model, prompts, 20)


@every_family
def test_the_model_itself_stays_as_it_was(config: TransformerConfig) -> None:
    model, untouched = drawn(config), drawn(config)
    twin = laid_out(model)
    assert not any(isinstance(module, LinearMaps) for module in model.modules())
    state = untouched.state_dict()
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    model(tokens(1, 5)).sum().backward()
    assert model.embedding.weight.grad is not None
    with torch.no_grad():
        model.blocks[0].attention.output.weight.zero_()
        assert not torch.allclose(twin(tokens(1, 5)), model(tokens(1, 5)))


def test_the_embedding_table_is_shared() -> None:
    model = Transformer(TransformerConfig(20, 32, 8, 1, 2))
    assert laid_out(model).embedding.weight is model.embedding.weight
