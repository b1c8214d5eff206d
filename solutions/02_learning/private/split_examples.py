"""`learning.split_examples`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private
from autograder.exercises.learning.split_examples import examined, mixed, repeated

private = Private()


@private.probe
def rows_of_three(implementation: Any, generator: Generator) -> Any:
    """Fifty-seven examples of three features."""
    inputs = torch.arange(57 * 3).reshape(57, 3)
    targets = 1000 - inputs.sum(dim=1)
    return examined(implementation(inputs, targets, generator), inputs, targets)


@private.probe
def nineteen_numbers(implementation: Any, generator: Generator) -> Any:
    """Nineteen numbers, with their squares as targets."""
    inputs = torch.arange(19)
    return examined(implementation(inputs, inputs**2, generator), inputs, inputs**2)


@private.probe
def a_hundred_and_sixty_in_order(implementation: Any, generator: Generator) -> Any:
    """The inputs 0 to 159, in order, with the targets 7 to 166."""
    inputs = torch.arange(160)
    return {"mixed sets": mixed(implementation(inputs, inputs + 7, generator))}


@private.probe
def other_seeds(implementation: Any, generator: Generator) -> Any:
    """Eighty examples, split twice with the same seed and once with another."""
    return repeated(implementation, generator, 80)


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
