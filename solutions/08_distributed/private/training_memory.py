"""`distributed.training_memory`: hidden probes, and right answers written differently."""

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import training
from llmlab.training import Communicator, simulate

private = Private()


@private.probe
def other_models(implementation: Any, generator: Generator) -> Any:
    """A model of 135 million parameters on 1, 3 and 1024 devices, at each stage."""
    return [
        implementation(135_000_000, world_size, stage) / 1e6
        for world_size in (1, 3, 1024)
        for stage in range(4)
    ]


@private.variant
def memory_by_table(parameters: int, world_size: int, stage: int) -> float:
    """Write down what is whole and what is shared out at each stage."""
    whole, shared = [(16, 0), (4, 12), (2, 14), (0, 16)][stage]
    return parameters * whole + parameters * shared / world_size


@private.variant
def memory_by_loop(parameters: int, world_size: int, stage: int) -> float:
    """Share out one part a stage, the largest first."""
    parts = [12.0, 2.0, 2.0]
    for number in range(stage):
        parts[number] /= world_size
    return sum(parts) * parameters
