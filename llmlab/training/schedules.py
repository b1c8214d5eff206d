"""Schedules beside the cosine of `llmlab.foundations`: one that needs no end before it begins to end."""

from __future__ import annotations

from llmlab.errors import ConfigurationError


def warmup_stable_decay(
    step: int,
    *,
    warmup_steps: int,
    decay_steps: int,
    total_steps: int,
    peak: float,
    floor: float = 0.0,
) -> float:
    """Give the learning rate of a step: a straight way up, a long level, a straight way down.

    A cosine must know the end of the run when it begins. Here a run can be prolonged from any checkpoint of the level
    (Zhai et al., 2021; Hu et al., 2024), and the short way down brings most of what the cosine brings (Hägele et al.,
    2024). The warm-up is that of `cosine_with_warmup`; the first step of the decay still has the peak, and
    `total_steps` the floor.

    Args:
        step: Counted from 0.
        warmup_steps: How many steps come before the level.
        decay_steps: How many steps the way down takes.
        total_steps: The step at which the floor is reached.
        peak: The largest learning rate.
        floor: The last learning rate.

    Raises:
        ConfigurationError: The step is negative, or the ways up and down do not fit into the whole.
    """
    if step < 0:
        raise ConfigurationError(f"There is no step {step}; steps are counted from 0.")
    if warmup_steps < 0 or decay_steps < 1 or warmup_steps + decay_steps > total_steps:
        raise ConfigurationError(
            f"A warm-up of {warmup_steps} steps and a decay of {decay_steps} do not fit into {total_steps}; give a "
            "warm-up of at least 0 and a decay of at least 1 that together are no longer."
        )
    if step < warmup_steps:
        return peak * (step + 1) / (warmup_steps + 1)
    progress = (step - (total_steps - decay_steps)) / decay_steps
    return peak - (peak - floor) * min(1.0, max(0.0, progress))
