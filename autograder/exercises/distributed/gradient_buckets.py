"""`distributed.gradient_buckets`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches
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
    matters="PyTorch fills buckets of 25 MB in this order while the backward pass still runs. Read "
    "llmlab/training/distributed.py.",
)


@exercise.probe
def six_parameters(implementation: Any, generator: Generator) -> Any:
    """Parameters of 40, 10, 30, 10, 20 and 10 bytes, and buckets of 35."""
    return implementation([40, 10, 30, 10, 20, 10], 35)


@exercise.probe
def exactly_full(implementation: Any, generator: Generator) -> Any:
    """Parameters of which some fill a bucket to the byte, twice; then some that leave one byte free."""
    return [
        implementation([20, 10, 15, 15, 30], 30),
        implementation([20, 10, 15, 15, 30], 30),
        implementation([4, 3, 2, 5, 2], 8),
    ]


@exercise.probe
def random_sizes(implementation: Any, generator: Generator) -> Any:
    """Twenty parameters of 1 to 6 bytes, with a capacity of 8 bytes."""
    sizes = torch.randint(1, 7, (20,), generator=generator).tolist()
    return implementation(sizes, 8)


@exercise.probe
def large_and_small(implementation: Any, generator: Generator) -> Any:
    """Three parameters of which each fills a bucket; then three that fit into one together."""
    return [implementation([50, 60, 50], 50), implementation([2, 3, 4], 50)]


@exercise.probe
def none_and_nothing(implementation: Any, generator: Generator) -> Any:
    """No parameters; a single one; some without bytes; a capacity of one byte."""
    return [
        implementation([], 10),
        implementation([3], 10),
        implementation([0, 6, 0, 2, 0], 6),
        implementation([4, 2, 7], 1),
    ]


@exercise.faults(
    in_forward_order="Your buckets are filled from the first parameter on. Its gradient is the last to be "
    "known, so the first bucket would wait for the end of the backward pass, and nothing "
    "could overlap. Reread 'Send while you compute'.",
    never_over_the_line="Your buckets never hold more than the capacity. Here, as in PyTorch, a bucket is full "
    "once it holds at least that much: the parameter that reaches the line is in it. Reread "
    "'When a bucket is full'.",
    loses_the_last="The bucket that is not full at the end is lost: the gradients of the first layers are "
    "never averaged, and those layers drift apart. Reread 'When a bucket is full'.",
    never_emptied="Your count of bytes goes on after a bucket is full, so that every parameter after the "
    "first full bucket gets one of its own. Reread 'When a bucket is full'.",
    one_each="Each parameter has a bucket of its own. Every message then pays the latency, and a bias "
    "of a few bytes pays as much as a matrix. Reread 'Send while you compute'.",
    one_for_all="Everything is in one bucket. It is complete when the backward pass ends, and so the "
    "whole message comes after it. Reread 'Send while you compute'.",
    only_beyond="A bucket of exactly the capacity is not full for your code: it takes one parameter more. Reread "
    "'When a bucket is full'.",
    empty_at_the_end="Your code leaves an empty bucket, which would be a message of nothing. Reread 'When a "
    "bucket is full'.",
    counts_parameters="Your capacity counts parameters, and it counts bytes: large and small ones fill a "
    "bucket alike. Reread 'When a bucket is full'.",
    sizes_inside="Your buckets hold the sizes, and not the numbers of the parameters: nobody knows whose "
    "they are. Reread 'Send while you compute'.",
    numbers_from_the_end="Your parameters are numbered from the end: the last one is number 0. The numbers are "
    "those of the forward pass. Reread 'Send while you compute'.",
    numbers_from_one="Your parameters are numbered from 1. Reread 'Send while you compute'.",
    each_ascending="Inside a bucket your parameters stand in the order of the forward pass: last parameter "
    "first is asked for. Reread 'Send while you compute'.",
    buckets_reversed="Your buckets come in the wrong order: the one that is complete first is the first. Reread "
    "'Send while you compute'.",
    skips_the_first="Parameter 0 is in no bucket: your loop ends before it. Reread 'Send while you compute'.",
    loses_the_reaching="The parameter that fills a bucket is lost between that bucket and the next. Reread "
    "'When a bucket is full'.",
    forgets_the_reaching="The parameter that opens a new bucket is not counted in it, so that every bucket after "
    "the first may hold more than it should. Reread 'When a bucket is full'.",
    one_flat_list="Your numbers stand in one flat list: where one bucket ends and the next begins is lost. Reread "
    "'When a bucket is full'.",
    empties_the_sizes="Your code takes the sizes out of the list that it was given, and the caller still needs "
    "it. Reread 'When a bucket is full'.",
    fails_without_any="Your code fails where there are no parameters: there are no buckets then. Reread "
    "'When a bucket is full'.",
)
def faulty(on: Switches) -> Any:
    def gradient_buckets(sizes: list[int], capacity: int) -> Any:
        numbers = list(range(len(sizes)))[:: 1 if on("in_forward_order") else -1]
        if on("skips_the_first"):
            numbers = numbers[:-1]
        if on("one_each"):
            return [[number] for number in numbers]
        if on("one_for_all"):
            return [numbers] if numbers else []
        if on("fails_without_any"):
            sizes[-1]
        bytes_of = [1] * len(sizes) if on("counts_parameters") else list(sizes)
        if on("empties_the_sizes"):
            sizes.clear()
        found = _filled(on, numbers, bytes_of, capacity)
        return _labelled(on, found, bytes_of, len(bytes_of))

    return gradient_buckets


def _filled(on: Switches, numbers: list[int], sizes: list[int], capacity: int) -> list[list[int]]:
    found: list[list[int]] = []
    bucket: list[int] = []
    held = 0
    for number in numbers:
        if on("never_over_the_line") and bucket and held + sizes[number] > capacity:
            found.append(bucket)
            bucket, held = [], 0
        full = held + sizes[number] >= capacity + on("only_beyond")
        if on("forgets_the_reaching") and found and not bucket:
            held -= sizes[number]
        if not (on("loses_the_reaching") and full and bucket):
            bucket.append(number)
        held += sizes[number]
        if full and not on("never_over_the_line"):
            found.append(bucket)
            bucket = []
            held = held if on("never_emptied") else 0
    if on("empty_at_the_end") or (bucket and not on("loses_the_last")):
        found.append(bucket)
    return found


def _labelled(on: Switches, found: list[list[int]], sizes: list[int], count: int) -> Any:
    if on("sizes_inside"):
        return [[sizes[number] for number in bucket] for bucket in found]
    if on("numbers_from_the_end"):
        return [[count - 1 - number for number in bucket] for bucket in found]
    if on("numbers_from_one"):
        return [[number + 1 for number in bucket] for bucket in found]
    if on("each_ascending"):
        return [sorted(bucket) for bucket in found]
    if on("buckets_reversed"):
        return found[::-1]
    return [number for bucket in found for number in bucket] if on("one_flat_list") else found
