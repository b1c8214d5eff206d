"""`gpt.initial_deviation`: hidden probes, and right answers written differently."""

import re
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private, whole
from autograder.exercises.gpt._shared import as_number
from autograder.exercises.gpt.initial_deviation import in_block, of_writers

private = Private()


@private.probe
def all_in_one_model(implementation: Any, generator: Generator) -> Any:
    """All matrices of a model of drawn depth."""
    depth = whole(generator, 3, 90)
    tables = {
        name: as_number(implementation(name, depth)) for name in ("head.weight", "embedding.weight")
    }
    return in_block(implementation, depth - 1, depth) | tables


@private.probe
def drawn_depths(implementation: Any, generator: Generator) -> Any:
    """The maps that write into the stream, in models of drawn depths."""
    return of_writers(implementation, 1, [whole(generator, 3, 9), whole(generator, 10, 200)])


@private.variant
def deviation_by_part(name: str, num_layers: int) -> float:
    """Look at the last pieces of the name."""
    part = tuple(name.split(".")[-3:-1])
    if part in {("attention", "output"), ("feed_forward", "down")}:
        return 0.02 * (2 * num_layers) ** -0.5
    return 0.02


@private.variant
def deviation_by_pattern(name: str, num_layers: int) -> float:
    """Find the maps by a pattern, and return a tensor's number."""
    writes = re.search(r"(attention\.output|feed_forward\.down)\.weight$", name)
    return torch.tensor(2.0 * num_layers).rsqrt().item() / 50 if writes else 1 / 50


@private.variant
def deviation_as_a_tensor(name: str, num_layers: int) -> Tensor:
    """Return a tensor of one number."""
    writes = "output" in name or "down" in name
    return 0.02 / torch.tensor(2.0 * num_layers if writes else 1.0).sqrt()
