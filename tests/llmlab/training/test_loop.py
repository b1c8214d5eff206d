"""The loop on a page: it learns, accumulates, clips, and stops before it spoils anything."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from llmlab.model import Transformer
from llmlab.training import (
    NotFiniteError,
    TrainingError,
    accumulate_gradients,
    evaluate,
    make_optimizer,
    train,
    train_step,
)


def gradients(model: Transformer) -> list[torch.Tensor]:
    return [one.grad for one in model.parameters() if one.grad is not None]


def test_accumulation_over_four_micro_batches_equals_one_batch(
    model: Transformer, ids: torch.Tensor
) -> None:
    other = copy.deepcopy(model)
    other.tie()
    whole = accumulate_gradients(model, [ids])
    parts = accumulate_gradients(other, list(ids.chunk(4)))
    assert parts == pytest.approx(whole, rel=1e-6)
    for one, two in zip(gradients(model), gradients(other), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-7)


def test_a_run_learns_what_is_always_the_same(model: Transformer, ids: torch.Tensor) -> None:
    optimizer = make_optimizer(model, 0.0, weight_decay=0.0)
    steps = list(train(model, optimizer, lambda step: 0.03, [ids] * 60, steps=60))
    assert [step.number for step in steps] == list(range(60))
    assert steps[0].loss == pytest.approx(math.log(20), rel=0.02)
    assert steps[-1].loss < 0.3
    assert evaluate(model, [ids]) < steps[-1].loss


def test_each_step_has_the_learning_rate_of_the_schedule(
    model: Transformer, ids: torch.Tensor
) -> None:
    optimizer = make_optimizer(model, 0.0)
    for step in train(model, optimizer, lambda step: 0.1 / (1 + step), [ids] * 3, steps=3):
        assert step.learning_rate == 0.1 / (1 + step.number)
        assert {group["lr"] for group in optimizer.param_groups} == {step.learning_rate}


def test_accumulation_takes_several_batches_a_step(model: Transformer, ids: torch.Tensor) -> None:
    optimizer = make_optimizer(model, 0.0)
    batches = iter(ids.chunk(8))
    steps = train(model, optimizer, lambda step: 0.0, batches, steps=2, accumulate=3)
    assert len(list(steps)) == 2
    assert len(list(batches)) == 2


def test_the_reported_length_is_that_before_clipping(model: Transformer, ids: torch.Tensor) -> None:
    _, norm = train_step(model, make_optimizer(model, 0.0), [ids], max_norm=1e-3)
    clipped = torch.stack([one.norm() for one in gradients(model)]).norm().item()
    assert norm > 0.1
    assert clipped == pytest.approx(1e-3, rel=1e-2)


def test_a_loss_that_is_no_number_leaves_the_weights_as_they_were(
    model: Transformer, ids: torch.Tensor
) -> None:
    optimizer = make_optimizer(model, 0.1)
    train_step(model, optimizer, [ids])
    before = copy.deepcopy(model.state_dict())
    model.norm.weight.register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(NotFiniteError, match="the weights are still those of the step before"):
        train_step(model, optimizer, [ids])
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_batches_that_end_too_early_are_told(model: Transformer, ids: torch.Tensor) -> None:
    run = train(model, make_optimizer(model, 0.0), lambda step: 0.0, [ids] * 2, steps=3)
    with pytest.raises(TrainingError, match="ended at step 2 of 3"):
        list(run)


def test_nothing_can_be_evaluated_on_no_batch(model: Transformer) -> None:
    with pytest.raises(TrainingError, match="no batch to evaluate"):
        evaluate(model, [])
