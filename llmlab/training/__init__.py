"""Pretraining, as labs 07 and 08 teach it: from a batch to a run that can be stopped, and on to many devices.

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
from llmlab.training.collectives import (
    all_gather,
    all_reduce,
    ring_all_reduce,
)
from llmlab.training.communication import Communicator, simulate
from llmlab.training.distributed import (
    average_gradients,
    gradient_buckets,
    ring_seconds,
    shard_indices,
    step_seconds,
    training_memory,
)
from llmlab.training.errors import NotFiniteError, TrainingError
from llmlab.training.flops import flops_per_token, matmul_rate, matrix_weights
from llmlab.training.loop import Step, accumulate_gradients, evaluate, train, train_step
from llmlab.training.loss import inputs_and_targets, next_token_loss
from llmlab.training.optimizer import decay_groups, make_optimizer
from llmlab.training.processes import (
    ProcessCommunicator,
    process_group,
    require_connections,
    run_processes,
    torchrun,
)
from llmlab.training.schedules import warmup_stable_decay
from llmlab.training.sharding import ShardedParameter

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
    # ranks that talk
    "Communicator",
    "simulate",
    "run_processes",
    "torchrun",
    "process_group",
    "ProcessCommunicator",
    "require_connections",
    # data parallelism
    "shard_indices",
    "all_reduce",
    "average_gradients",
    "ring_all_reduce",
    "all_gather",
    "gradient_buckets",
    # memory and time
    "training_memory",
    "ShardedParameter",
    "ring_seconds",
    "step_seconds",
    # what can go wrong
    "TrainingError",
    "NotFiniteError",
]
