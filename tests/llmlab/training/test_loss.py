"""The loss: each place guesses the token after it, and no other."""

from __future__ import annotations

import math

import pytest
import torch

from llmlab.errors import ShapeError
from llmlab.foundations import cross_entropy
from llmlab.model import Transformer
from llmlab.training import inputs_and_targets, next_token_loss


def test_the_target_of_each_place_is_the_token_that_comes_next() -> None:
    inputs, targets = inputs_and_targets(torch.tensor([[5, 6, 7], [1, 2, 3]]))
    assert inputs.tolist() == [[5, 6], [1, 2]]
    assert targets.tolist() == [[6, 7], [2, 3]]


def test_a_single_token_has_nothing_to_guess() -> None:
    with pytest.raises(ShapeError, match="A sequence of 1 tokens has none that follows"):
        inputs_and_targets(torch.tensor([[5]]))


def test_the_loss_is_the_mean_surprise_of_lab_01() -> None:
    logits = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(1))
    targets = torch.tensor([[0, 1, 2, 3, 4], [6, 5, 4, 3, 2]])
    expected = cross_entropy(logits.flatten(0, 1), targets.flatten())
    torch.testing.assert_close(next_token_loss(logits, targets), expected)


def test_a_model_that_knows_nothing_is_surprised_by_the_logarithm_of_the_vocabulary(
    model: Transformer, ids: torch.Tensor
) -> None:
    inputs, targets = inputs_and_targets(ids)
    assert next_token_loss(model(inputs), targets).item() == pytest.approx(math.log(20), rel=0.02)


def test_the_loss_of_half_precision_logits_is_computed_in_full() -> None:
    logits = torch.randn(1, 4, 50, generator=torch.Generator().manual_seed(1)).bfloat16()
    targets = torch.tensor([[1, 2, 3, 4]])
    torch.testing.assert_close(
        next_token_loss(logits, targets), next_token_loss(logits.float(), targets)
    )
