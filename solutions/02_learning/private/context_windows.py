"""`learning.context_windows`: hidden probes, and right answers written differently."""

import copy
import math
from typing import Any

import torch
from torch import Generator, nn
from torch.nn import functional

from autograder.exercise import Private, fill_parameters, normal
from llmlab.foundations import Value

private = Private()


@private.probe
def edges(implementation: Any, generator: Generator) -> Any:
    """A context of one letter; a context longer than the names; an empty name."""
    names = [[0, 3, 3, 0], [0, 0], [0, 26, 1, 0]]
    return [list(implementation(names, length)) for length in (1, 6)]


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
