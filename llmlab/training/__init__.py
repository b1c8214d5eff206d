"""Training: from one loop on one device to many devices."""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

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
from llmlab.training.processes import (
    ProcessCommunicator,
    process_group,
    require_connections,
    run_processes,
    torchrun,
)
from llmlab.training.sharding import ShardedParameter

__all__ = [
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
]
