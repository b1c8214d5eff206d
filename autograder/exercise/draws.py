"""How probes draw their inputs: numbers, tensors and weights from a seeded generator."""

from __future__ import annotations

import zlib

import torch

PUBLIC_SEED = 20_170_612  # the day on which 'Attention Is All You Need' appeared


def normal(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Draw a tensor from the standard normal distribution."""
    return torch.randn(shape, generator=generator)


def whole(generator: torch.Generator, low: int, high: int) -> int:
    """Draw a whole number from low to high, both included."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def fill_parameters(module: torch.nn.Module, generator: torch.Generator) -> dict[str, list[int]]:
    """Give a module weights drawn by parameter name, so that equal modules get equal weights.

    Two modules whose parameters have the same names and shapes end up with the same values, whatever
    else they hold. A probe returns the shapes first, so that a parameter of a wrong name or shape is
    what the student is told about.

    Returns:
        The shape of each parameter by name, sorted by name.
    """
    seed = generator.initial_seed()
    shapes = {}
    for name, parameter in sorted(module.named_parameters()):
        own = torch.Generator().manual_seed((seed ^ zlib.crc32(name.encode())) & (2**63 - 1))
        with torch.no_grad():
            values = torch.randn(parameter.shape, generator=own)
            parameter.copy_(values / max(1, parameter.shape[-1]) ** 0.5 + 0.1)
        shapes[name] = list(parameter.shape)
    return shapes
