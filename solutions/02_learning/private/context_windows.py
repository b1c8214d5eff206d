"""`learning.context_windows`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator
from torch.nn import functional

from autograder.exercise import Private
from autograder.exercises.learning.context_windows import drawn, windows_of

private = Private()


@private.probe
def five_names(implementation: Any, generator: Generator) -> Any:
    """Five names, two of them without letters, and a context of 4."""
    return windows_of(implementation, drawn(generator, 3, 0, 6, 1, 0), 4)


@private.probe
def two_names(implementation: Any, generator: Generator) -> Any:
    """Two names and a context of a single letter."""
    return windows_of(implementation, drawn(generator, 5, 2), 1)


@private.variant
def windows_from_a_padded_list(sequences, length):
    """Fill the sequence up once, and cut windows out of it."""
    contexts, targets = [], []
    for sequence in sequences:
        padded = [0] * (length - 1) + sequence
        for i in range(len(sequence) - 1):
            contexts.append(padded[i : i + length])
            targets.append(padded[i + length])
    return torch.tensor(contexts), torch.tensor(targets)


@private.variant
def windows_by_unfolding(sequences, length):
    """Let PyTorch cut the windows."""
    contexts, targets = [], []
    for sequence in sequences:
        padded = functional.pad(torch.tensor(sequence), (length - 1, 0))
        windows = padded.unfold(0, length + 1, 1)
        contexts.append(windows[:, :-1])
        targets.append(windows[:, -1])
    return torch.cat(contexts), torch.cat(targets)
