"""`pretraining.inputs_and_targets`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from autograder.exercises.pretraining.inputs_and_targets import pair_for

private = Private()


@private.probe
def other_sizes(implementation: Any, generator: Generator) -> Any:
    """Two short rows, and one long row."""
    return [
        pair_for(implementation, torch.randint(90, shape, generator=generator))
        for shape in ((2, 3), (1, 40))
    ]


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


@private.variant
def shift_rolled_and_cut(ids: Tensor) -> list[Tensor]:
    """Move the row around, and cut off the place that has no answer."""
    return [ids[:, :-1], ids.roll(-1, dims=1)[:, :-1]]
