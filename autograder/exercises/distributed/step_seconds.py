"""`distributed.step_seconds`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercise import Switches
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
    matters="Llama 3 405B kept 38 to 43 % of its GPUs' arithmetic busy on 8,192 to 16,384 of them "
    "(2024): hiding the network decides that figure. Read llmlab/training/distributed.py.",
)


@exercise.probe
def by_hand(implementation: Any, generator: Generator) -> Any:
    """Forward 1 s, backward 2 s, 12 bytes at 4 bytes a second, 0.5 s of latency, 3 ranks, then 2; then backward 5 s."""
    return [
        implementation(1.0, backward, 12.0, size, 4.0, 0.5)
        for backward, size in ((2.0, 3), (2.0, 2), (5.0, 2))
    ]


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
    """Hardly any bytes, and a latency of 5 ms, on 4 and on 64 ranks; then no latency given."""
    found = [implementation(0.1, 0.2, 1e3, size, 1e9, 5e-3) for size in (4, 64)]
    return [*found, implementation(0.1, 0.2, 1e9, 4, 1e9)]


@exercise.faults(
    no_overlap="Your code adds the ring to the backward pass, as if the network waited for the end of "
    "it. Buckets are sent while the other gradients are computed. Reread 'Where scaling "
    "stops'.",
    hides_behind_both="Your ring hides behind the forward pass too. No gradient is known yet at that time. Reread "
    "'Where scaling stops'.",
    hides_behind_forward="Your ring runs beside the forward pass, and the gradients are known in the backward "
    "pass. Reread 'Where scaling stops'.",
    half_a_ring="Your ring has N - 1 steps. It goes around twice: once to add up, once to pass on. "
    "Reread 'What a ring costs'.",
    whole_tensors="In each step of your ring the whole tensor travels, so the time grows with the number "
    "of ranks. What travels is a chunk, one part in N. Reread 'What a ring costs'.",
    n_steps="Your ring has 2 N steps; a chunk that begins at one of N ranks needs N - 1 hops in each round. Reread "
    "'What a ring costs'.",
    all_at_once="Your ring sends a single chunk. There are 2 (N - 1) of them, one after the other. "
    "Reread 'What a ring costs'.",
    one_message="Your ring sends the whole tensor once, however many ranks there are. Reread 'What a ring costs'.",
    one_latency="The latency is counted once. Every message pays it, and a ring of N ranks sends 2 (N - "
    "1) messages one after the other. Reread 'What a ring costs'.",
    no_latency="The latency is not counted. It decides when there are many ranks and little to send. "
    "Reread 'What a ring costs'.",
    latency_a_chunk="The latency is divided among the ranks. However short a message is, it pays all of it. Reread "
    "'What a ring costs'.",
    latency_after="The latency is added to the step, outside of what runs beside the backward pass. The "
    "messages are sent while the gradients are computed. Reread 'Where scaling stops'.",
    divides_the_compute="The compute is divided by the number of ranks. Its seconds are those of one rank on its "
    "own share already, whatever the others do. Reread 'Where scaling stops'.",
    forgets_forward="The forward pass is missing: a step has it, and nothing hides it. Reread 'Where scaling stops'.",
    forgets_backward="Your step is the forward pass and the ring; where the network is fast, the backward "
    "pass decides. Reread 'Where scaling stops'.",
    forgets_the_ring="The ring is missing: your step takes as long on a slow network as on a fast one. Reread "
    "'Where scaling stops'.",
    smaller_of_both="Of the backward pass and the ring you count the shorter one. When two work side by "
    "side, both are done when the slower one is. Reread 'Where scaling stops'.",
    times_bandwidth="The bytes are multiplied by the bandwidth, and a faster network would take longer. "
    "Reread 'What a ring costs'.",
    bits="Your bandwidth is taken for bits a second; it is given in bytes. Reread 'What a ring costs'.",
    alone_pays="A rank by itself pays for a ring in your code: with nobody to talk to it sends nothing. "
    "Reread 'What a ring costs'.",
    forward_inside="The forward pass is counted twice, or inside the comparison: the ring is compared with "
    "all the compute and the forward pass added once more. Reread 'Where scaling stops'.",
)
def faulty(on: Switches) -> Any:
    def step_seconds(
        forward: float,
        backward: float,
        size: float,
        world_size: int,
        bandwidth: float,
        latency: float = 0.0,
    ) -> float:
        ring = _ring(on, size, world_size, bandwidth, latency)
        if on("divides_the_compute"):
            forward, backward = forward / world_size, backward / world_size
        if on("no_overlap"):
            return forward + backward + ring
        if on("hides_behind_both"):
            return max(forward + backward, ring)
        if on("hides_behind_forward"):
            return max(forward, ring) + backward
        if on("forgets_the_ring"):
            return forward + backward
        if on("forgets_forward"):
            return max(backward, ring)
        if on("forgets_backward"):
            return forward + ring
        if on("smaller_of_both"):
            return forward + min(backward, ring)
        if on("forward_inside"):
            return forward + max(forward + backward, ring)
        return forward + max(backward, ring) + (latency if on("latency_after") else 0.0)

    return step_seconds


def _ring(on: Switches, size: float, world_size: int, bandwidth: float, latency: float) -> float:
    steps = 2 * (world_size - 1)
    if on("half_a_ring"):
        steps = world_size - 1
    if on("n_steps"):
        steps = 2 * world_size if world_size > 1 else 0
    if on("alone_pays"):
        steps = max(steps, 2)
    chunk = size if on("whole_tensors") else size / world_size
    seconds = chunk * bandwidth if on("times_bandwidth") else chunk / bandwidth
    if on("bits"):
        seconds *= 8
    if on("all_at_once"):
        return latency + seconds if world_size > 1 else 0.0
    if on("one_message"):
        return latency + size / bandwidth if world_size > 1 else 0.0
    if on("one_latency"):
        return steps * seconds + (latency if steps else 0.0)
    if on("no_latency") or on("latency_after"):
        return steps * seconds
    return steps * ((latency / world_size if on("latency_a_chunk") else latency) + seconds)
