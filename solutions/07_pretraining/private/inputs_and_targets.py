"""`pretraining.inputs_and_targets`: hidden probes, and right answers written differently."""

import copy
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from autograder.exercise import Private
from llmlab import training

private = Private()


@private.probe
def shortest(implementation: Any, generator: Generator) -> Any:
    """Rows of two tokens, the shortest that there are, and one long row."""
    ids = torch.randint(9, (4, 2), generator=generator)
    long = torch.randint(9, (1, 40), generator=generator)
    return [list(implementation(ids)), list(implementation(long))]


@private.variant
def shift_narrowed(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Narrow the second dimension."""
    length = ids.shape[1] - 1
    return ids.narrow(1, 0, length), ids.narrow(1, 1, length)


@private.variant
def shift_unfolded(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Look at all pairs of neighbors."""
    pairs = ids.unfold(1, 2, 1)
    return pairs[..., 0].contiguous(), pairs[..., 1].contiguous()
