"""Groups of parameters: what decays and what does not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from llmlab.errors import ConfigurationError
from llmlab.foundations import AdamW
from llmlab.model import PRESETS, Transformer, TransformerConfig
from llmlab.training import decay_groups, make_optimizer


def names(model: nn.Module, group: dict[str, object]) -> set[str]:
    wanted = {id(one) for one in group["params"]}  # type: ignore[attr-defined]
    return {name for name, one in model.named_parameters() if id(one) in wanted}


def test_matrices_decay_and_norms_and_biases_do_not() -> None:
    config = PRESETS["gpt2-124m"].changed(
        vocabulary_size=30, max_length=8, model_dim=8, num_layers=2, num_heads=2
    )
    model = Transformer(config)
    decayed, kept = decay_groups(model, 0.1)
    assert decayed["weight_decay"] == 0.1
    assert kept["weight_decay"] == 0.0
    assert all("norm" in name or name.endswith("bias") for name in names(model, kept))
    assert not any("norm" in name or name.endswith("bias") for name in names(model, decayed))
    assert "embedding.weight" in names(model, decayed)


def test_each_parameter_is_in_one_group_tied_ones_once(model: Transformer) -> None:
    everything = [one for group in decay_groups(model, 0.1) for one in group["params"]]
    assert len(everything) == len({id(one) for one in everything})
    assert len(everything) == len(list(model.parameters()))


def test_frozen_parameters_are_left_out(model: Transformer) -> None:
    model.embedding.weight.requires_grad_(False)
    everything = [one for group in decay_groups(model, 0.1) for one in group["params"]]
    assert all(one is not model.embedding.weight for one in everything)


def test_a_negative_decay_is_refused(model: Transformer) -> None:
    with pytest.raises(ConfigurationError, match="weight_decay is -1"):
        decay_groups(model, -1.0)


def test_the_optimizer_takes_the_steps_of_lab_02(config: TransformerConfig) -> None:
    torch.manual_seed(1)
    first = Transformer(config)
    second = Transformer(config)
    second.load_state_dict(first.state_dict())
    theirs = make_optimizer(first, 0.01, weight_decay=0.2)
    ours = AdamW(decay_groups(second, 0.2), lr=0.01, betas=(0.9, 0.95))
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):
        for one, two in zip(first.parameters(), second.parameters(), strict=True):
            one.grad = torch.randn(one.shape, generator=generator)
            two.grad = one.grad.clone()
        theirs.step()
        ours.step()
    for one, two in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(one, two)
