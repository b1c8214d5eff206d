"""`distributed.average_gradients`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import normal
from autograder.exercises.distributed import LAB
from llmlab import training
from llmlab.training import Communicator, simulate

exercise = LAB.exercise(
    "average_gradients",
    reference=training.average_gradients,
    hints=(
        "Compute the two-rank example of the text by hand: which numbers did you need, and which of "
        "them does a rank not know by itself?",
        "A mean over tokens is a sum over tokens divided by their number. Both the sum and the "
        "number can be added up over the ranks; the mean cannot.",
        "All-reduce the count as a tensor; then, for each gradient, all-reduce the gradient times "
        "this rank's count, and divide by the total count.",
    ),
)


Gradients = list[Tensor]


def _averaged(
    implementation: Any, gradients: list[Gradients], counts: Sequence[int]
) -> list[Gradients]:
    def program(communicator: Communicator) -> Gradients:
        rank = communicator.rank
        return list(implementation(communicator, gradients[rank], counts[rank]))

    return simulate(program, len(counts))


def _two_parameters(generator: Generator, world_size: int) -> list[Gradients]:
    return [[normal(generator, 2, 3), normal(generator, 4)] for _ in range(world_size)]


@exercise.probe
def unequal_counts(implementation: Any, generator: Generator) -> Any:
    """Two parameters on 3 ranks that had 1, 2 and 5 tokens."""
    return _averaged(implementation, _two_parameters(generator, 3), (1, 2, 5))


@exercise.probe
def equal_counts(implementation: Any, generator: Generator) -> Any:
    """Two parameters on 2 ranks that had 4 tokens each."""
    return _averaged(implementation, _two_parameters(generator, 2), (4, 4))


def _summed(communicator: Communicator, tensor: Tensor) -> Tensor:
    return training.ring_all_reduce(communicator, tensor)


def _total(communicator: Communicator, count: int) -> Tensor:
    return _summed(communicator, torch.tensor([float(count)]))


@exercise.misconception(
    "Your code takes the mean of the ranks' means. A rank with one token then has as much say as a "
    "rank with five: that is not the gradient of the mean over all tokens. Reread "
    "'The mean of means'."
)
def mean_of_means(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one) / communicator.world_size for one in gradients]


@exercise.misconception(
    "The gradients are added up and divided by nothing: with more ranks the steps grow longer, and "
    "the learning rate no longer fits. Reread 'Data parallel by hand'."
)
def only_summed(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one) for one in gradients]


@exercise.misconception(
    "The gradients are weighted by the counts and then not divided by the total: what you have is "
    "the gradient of the sum over all tokens, and the mean is asked for. Reread "
    "'The mean of means'."
)
def of_the_sum(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one * count) for one in gradients]


@exercise.misconception(
    "The sum of the ranks' means is divided by the total number of tokens. Each of those means was "
    "divided by its count before, so you divide twice. Reread 'The mean of means'."
)
def divided_twice(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    total = _total(communicator, count)
    return [_summed(communicator, one) / total for one in gradients]


@exercise.misconception(
    "The gradients are weighted by the counts, and then divided by the number of ranks. The weights "
    "must add up to 1, and those add up to the mean count. Reread 'The mean of means'."
)
def divided_by_ranks(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    size = communicator.world_size
    return [_summed(communicator, one * count) / size for one in gradients]


@exercise.misconception(
    "Each rank divides by its own count, so the ranks end up with different gradients, and after "
    "one step they are different models. Reread 'Data parallel by hand'."
)
def by_own_count(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [_summed(communicator, one * count) / count for one in gradients]


@exercise.misconception(
    "Each rank keeps its own gradients: nothing of the others arrives in the result, and after one "
    "step the copies of the model are different models. Reread 'Data parallel by hand'."
)
def not_averaged(communicator: Communicator, gradients: Gradients, count: int) -> Gradients:
    return [one.clone() for one in gradients]
