"""`distributed.step_seconds`: hidden probes, and right answers written differently."""

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
def random_machines(implementation: Any, generator: Generator) -> Any:
    """Random times, sizes and networks."""
    found = []
    for world_size in (1, 3, 17, 300):
        forward, backward, size, latency = torch.rand(4, generator=generator).tolist()
        found.append(
            implementation(forward, backward, 1e9 * size, world_size, 2e9, 0.002 * latency)
        )
    return found


@private.variant
def seconds_by_volume(
    forward: float,
    backward: float,
    size: float,
    world_size: int,
    bandwidth: float,
    latency: float = 0.0,
) -> float:
    """Count volume and messages apart."""
    volume = 2 * (world_size - 1) / world_size * size
    network = volume / bandwidth + 2 * (world_size - 1) * latency
    return forward + (network if network > backward else backward)


@private.variant
def seconds_by_excess(
    forward: float,
    backward: float,
    size: float,
    world_size: int,
    bandwidth: float,
    latency: float = 0.0,
) -> float:
    """Add to the compute what sticks out behind it."""
    network = sum(latency + size / (world_size * bandwidth) for _ in range(2 * world_size - 2))
    return forward + backward + max(0.0, network - backward)
