"""`learning.split_examples`: hidden probes, and right answers written differently."""

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
def uneven(implementation: Any, generator: Generator) -> Any:
    """Thirty-seven examples of two features, whose targets are their sums."""
    inputs = normal(generator, 37, 2)
    parts = [(one, two) for one, two in implementation(inputs, inputs.sum(dim=1), generator)]
    together = torch.cat([one for one, _ in parts])
    return {
        "sizes": [len(one) for one, _ in parts],
        "targets belong to their inputs": [torch.equal(one.sum(dim=1), two) for one, two in parts],
        "every example is in one part": torch.equal(
            together[:, 0].sort().values, inputs[:, 0].sort().values
        ),
    }


@private.variant
def split_from_the_front(inputs, targets, generator):
    """Deal the training set first, from shuffled copies."""
    order = torch.randperm(inputs.size(0), generator=generator)
    inputs, targets = inputs[order], targets[order]
    tenth = len(inputs) // 10
    first, second = len(inputs) - 2 * tenth, len(inputs) - tenth
    return [
        (inputs[:first], targets[:first]),
        (inputs[first:second], targets[first:second]),
        (inputs[second:], targets[second:]),
    ]


@private.variant
def split_by_random_keys(inputs, targets, generator):
    """Sort random numbers, and keep the examples of each set in their old order."""
    order = torch.rand(len(inputs), generator=generator).argsort()
    tenth = len(inputs) // 10
    sets = order[tenth * 2 :], order[:tenth], order[tenth : tenth * 2]
    return tuple((inputs[one.sort().values], targets[one.sort().values]) for one in sets)
