"""`foundations.bigram_probabilities`: hidden probes, and right answers written differently."""

from collections import Counter
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private

private = Private()


@private.probe
def more_tokens_than_seen(implementation: Any, generator: Generator) -> Any:
    """A vocabulary with tokens that never come, an empty name, and other smoothings."""
    sequences = [[0, 2, 2, 2, 4, 0], [0, 0], [0, 1, 2, 0]]
    return [implementation(sequences, 7, 1.5), implementation([[0, 3, 3, 0]], 4, 0.25)]


@private.probe
def many_names(implementation: Any, generator: Generator) -> Any:
    """Fifty random sequences without smoothing."""
    inner = torch.randint(1, 5, (50, 6), generator=generator).tolist()
    return implementation([[0, *ids, 0] for ids in inner], 5)


@private.variant
def bigram_counter(
    sequences: list[list[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    """Count in a dictionary, and write the rows as Python lists."""
    counts = Counter(pair for sequence in sequences for pair in pairwise(sequence))
    rows = []
    for current in range(vocabulary_size):
        row = [counts[current, following] + smoothing for following in range(vocabulary_size)]
        rows.append([count / sum(row) for count in row])
    return torch.tensor(rows)


@private.variant
def bigram_bincount(
    sequences: list[list[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    """Number the pairs, and count the numbers."""
    numbers = [a * vocabulary_size + b for ids in sequences for a, b in pairwise(ids)]
    counts = torch.bincount(torch.tensor(numbers), minlength=vocabulary_size**2)
    table = counts.view(vocabulary_size, vocabulary_size).double() + smoothing
    table /= table.sum(1, keepdim=True)
    return table


@private.variant
def bigram_from_smoothing(
    sequences: list[list[int]], vocabulary_size: int, smoothing: float = 0.0
) -> Tensor:
    """Begin with the smoothing, and count on top of it."""
    table = torch.full((vocabulary_size, vocabulary_size), float(smoothing))
    for sequence in sequences:
        for i in range(len(sequence) - 1):
            table[sequence[i], sequence[i + 1]] += 1
    return torch.stack([row / row.sum() for row in table])
