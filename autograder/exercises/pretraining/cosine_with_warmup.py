"""`pretraining.cosine_with_warmup`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator

from autograder.exercises.pretraining import LAB
from llmlab import foundations

exercise = LAB.exercise(
    "cosine_with_warmup",
    reference=foundations.cosine_with_warmup,
    hints=(
        "There are three stretches: on the way up, on the way down, and after the end.",
        "On the way down, count from the end of the warm-up: how far has the step come of what is left? That share "
        "goes from 0 to 1 and no further, and times pi it goes into the cosine.",
        "Before the warm-up ends, return the peak times one more than the step over one more than the warm-up. "
        "Otherwise take the share, at most 1, and return the floor plus half the difference to the peak, times one "
        "plus the cosine of pi times the share.",
    ),
)


def _curve(implementation: Any, steps: int, **settings: Any) -> list[float]:
    return [implementation(step, **settings) for step in range(steps)]


@exercise.probe
def up_and_down(implementation: Any, generator: Generator) -> Any:
    """A warm-up of 4 steps, 20 in all, a peak of 0.5 and a floor of 0.05: the steps 0 to 25."""
    return _curve(implementation, 26, warmup_steps=4, total_steps=20, peak=0.5, floor=0.05)


@exercise.probe
def without_warm_up(implementation: Any, generator: Generator) -> Any:
    """No warm-up, 8 steps in all, a random peak, and no floor given."""
    peak = 0.1 + torch.rand((), generator=generator).item()
    return _curve(implementation, 9, warmup_steps=0, total_steps=8, peak=peak)


def _scheduled(
    step: int,
    warmup_steps: int,
    total_steps: int,
    peak: float,
    floor: float = 0.0,
    *,
    rising: Callable[[int, int], float] = lambda step, steps: (step + 1) / (steps + 1),
    share: Callable[[int, int, int], float] = lambda step, up, all_: min(
        1, (step - up) / (all_ - up)
    ),
    falling: Callable[[float], float] = lambda share: (1 + math.cos(math.pi * share)) / 2,
    base: float | None = None,
) -> float:
    if step < warmup_steps:
        return peak * rising(step, warmup_steps)
    lowest = floor if base is None else base
    return lowest + (peak - lowest) * falling(share(step, warmup_steps, total_steps))


@exercise.misconception(
    "Your first step has a learning rate of 0: it computes a gradient and does not move. The warm-up begins with its "
    "first part, not with nothing. Reread 'Slowly up, slowly down'."
)
def first_step_lost(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step, warmup_steps, total_steps, peak, floor, rising=lambda step, up: step / up
    )


@exercise.misconception(
    "Your warm-up reaches the peak in its last step, and the step after it has the peak again. In the formula the "
    "first step after the warm-up is the first at the peak. Reread 'Slowly up, slowly down'."
)
def peak_too_early(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step, warmup_steps, total_steps, peak, floor, rising=lambda step, up: (step + 1) / up
    )


@exercise.misconception(
    "There is no warm-up: the first steps have the full learning rate, when the optimizer's running means know one or "
    "two gradients and the model knows nothing. Reread 'Slowly up, slowly down'."
)
def cold_start(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(step, warmup_steps, total_steps, peak, floor, rising=lambda step, up: 1.0)


@exercise.misconception(
    "The cosine counts from step 0, so it has come some way down already when the warm-up ends, and the learning rate "
    "jumps. Count from the end of the warm-up. Reread 'Slowly up, slowly down'."
)
def counted_from_zero(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        share=lambda step, up, all_: min(1, step / all_),
    )


@exercise.misconception(
    "After the end your learning rate rises again, for a cosine does not stop at its lowest point. A run that is "
    "longer than planned would undo what it has learned. Reread 'Slowly up, slowly down'."
)
def rises_again(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        share=lambda step, up, all_: (step - up) / (all_ - up),
    )


@exercise.misconception(
    "The floor has no effect: your curve goes down to 0. Reread 'Slowly up, slowly down'."
)
def without_floor(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(step, warmup_steps, total_steps, peak, base=0.0)


@exercise.misconception(
    "Your way down is a straight line. The question asks for half a cosine, which leaves the peak slowly and arrives "
    "slowly. Reread 'Slowly up, slowly down'."
)
def straight_down(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(step, warmup_steps, total_steps, peak, floor, falling=lambda share: 1 - share)


@exercise.misconception(
    "Your curve goes through a whole wave: down to the floor and back up to the peak. Half a wave is enough. "
    "Reread 'Slowly up, slowly down'."
)
def whole_wave(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        falling=lambda share: (1 + math.cos(2 * math.pi * share)) / 2,
    )


@exercise.misconception(
    "Your learning rate is too high by up to a factor of two: one plus a cosine runs from 2 to 0, and a share of the "
    "way must run from 1 to 0. Reread 'Slowly up, slowly down'."
)
def twice_as_high(
    step: int, *, warmup_steps: int, total_steps: int, peak: float, floor: float = 0.0
) -> float:
    return _scheduled(
        step,
        warmup_steps,
        total_steps,
        peak,
        floor,
        falling=lambda share: 1 + math.cos(math.pi * share),
    )
