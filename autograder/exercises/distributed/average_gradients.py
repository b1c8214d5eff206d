"""`distributed.average_gradients`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, normal
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
    matters="DDP averages the ranks' means, so a loss over tokens needs these weights wherever ranks "
    "have unequally many. Read llmlab/training/distributed.py.",
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


@exercise.probe
def a_rank_without_tokens(implementation: Any, generator: Generator) -> Any:
    """One parameter on 3 ranks, the second of which had no tokens and a gradient of 0; then one rank by itself."""
    gradients = [[normal(generator, 2)] for _ in range(3)]
    gradients[1] = [torch.zeros(2)]
    return [
        _averaged(implementation, gradients, (3, 0, 2)),
        _averaged(implementation, [[normal(generator, 2)]], (4,)),
    ]


def _summed(communicator: Communicator, tensor: Tensor) -> Tensor:
    return training.ring_all_reduce(communicator, tensor)


@exercise.faults(
    mean_of_means="Your code takes the mean of the ranks' means. A rank with one token then has as much "
    "say as a rank with five: that is not the gradient of the mean over all tokens. Reread "
    "'The mean of means'.",
    only_summed="The gradients are added up and divided by nothing: with more ranks the steps grow longer, and the "
    "learning rate no longer fits. Reread 'Data parallel by hand'.",
    of_the_sum="The gradients are weighted by the counts and then not divided by the total: what you "
    "have is the gradient of the sum over all tokens, and the mean is asked for. Reread 'The "
    "mean of means'.",
    divided_twice="The sum of the ranks' means is divided by the total number of tokens. Each of those "
    "means was divided by its count before, so you divide twice. Reread 'The mean of means'.",
    divided_by_ranks="The gradients are weighted by the counts, and then divided by the number of ranks. The "
    "weights must add up to 1, and those add up to the mean count. Reread 'The mean of "
    "means'.",
    by_own_count="Each rank divides by its own count, so the ranks end up with different gradients, and "
    "after one step they are different models. Reread 'Data parallel by hand'.",
    not_averaged="Each rank keeps its own gradients: nothing of the others arrives in the result, and "
    "after one step the copies of the model are different models. Reread 'Data parallel by "
    "hand'.",
    weighted_by_share_twice="Your gradients are divided by the total twice: once as each rank's share of the tokens, "
    "and once more after the sum. Reread 'The mean of means'.",
    inverse_weights="A rank with few tokens has the larger say: your weights are the counts upside down. Reread "
    "'The mean of means'.",
    first_only="Only the first parameter's gradient is averaged and returned. There is one tensor for "
    "each parameter. Reread 'Data parallel by hand'.",
    own_total="The counts are not added up over the ranks: each rank divides by its own count times "
    "the number of ranks. Reread 'The mean of means'.",
    local_weighted="Each rank weights its gradients by its share of the tokens and adds up nothing: the "
    "others' parts are missing. Reread 'Data parallel by hand'.",
    in_place="Your code changes the gradients that it was given, and the caller may still need them. Reread "
    "'Data parallel by hand'.",
    joined="Your gradients come back as one flat tensor. One tensor for each parameter is asked "
    "for, in its own shape. Reread 'Data parallel by hand'.",
    skips_empty="A rank without tokens stays out of the all-reduce, and the others wait for it: a "
    "deadlock. It takes part with gradients of 0. Reread 'Who waits for whom'.",
)
def faulty(on: Switches) -> Any:
    def average_gradients(communicator: Communicator, gradients: Gradients, count: int) -> Any:
        size = communicator.world_size
        if on("not_averaged"):
            return [one.clone() for one in gradients]
        if on("skips_empty") and count == 0:
            return gradients
        total = _summed(communicator, torch.tensor(float(count)))
        if on("first_only"):
            gradients = gradients[:1]
        if on("joined"):
            flat = torch.cat([one.flatten() for one in gradients])
            return _summed(communicator, flat * count) / total
        if on("in_place"):
            for one in gradients:
                one *= count
            return [_summed(communicator, one) / total for one in gradients]
        return [_combined(on, communicator, one, count, total, size) for one in gradients]

    return average_gradients


def _combined(
    on: Switches, communicator: Communicator, one: Tensor, count: int, total: Tensor, size: int
) -> Tensor:
    if on("mean_of_means"):
        return _summed(communicator, one) / size
    if on("only_summed"):
        return _summed(communicator, one)
    if on("divided_twice"):
        return _summed(communicator, one) / total
    if on("inverse_weights"):
        return _summed(communicator, one / max(count, 1)) * total / size
    if on("local_weighted"):
        return one * count / total
    weighted = _summed(communicator, one * count / (total if on("weighted_by_share_twice") else 1))
    if on("of_the_sum"):
        return weighted
    if on("divided_by_ranks"):
        return weighted / size
    if on("by_own_count"):
        return weighted / max(count, 1)
    return weighted / (count * size if on("own_total") and count else total)
