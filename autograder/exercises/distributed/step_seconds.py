"""`distributed.step_seconds`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercises.distributed import LAB
from llmlab import training

exercise = LAB.exercise(
    "step_seconds",
    reference=training.step_seconds,
    hints=(
        "First the time of the ring alone: how many messages does a rank send one after another, "
        "and how long is each?",
        "The backward pass and the ring run at the same time. When two people who work side by "
        "side are both done, who has decided how long it took?",
        "Ring: twice (N - 1), times the sum of the latency and a chunk's bytes over the bandwidth. "
        "Step: the forward pass, plus the larger of the backward pass and the ring.",
    ),
)


@exercise.probe
def slow_network(implementation: Any, generator: Generator) -> Any:
    """Forward 0.1 s, backward 0.2 s, 1 GB of gradients at 1 GB/s and 10 ms, on 1 to 64 ranks."""
    return [implementation(0.1, 0.2, 1e9, size, 1e9, 1e-2) for size in (1, 2, 8, 64)]


@exercise.probe
def fast_network(implementation: Any, generator: Generator) -> Any:
    """The same with 50 GB/s and 10 microseconds."""
    return [implementation(0.1, 0.2, 1e9, size, 50e9, 1e-5) for size in (1, 2, 8, 64)]


@exercise.probe
def small_gradients(implementation: Any, generator: Generator) -> Any:
    """Hardly any bytes, and a latency of 5 ms, on 4 and on 64 ranks."""
    return [implementation(0.1, 0.2, 1e3, size, 1e9, 5e-3) for size in (4, 64)]


def _ring(size: float, world_size: int, bandwidth: float, latency: float) -> float:
    return training.ring_seconds(size, world_size, bandwidth, latency)


@exercise.misconception(
    "Your code adds the ring to the backward pass, as if the network waited for the end of it. "
    "Buckets are sent while the other gradients are computed. Reread 'Where scaling stops'."
)
def no_overlap(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return forward + backward + _ring(size, world_size, bandwidth, latency)


@exercise.misconception(
    "Your ring hides behind the forward pass too. No gradient is known yet at that time. Reread "
    "'Where scaling stops'."
)
def hides_behind_both(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return max(forward + backward, _ring(size, world_size, bandwidth, latency))


@exercise.misconception(
    "Your ring has N - 1 steps. It goes around twice: once to add up, once to pass on. Reread "
    "'What a ring costs'."
)
def half_a_ring(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return forward + max(backward, _ring(size, world_size, bandwidth, latency) / 2)


@exercise.misconception(
    "In each step of your ring the whole tensor travels, so the time grows with the number of "
    "ranks. What travels is a chunk, one part in N. Reread 'What a ring costs'."
)
def whole_tensors(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    ring = _ring(size * world_size, world_size, bandwidth, latency)
    return forward + max(backward, ring)


@exercise.misconception(
    "The latency is counted once. Every message pays it, and a ring of N ranks sends 2 (N - 1) "
    "messages one after the other. Reread 'What a ring costs'."
)
def one_latency(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    ring = _ring(size, world_size, bandwidth, 0.0)
    return forward + max(backward, ring + (latency if world_size > 1 else 0.0))


@exercise.misconception(
    "The latency is not counted. It decides when there are many ranks and little to send. Reread "
    "'What a ring costs'."
)
def no_latency(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    return forward + max(backward, _ring(size, world_size, bandwidth, 0.0))


@exercise.misconception(
    "The compute is divided by the number of ranks. Its seconds are those of one rank on its own "
    "share already, whatever the others do. Reread 'Where scaling stops'."
)
def divides_the_compute(
    forward: float, backward: float, size: float, world_size: int, bandwidth: float, latency: float
) -> float:
    ring = _ring(size, world_size, bandwidth, latency)
    return forward / world_size + max(backward / world_size, ring)
