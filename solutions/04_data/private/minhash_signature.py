"""`data.minhash_signature`: hidden probes, and right answers written differently."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import data
from llmlab.data import PRIME, content_words

private = Private()


@private.probe
def many_functions(implementation: Any, generator: Generator) -> Any:
    """Forty shingles and 112 functions, with the largest numbers that there are."""
    numbers = torch.randint(0, data.PRIME, (40,), generator=generator)
    numbers[:3] = torch.tensor([0, data.PRIME - 1, 1])
    multipliers = torch.randint(1, data.PRIME, (112,), generator=generator)
    multipliers[0] = data.PRIME - 1
    return implementation(
        numbers, multipliers, torch.randint(0, data.PRIME, (112,), generator=generator)
    )


@private.variant
def signature_by_loop(numbers: Tensor, multipliers: Tensor, offsets: Tensor) -> Tensor:
    """Go through the functions one by one."""
    pairs = zip(multipliers, offsets, strict=True)
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
