"""Pretraining, as lab 07 teaches it: from a batch to a run that can be stopped and goes on.

What needs Lightning stands in modules that are imported by name: `llmlab.training.module` and
`llmlab.training.callbacks`.
"""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

from llmlab.training.checkpoint import (
    check_configuration,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
    snapshot,
    write_checkpoint,
)
from llmlab.training.errors import NotFiniteError, TrainingError
from llmlab.training.flops import flops_per_token, matmul_rate, matrix_weights
from llmlab.training.loop import Step, accumulate_gradients, evaluate, train, train_step
from llmlab.training.loss import inputs_and_targets, next_token_loss
from llmlab.training.optimizer import decay_groups, make_optimizer
from llmlab.training.schedules import warmup_stable_decay

__all__ = [
    # a batch and its loss
    "inputs_and_targets",
    "next_token_loss",
    # from a gradient to a step
    "decay_groups",
    "make_optimizer",
    "warmup_stable_decay",
    "accumulate_gradients",
    # the loop
    "Step",
    "train_step",
    "train",
    "evaluate",
    # checkpoints
    "snapshot",
    "save_checkpoint",
    "load_checkpoint",
    "write_checkpoint",
    "read_checkpoint",
    "check_configuration",
    # how much arithmetic
    "matrix_weights",
    "flops_per_token",
    "matmul_rate",
    # what can go wrong
    "TrainingError",
    "NotFiniteError",
]
