"""Probes of lab 00 that are never released."""

from typing import Any

import torch

from autograder.exercise import HiddenProbes

HIDDEN = HiddenProbes("welcome")


@HIDDEN.probe("average")
def drawn_numbers(implementation: Any, generator: torch.Generator) -> Any:
    """Seven numbers drawn at random."""
    return implementation(torch.randn(7, generator=generator).tolist())


@HIDDEN.probe("average")
def one_number(implementation: Any, generator: torch.Generator) -> Any:
    """A list of one number and one of two."""
    value = float(torch.rand(1, generator=generator))
    return implementation([value, value / 3])
