"""`distributed.gradient_buckets`: hidden probes, and right answers written differently."""

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import training
from llmlab.training import Communicator, simulate

private = Private()


@private.probe
def none_and_one(implementation: Any, generator: Generator) -> Any:
    """No parameters; a single one; sizes of 0; a capacity of one byte."""
    sizes = torch.randint(0, 5, (9,), generator=generator).tolist()
    return [
        implementation([], 10),
        implementation([3], 10),
        implementation(sizes, 6),
        implementation([4, 2, 7], 1),
    ]


@private.variant
def buckets_from_the_end(sizes: list[int], capacity: int) -> list[list[int]]:
    """Keep the bucket apart until it is full."""
    found, bucket = [], []
    for number in range(len(sizes) - 1, -1, -1):
        bucket.append(number)
        if sum(sizes[one] for one in bucket) >= capacity:
            found.append(bucket)
            bucket = []
    if bucket:
        found.append(bucket)
    return found


@private.variant
def buckets_recursive(sizes: list[int], capacity: int) -> list[list[int]]:
    """Cut off one bucket, and do the same with the rest."""
    if not sizes:
        return []
    sums = list(itertools.accumulate(reversed(sizes)))
    taken = next((i + 1 for i, held in enumerate(sums) if held >= capacity), len(sizes))
    rest = len(sizes) - taken
    return [list(range(len(sizes) - 1, rest - 1, -1)), *buckets_recursive(sizes[:rest], capacity)]


for line in ("if filled >= capacity:", "if sum(sizes[one] for one in bucket) >= capacity:"):
    private.equivalent(line, "EXIT", "The new bucket holds nothing, and a capacity is at least 1.")
