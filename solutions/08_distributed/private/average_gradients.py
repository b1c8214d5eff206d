"""`distributed.average_gradients`: hidden probes, and right answers written differently."""

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import training
from llmlab.training import Communicator, simulate

private = Private()


@private.probe
def a_rank_without_tokens(implementation: Any, generator: Generator) -> Any:
    """Four ranks, one of which had no tokens and has gradients of 0; then one rank by itself."""
    counts = [3, 0, 7, 2]
    gradients = [[torch.randn(3, 2, generator=generator)] for _ in counts]
    gradients[1] = [torch.zeros(3, 2)]

    def program(communicator: Communicator) -> Any:
        rank = communicator.rank
        return list(implementation(communicator, gradients[rank], counts[rank]))

    return [simulate(program, 4), simulate(program, 1)]


@private.variant
def averaged_by_share(
    communicator: Communicator, gradients: list[Tensor], count: int
) -> list[Tensor]:
    """Scale by this rank's share of all tokens before adding up."""
    total = training.all_reduce(communicator, torch.tensor(count)).item()
    return [training.all_reduce(communicator, one * (count / total)) for one in gradients]


@private.variant
def averaged_in_one_message(
    communicator: Communicator, gradients: list[Tensor], count: int
) -> list[Tensor]:
    """Send one flat tensor with the count at its end."""
    flat = torch.cat([one.flatten() for one in gradients])
    summed = training.all_reduce(communicator, torch.cat([flat * count, torch.tensor([count])]))
    means = (summed[:-1] / summed[-1]).split([one.numel() for one in gradients])
    return [mean.view_as(one) for mean, one in zip(means, gradients, strict=True)]
