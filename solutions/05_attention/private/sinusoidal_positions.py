"""`attention.sinusoidal_positions`: hidden probes, and right answers written differently."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def smallest(implementation: Any, generator: Generator) -> Any:
    """A single position, and vectors of a single pair."""
    return [implementation(1, 6), implementation(9, 2)]


@private.probe
def more_dimensions_than_positions(implementation: Any, generator: Generator) -> Any:
    """Three positions of 66 dimensions."""
    return implementation(3, 66)


@private.variant
def positions_loop(length: int, model_dim: int) -> Tensor:
    """Fill the table number by number, with Python's own sine."""
    rows = []
    for position in range(length):
        row = []
        for pair in range(model_dim // 2):
            angle = position / 10_000 ** (2 * pair / model_dim)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows)


@private.variant
def positions_exponential(length: int, model_dim: int) -> Tensor:
    """Make the frequencies by the exponential function, as much code on the web does."""
    exponents = torch.arange(0, model_dim, 2) * (-math.log(10_000.0) / model_dim)
    angles = torch.einsum("p,f->pf", torch.arange(length).float(), torch.exp(exponents))
    return torch.stack((torch.sin(angles), torch.cos(angles)), dim=2).view(length, model_dim)


@private.variant
def positions_double(length: int, model_dim: int) -> Tensor:
    """Compute in float64, with a shift of the sine in place of the cosine."""
    dimension = torch.arange(model_dim, dtype=torch.float64)
    odd = dimension % 2
    frequency = 10_000.0 ** (-(dimension - odd) / model_dim)
    place = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    return torch.sin(place * frequency + odd * math.pi / 2)
