"""`pretraining.cosine_with_warmup`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.pretraining.cosine_with_warmup import curve

private = Private()


@private.probe
def long_run(implementation: Any, generator: Generator) -> Any:
    """A thousand steps, of which some are looked at."""
    settings = {"warmup_steps": 100, "total_steps": 1000, "peak": 0.6, "floor": 0.03}
    steps = torch.randint(1200, (20,), generator=generator).tolist()
    return [implementation(step, **settings) for step in steps]


@private.probe
def other_settings(implementation: Any, generator: Generator) -> Any:
    """A warm-up of 5 steps and one without, other peaks and floors."""
    return [
        curve(implementation, 10, warmup_steps=5, total_steps=6, peak=1.0, floor=0.5),
        curve(implementation, 10, warmup_steps=0, total_steps=7, peak=0.3),
        curve(implementation, 16, warmup_steps=3, total_steps=13, peak=2.0, floor=0.25),
    ]


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
