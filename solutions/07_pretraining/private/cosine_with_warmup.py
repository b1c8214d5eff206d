"""`pretraining.cosine_with_warmup`: hidden probes, and right answers written differently."""

import copy
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from llmlab import training

private = Private()


@private.probe
def long_run(implementation: Any, generator: Generator) -> Any:
    """A thousand steps, of which some are looked at, and a warm-up that leaves a single step."""
    settings = {"warmup_steps": 100, "total_steps": 1000, "peak": 3e-4, "floor": 3e-5}
    steps = torch.randint(1200, (20,), generator=generator).tolist()
    last = [
        implementation(step, warmup_steps=5, total_steps=6, peak=1.0, floor=0.5)
        for step in range(8)
    ]
    return [[1e3 * implementation(step, **settings) for step in steps], last]


@private.variant
def schedule_branches(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    """Treat the three stretches one by one."""
    if step >= total_steps:
        return floor
    if step < warmup_steps:
        return (step + 1) * (peak / (warmup_steps + 1))
    angle = math.pi * (step - warmup_steps) / (total_steps - warmup_steps)
    return floor + 0.5 * (1 + math.cos(angle)) * (peak - floor)


@private.variant
def schedule_half_angle(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    """Use that (1 + cos x) / 2 is the square of cos(x / 2), as a tensor's number."""
    if step < warmup_steps:
        return peak * (1 - (warmup_steps - step) / (warmup_steps + 1))
    share = torch.tensor((step - warmup_steps) / (total_steps - warmup_steps)).clamp(max=1)
    weight = torch.cos(share * torch.pi / 2).square().item()
    return weight * peak + (1 - weight) * floor
