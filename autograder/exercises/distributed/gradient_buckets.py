"""`distributed.gradient_buckets`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercises.distributed import LAB
from llmlab import training

exercise = LAB.exercise(
    "gradient_buckets",
    reference=training.gradient_buckets,
    hints=(
        "Which layer's gradient is known first in the backward pass?",
        "Go through the parameters from the last to the first with two things at hand: the bucket "
        "that is being filled, and how many bytes it holds.",
        "Append each number to the last bucket and add its size; if the bucket holds at least the "
        "capacity, the next number starts a new one. A bucket that is not full at the end counts "
        "too.",
    ),
)


@exercise.probe
def six_parameters(implementation: Any, generator: Generator) -> Any:
    """Parameters of 40, 10, 30, 10, 20 and 10 bytes, and buckets of 35."""
    return implementation([40, 10, 30, 10, 20, 10], 35)


@exercise.probe
def random_sizes(implementation: Any, generator: Generator) -> Any:
    """Twenty parameters of random sizes, with a capacity of 100 bytes."""
    sizes = torch.randint(1, 90, (20,), generator=generator).tolist()
    return implementation(sizes, 100)


@exercise.probe
def large_and_small(implementation: Any, generator: Generator) -> Any:
    """Three parameters of which each fills a bucket; then three that fit into one together."""
    return [implementation([50, 60, 50], 50), implementation([2, 3, 4], 50)]


def _filled(
    numbers: Sequence[int],
    sizes: Sequence[int],
    capacity: int,
    *,
    never_over: bool = False,
    unfinished: bool = True,
    resets: bool = True,
) -> list[list[int]]:
    found: list[list[int]] = []
    bucket: list[int] = []
    held = 0
    for number in numbers:
        if never_over and bucket and held + sizes[number] > capacity:
            found.append(bucket)
            bucket, held = [], 0
        bucket.append(number)
        held += sizes[number]
        if not never_over and held >= capacity:
            found.append(bucket)
            bucket, held = [], 0 if resets else held
    return [*found, bucket] if bucket and unfinished else found


@exercise.misconception(
    "Your buckets are filled from the first parameter on. Its gradient is the last to be known, so "
    "the first bucket would wait for the end of the backward pass, and nothing could overlap. "
    "Reread 'Send while you compute'."
)
def in_forward_order(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes)), sizes, capacity)


@exercise.misconception(
    "Your buckets never hold more than the capacity. Here, as in PyTorch, a bucket is full once it "
    "holds at least that much: the parameter that reaches the line is in it. Reread "
    "'When a bucket is full'."
)
def never_over_the_line(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes))[::-1], sizes, capacity, never_over=True)


@exercise.misconception(
    "The bucket that is not full at the end is lost: the gradients of the first layers are never "
    "averaged, and those layers drift apart. Reread 'When a bucket is full'."
)
def loses_the_last(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes))[::-1], sizes, capacity, unfinished=False)


@exercise.misconception(
    "Your count of bytes goes on after a bucket is full, so that every parameter after the first "
    "full bucket gets one of its own. Reread 'When a bucket is full'."
)
def never_emptied(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return _filled(range(len(sizes))[::-1], sizes, capacity, resets=False)


@exercise.misconception(
    "Each parameter has a bucket of its own. Every message then pays the latency, and a bias of a "
    "few bytes pays as much as a matrix. Reread 'Send while you compute'."
)
def one_each(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return [[number] for number in range(len(sizes))[::-1]]


@exercise.misconception(
    "Everything is in one bucket. It is complete when the backward pass ends, and so the whole "
    "message comes after it. Reread 'Send while you compute'."
)
def one_for_all(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    return [list(range(len(sizes))[::-1])]
