"""Arithmetic counted by formula is the arithmetic that PyTorch counts."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from llmlab.model import PRESETS, Transformer, TransformerConfig
from llmlab.training import (
    flops_per_token,
    inputs_and_targets,
    matmul_rate,
    matrix_weights,
    next_token_loss,
)

GPT2 = PRESETS["gpt2-124m"].changed(
    vocabulary_size=50, max_length=32, model_dim=16, num_layers=2, num_heads=2
)
GROUPED = TransformerConfig(50, 32, 16, 3, 4, num_kv_heads=2, tied_embeddings=False)


@pytest.mark.parametrize("config", [GPT2, GROUPED], ids=["gpt2", "grouped heads"])
def test_the_formula_counts_what_the_model_computes(config: TransformerConfig) -> None:
    model = Transformer(config, fused=False)
    inputs, targets = inputs_and_targets(torch.zeros(3, 33, dtype=torch.int64))
    with FlopCounterMode(display=False) as counter:
        next_token_loss(model(inputs), targets).backward()
    assert counter.get_total_flops() == flops_per_token(config, 32) * inputs.numel()


def test_all_weights_are_in_matrices_but_those_of_tables_norms_and_biases() -> None:
    model = Transformer(GROUPED)
    matrices = [
        one for name, one in model.named_parameters() if one.dim() == 2 and "embedding" not in name
    ]
    assert matrix_weights(GROUPED) == sum(one.numel() for one in matrices)


def test_a_window_bounds_what_attention_costs() -> None:
    windowed = GROUPED.changed(sliding_window=8)
    assert flops_per_token(windowed, 32) == flops_per_token(GROUPED, 8)


def test_the_machine_does_some_arithmetic_each_second() -> None:
    assert matmul_rate(seconds=0.0) > 1e6
