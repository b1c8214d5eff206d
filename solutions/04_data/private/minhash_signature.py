"""`data.minhash_signature`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from autograder.exercises.data.minhash_signature import drawn_functions
from llmlab.data import PRIME

private = Private()


@private.probe
def many_functions(implementation: Any, generator: Generator) -> Any:
    """Twenty shingles and 30 functions; nine of both; and the largest numbers that there are."""
    numbers = torch.randint(0, PRIME, (20,), generator=generator)
    numbers[:3] = torch.tensor([0, PRIME - 1, 1])
    multipliers = torch.randint(1, PRIME, (30,), generator=generator)
    multipliers[0] = PRIME - 1
    offsets = torch.randint(0, PRIME, (30,), generator=generator)
    return [
        implementation(numbers, multipliers, offsets),
        drawn_functions(implementation, generator, 9, 9),
        drawn_functions(implementation, generator, 1, 3),
    ]


@private.variant
def signature_by_loop(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Go through the functions one by one."""
    pairs = torch.stack([multipliers, offsets], dim=1)
    return torch.stack([((a * numbers + b) % PRIME).min() for a, b in pairs])


@private.variant
def signature_with_integers(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Compute with Python's integers, which have no end."""
    rows = zip(multipliers.tolist(), offsets.tolist(), strict=True)
    return torch.tensor([min((a * x + b) % PRIME for x in numbers.tolist()) for a, b in rows])


@private.variant
def signature_columns(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Lay the table the other way round."""
    table = torch.remainder(numbers.reshape(-1, 1) * multipliers + offsets, PRIME)
    return table.min(dim=0).values
