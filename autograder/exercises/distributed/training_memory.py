"""`distributed.training_memory`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercises.distributed import LAB
from llmlab import training

exercise = LAB.exercise(
    "training_memory",
    reference=training.training_memory,
    hints=(
        "Write the table of the text for one parameter and 4 devices: three columns, four rows.",
        "Each stage shares out one thing more than the stage before it, and keeps sharing out "
        "what that one did.",
        "Begin with 2, 2 and 12 bytes; divide the 12 by the number of devices from stage 1 on, the "
        "gradient's 2 from stage 2 on, the weight's 2 at stage 3; add up, times the "
        "number of parameters.",
    ),
)


@exercise.probe
def four_devices(implementation: Any, generator: Generator) -> Any:
    """A model of 1000 parameters on 4 devices, at each of the stages 0 to 3."""
    return [implementation(1000, 4, stage) for stage in range(4)]


@exercise.probe
def the_paper(implementation: Any, generator: Generator) -> Any:
    """A model of 7.5 billion parameters on 64 devices, in GB, at each of the stages 0 to 3."""
    return [implementation(7_500_000_000, 64, stage) / 1e9 for stage in range(4)]


def _bytes(
    parameters: int, world_size: int, weight: bool, gradient: bool, optimizer: bool, state: int = 12
) -> float:
    kept = [(2, weight), (2, gradient), (state, optimizer)]
    return parameters * sum(size / (world_size if shared else 1) for size, shared in kept)


@exercise.misconception(
    "Your stages share out the weights first and the optimizer's state last. It is the other way "
    "about: what is largest, and is needed only at the step itself, goes first. Reread "
    "'Three stages of sharing'."
)
def weights_first(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 1, stage >= 2, stage >= 3)


@exercise.misconception(
    "Each of your stages shares out one thing and takes back what the stage before it shared. The "
    "stages build on each other. Reread 'Three stages of sharing'."
)
def one_at_a_time(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage == 3, stage == 2, stage == 1)


@exercise.misconception(
    "Your stages come one too early: stage 0 shares the optimizer's state already, and it is plain "
    "data parallelism, where everybody has everything. Reread 'Three stages of sharing'."
)
def one_too_early(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 2, stage >= 1, stage >= 0)


@exercise.misconception(
    "Your optimizer has 8 bytes a parameter: the mean and the mean square. The copy of the weights "
    "in 4 bytes, from which the 2-byte weights are made anew at each step, is missing. Reread "
    "'Sixteen bytes a parameter'."
)
def without_master(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 3, stage >= 2, stage >= 1, state=8)


@exercise.misconception(
    "You count as if weights and gradients had 4 bytes each. In mixed precision they have 2, and "
    "the 4-byte copy belongs to the optimizer, which is shared out first. Reread "
    "'Sixteen bytes a parameter'."
)
def in_full_precision(parameters: int, world_size: int, stage: int) -> float:
    sizes = [(4, stage >= 3), (4, stage >= 2), (8, stage >= 1)]
    return parameters * sum(size / (world_size if shared else 1) for size, shared in sizes)


@exercise.misconception(
    "Your stages from 1 on all share out everything. Stage 1 shares only the optimizer's state, "
    "and stage 2 leaves the weights whole on each device. Reread 'Three stages of sharing'."
)
def all_or_nothing(parameters: int, world_size: int, stage: int) -> float:
    return _bytes(parameters, world_size, stage >= 1, stage >= 1, stage >= 1)


@exercise.misconception(
    "Your number is that of all devices together. A device runs out of memory by itself: what "
    "counts is what each of them holds. Reread 'Sixteen bytes a parameter'."
)
def of_all_devices(parameters: int, world_size: int, stage: int) -> float:
    return world_size * training.training_memory(parameters, world_size, stage)
