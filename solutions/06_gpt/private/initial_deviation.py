"""`gpt.initial_deviation`: hidden probes, and right answers written differently."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Private, fill_parameters
from llmlab.model import MultiHeadAttention, TransformerConfig

private = Private()


@private.probe
def all_in_one_model(implementation: Any, generator: Generator) -> Any:
    """Matrices of a model of drawn depth."""
    depth = int(torch.randint(2, 90, (), generator=generator))
    parts = ("attention.value", "attention.output", "feed_forward.up", "feed_forward.down")
    names = [f"blocks.{depth - 1}.{part}.weight" for part in parts]
    return [implementation(name, depth) for name in (*names, "head.weight", "embedding.weight")]


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
