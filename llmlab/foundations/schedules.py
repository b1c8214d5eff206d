"""Schedules: how the learning rate changes from step to step."""

from __future__ import annotations

import math

from llmlab.errors import ConfigurationError


def cosine_with_warmup(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    """Give the learning rate of a step: a straight way up, then half a cosine down.

    Over the first `warmup_steps` it rises in equal parts, of which the first step has one already:
    `peak * (step + 1) / (warmup_steps + 1)`. From there it falls along
    `floor + (peak - floor) * (1 + cos(pi * progress)) / 2` (Loshchilov & Hutter, 2016), where
    `progress` runs from 0 to 1, and stays at `floor` after `total_steps`.

    Args:
        step: Counted from 0.
        warmup_steps: How many steps come before the peak.
        total_steps: The step at which the floor is reached.
        peak: The largest learning rate.
        floor: The last learning rate.

    Raises:
        ConfigurationError: The step is negative, or the warm-up does not end before the whole.
    """
    if step < 0:
        raise ConfigurationError(f"There is no step {step}; steps are counted from 0.")
    if not 0 <= warmup_steps < total_steps:
        raise ConfigurationError(
            f"A warm-up of {warmup_steps} steps does not fit into {total_steps}; give at least 0 and "
            "fewer than there are in all."
        )
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2
