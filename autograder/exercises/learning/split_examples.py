"""`learning.split_examples`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercises.learning import LAB
from autograder.exercises.learning._shared import Examples
from llmlab import foundations

exercise = LAB.exercise(
    "split_examples",
    reference=foundations.split_examples,
    hints=(
        "Think of a deck of cards: shuffle once, then deal three piles.",
        "What is shuffled are places, not examples: one random order of the numbers 0 to n - 1, "
        "with which inputs and targets are indexed alike.",
        "Draw a permutation with the generator; its first tenth are the places of the test set, "
        "the second tenth those of the validation set, and the rest those of the training set; "
        "index both tensors with each.",
    ),
)


def _seeded(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


def _belongs(inputs: Tensor, targets: Tensor) -> bool:
    return torch.equal(targets, 3 * inputs + 7)


@exercise.probe
def hundred(implementation: Any, generator: Generator) -> Any:
    """The inputs 0 to 99, with three times the input plus 7 as the target of each."""
    inputs = torch.arange(100)
    parts = [(one, two) for one, two in implementation(inputs, 3 * inputs + 7, generator)]
    everything = torch.cat([own for own, _ in parts]).sort().values
    gaps = [own.sort().values.diff() for own, _ in parts]
    return {
        "sizes": [[len(own), len(targets)] for own, targets in parts],
        "targets belong to their inputs": [_belongs(*part) for part in parts],
        "every example is in one part": torch.equal(everything, inputs),
        "is mixed": [bool((gap != 1).any()) for gap in gaps],
    }


@exercise.probe
def seeds(implementation: Any, generator: Generator) -> Any:
    """Sixty examples, split twice with the same seed and once with another."""
    inputs = torch.arange(60)
    seed = int(torch.randint(1000, (), generator=generator))
    first, again, other = (
        implementation(inputs, 3 * inputs + 7, _seeded(one))[2][0].sort().values
        for one in (seed, seed, seed + 1)
    )
    return {
        "same seed, same test set": torch.equal(first, again),
        "other seed, same test set": torch.equal(first, other),
    }


def _parts(
    inputs: Tensor, targets: Tensor, order: Tensor, order_of_targets: Tensor | None = None
) -> list[Examples]:
    tenth = len(inputs) // 10
    places = [slice(2 * tenth, None), slice(tenth, 2 * tenth), slice(0, tenth)]
    theirs = order if order_of_targets is None else order_of_targets
    return [(inputs[order[place]], targets[theirs[place]]) for place in places]


@exercise.misconception(
    "Inputs and targets are shuffled apart, each in an order of its own, so inputs meet the "
    "targets of other examples, and there is nothing left to learn. Reread 'Examples set aside'."
)
def shuffled_apart(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    orders = [torch.randperm(len(inputs), generator=generator) for _ in range(2)]
    return _parts(inputs, targets, *orders)


@exercise.misconception(
    "The examples are dealt out in the order in which they came. Data often come sorted, by date, "
    "by class or by length; then the three sets are of three kinds. Reread 'Examples set aside'."
)
def not_shuffled(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    return _parts(inputs, targets, torch.arange(len(inputs)))


@exercise.misconception(
    "Your training set holds all examples, those of validation and test too. What a model has "
    "learned from cannot say how it does on something new. Reread 'Examples set aside'."
)
def trains_on_everything(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    order = torch.randperm(len(inputs), generator=generator)
    _, validation, test = _parts(inputs, targets, order)
    return [(inputs[order], targets[order]), validation, test]


@exercise.misconception(
    "Validation and test set are the same examples. The validation set is used for choosing, and "
    "what was chosen by it looks better on it than it is; the test must be on examples that took "
    "no part. Reread 'Examples set aside'."
)
def tests_on_validation(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    order = torch.randperm(len(inputs), generator=generator)
    training, validation, _ = _parts(inputs, targets, order)
    return [training, validation, validation]


@exercise.misconception(
    "The order is not drawn by the generator that your function is given, so the same seed gives "
    "other sets each time, and no result can be repeated. Reread 'Examples set aside'."
)
def generator_ignored(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    return _parts(inputs, targets, torch.randperm(len(inputs)))


@exercise.misconception(
    "Your order is the same whatever generator your function is given: the seed is fixed inside. "
    "Who asks for another seed must get another split. Reread 'Examples set aside'."
)
def seed_fixed(inputs: Tensor, targets: Tensor, generator: Generator) -> list[Examples]:
    return _parts(inputs, targets, torch.randperm(len(inputs), generator=_seeded(0)))
