"""`attention.sinusoidal_positions`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.attention import LAB
from llmlab import model

exercise = LAB.exercise(
    "sinusoidal_positions",
    reference=model.sinusoidal_positions,
    hints=(
        "Look at the formula: which part depends on the position, and which on the dimension?",
        "Make the vector of frequencies first, one for each pair of dimensions, and multiply each "
        "position by each frequency. Sine goes to the even dimensions and cosine to the odd ones.",
        "Start from a tensor of zeros of the final shape; assign the sines of the angles to every "
        "second column from column 0 on, and the cosines to every second column from column 1 on.",
    ),
)


@exercise.probe
def small_positions(implementation: Any, generator: Generator) -> Any:
    """Six positions, vectors of 8."""
    return implementation(6, 8)


@exercise.probe
def long_positions(implementation: Any, generator: Generator) -> Any:
    """A hundred positions, vectors of 32."""
    return implementation(100, 32)


def _angles(length: int, exponents: Tensor, start: int = 0) -> Tensor:
    return torch.outer(torch.arange(start, start + length).float(), 10_000.0**-exponents)


def _interleaved(angles: Tensor) -> Tensor:
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@exercise.misconception(
    "Your sines fill the first half of each vector and your cosines the second. In Vaswani et al. "
    "they alternate: even dimensions are sines, odd ones cosines. Both work in a model, but this "
    "lab checks the paper's order. Reread 'Waves for positions'."
)
def in_halves(length: int, model_dim: int) -> Tensor:
    angles = _angles(length, torch.arange(0, model_dim, 2) / model_dim)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


@exercise.misconception(
    "Your exponent counts pairs, and the formula's counts dimensions: the exponent runs "
    "up to nearly 1, and yours stops at a half, so the slowest waves are too fast. "
    "Reread 'Waves for positions'."
)
def half_exponent(length: int, model_dim: int) -> Tensor:
    return _interleaved(_angles(length, torch.arange(model_dim // 2) / model_dim))


@exercise.misconception(
    "Each dimension of yours has a frequency of its own. A sine and the cosine beside "
    "it share one: that is what makes a shift in position a rotation of the pair. "
    "Reread 'Waves for positions'."
)
def own_frequencies(length: int, model_dim: int) -> Tensor:
    angles = _angles(length, torch.arange(model_dim) / model_dim)
    odd = torch.arange(model_dim) % 2 == 1
    return torch.where(odd, angles.cos(), angles.sin())


@exercise.misconception(
    "Your positions start at 1. The first token stands at position 0, where all sines are 0 and "
    "all cosines are 1. Reread 'Waves for positions'."
)
def from_one(length: int, model_dim: int) -> Tensor:
    return _interleaved(_angles(length, torch.arange(0, model_dim, 2) / model_dim, start=1))


@exercise.misconception(
    "Your cosines are in the even dimensions and your sines in the odd ones: the two are "
    "exchanged. Reread 'Waves for positions'."
)
def cosine_first(length: int, model_dim: int) -> Tensor:
    angles = _angles(length, torch.arange(0, model_dim, 2) / model_dim)
    return torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(-2)
