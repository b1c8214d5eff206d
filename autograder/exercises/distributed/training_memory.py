"""`distributed.training_memory`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercise import Switches
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
    matters="With these 16 bytes a parameter, a model of 7 billion needs 112 GB before its first "
    "activation: more than one H100 of 80 GB (2022) has. Read llmlab/training/distributed.py.",
)


@exercise.probe
def four_devices(implementation: Any, generator: Generator) -> Any:
    """A model of 1000 parameters on 4 devices, at each of the stages 0 to 3."""
    return [implementation(1000, 4, stage) for stage in range(4)]


@exercise.probe
def three_and_one(implementation: Any, generator: Generator) -> Any:
    """A model of 600 parameters on 3 devices, then on one, at each of the stages 0 to 3."""
    return [implementation(600, size, stage) for size in (3, 1) for stage in range(4)]


@exercise.probe
def the_paper(implementation: Any, generator: Generator) -> Any:
    """A model of 7.5 billion parameters on 64 devices, in GB, at each of the stages 0 to 3."""
    return [implementation(7_500_000_000, 64, stage) / 1e9 for stage in range(4)]


@exercise.faults(
    weights_first="Your stages share out the weights first and the optimizer's state last. It is the other "
    "way about: what is largest, and is needed only at the step itself, goes first. Reread "
    "'Three stages of sharing'.",
    gradients_first="Your stage 1 shares out the gradients, and it is the optimizer's state that goes first: "
    "it is the largest. Reread 'Three stages of sharing'.",
    one_at_a_time="Each of your stages shares out one thing and takes back what the stage before it "
    "shared. The stages build on each other. Reread 'Three stages of sharing'.",
    one_too_early="Your stages come one too early: stage 0 shares the optimizer's state already, and it is "
    "plain data parallelism, where everybody has everything. Reread 'Three stages of "
    "sharing'.",
    one_too_late="Your stages come one too late: stage 1 shares out nothing yet. Reread 'Three stages of sharing'.",
    without_master="Your optimizer has 8 bytes a parameter: two numbers of 4 bytes. The copy of the weights "
    "in 4 bytes, from which the 2-byte weights are made anew at each step, is missing. "
    "Reread 'Sixteen bytes a parameter'.",
    one_moment="Your optimizer has 4 bytes a parameter in all. Adam keeps two means, and mixed "
    "precision a copy of the weights, 4 bytes each. Reread 'Sixteen bytes a parameter'.",
    in_full_precision="You count as if weights and gradients had 4 bytes each. In mixed precision they have 2, "
    "and the 4-byte copy belongs to the optimizer, which is shared out first. Reread "
    "'Sixteen bytes a parameter'.",
    everything_in_four="All that you count has 4 bytes a number, weights and gradients too, beside the "
    "optimizer's 12. Reread 'Sixteen bytes a parameter'.",
    without_gradients="The gradients are missing in your sum. Reread 'Sixteen bytes a parameter'.",
    without_weights="The 2-byte weights are missing in your sum. Reread 'Sixteen bytes a parameter'.",
    only_optimizer="Only the optimizer's state is counted. Weights and gradients lie in memory as well. Reread "
    "'Sixteen bytes a parameter'.",
    all_or_nothing="Your stages from 1 on all share out everything. Stage 1 shares only the optimizer's "
    "state, and stage 2 leaves the weights whole on each device. Reread 'Three stages of "
    "sharing'.",
    never_the_weights="Your stage 3 leaves the weights whole on each device, and it is the stage that shares "
    "them out. Reread 'Three stages of sharing'.",
    never_shared="The number of devices decides nothing at any stage: nothing is shared out in your sum. Reread "
    "'Three stages of sharing'.",
    of_all_devices="Your number is that of all devices together. A device runs out of memory by itself: "
    "what counts is what each of them holds. Reread 'Sixteen bytes a parameter'.",
    a_parameter="Your number is that of a single parameter: multiply by how many there are. Reread "
    "'Sixteen bytes a parameter'.",
    by_stage="Your sum is divided by the stage, and should be divided by the number of devices. Reread "
    "'Three stages of sharing'.",
    rounded="Your division drops its fraction: a share of 12 bytes among 64 devices becomes nothing. "
    "Use the division that keeps fractions. Reread 'Three stages of sharing'.",
    in_bits="Your number is in bits: 8 times the bytes. Reread 'Sixteen bytes a parameter'.",
)
def faulty(on: Switches) -> Any:
    def training_memory(parameters: int, world_size: int, stage: int) -> float:
        if on("never_shared"):
            return 16.0 * parameters
        if on("by_stage"):
            return 16.0 * parameters / max(stage, 1)
        weight, gradient, optimizer = _sizes(on)
        total = 0.0
        for size, is_shared in zip(
            (optimizer, gradient, weight), _shared_at(on, stage), strict=True
        ):
            share = size // world_size if on("rounded") else size / world_size
            total += share if is_shared else size
        if on("of_all_devices"):
            total *= world_size
        if on("in_bits"):
            total *= 8
        return total if on("a_parameter") else parameters * total

    return training_memory


def _sizes(on: Switches) -> tuple[int, int, int]:
    """Bytes of a weight, a gradient and the optimizer's state of one parameter."""
    if on("in_full_precision"):
        return 4, 4, 8
    if on("everything_in_four"):
        return 4, 4, 12
    if on("only_optimizer"):
        return 0, 0, 12
    optimizer = 8 if on("without_master") else 4 if on("one_moment") else 12
    return 0 if on("without_weights") else 2, 0 if on("without_gradients") else 2, optimizer


def _shared_at(on: Switches, stage: int) -> tuple[bool, bool, bool]:
    """Whether the optimizer's state, the gradients and the weights are shared out."""
    if on("weights_first"):
        return stage >= 3, stage >= 2, stage >= 1
    if on("gradients_first"):
        return stage >= 2, stage >= 1, stage >= 3
    if on("one_at_a_time"):
        return stage == 1, stage == 2, stage == 3
    if on("all_or_nothing"):
        return stage >= 1, stage >= 1, stage >= 1
    shift = 1 if on("one_too_early") else -1 if on("one_too_late") else 0
    weights = not on("never_the_weights") and stage + shift >= 3
    return stage + shift >= 1, stage + shift >= 2, weights
