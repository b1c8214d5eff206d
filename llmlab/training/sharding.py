"""Sharding: each rank keeps a part of every parameter, and the whole exists only while it is used.

Stage 3 of ZeRO (Rajbhandari et al., 2020) and fully sharded data parallelism (Zhao et al., 2023). A parameter
is flattened and cut into equal parts, the last of them filled up with zeros.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from llmlab.training.collectives import all_gather
from llmlab.training.communication import Communicator


class ShardedParameter:
    """One rank's part of a parameter.

    Args:
        parameter: The whole, equal on all ranks; it is not kept.
        communicator: This rank's.

    Attributes:
        shape: That of the whole.
        shard: This rank's part, (ceil(numbers / world_size),).
    """

    def __init__(self, parameter: Float[Tensor, "..."], communicator: Communicator) -> None:
        self.shape = parameter.shape
        self.communicator = communicator
        size = -(-parameter.numel() // communicator.world_size)
        padded = parameter.new_zeros(size * communicator.world_size)
        padded[: parameter.numel()] = parameter.detach().flatten()
        # A slice alone would keep the memory of the whole.
        self.shard = padded[communicator.rank * size :][:size].clone()

    def gather(self) -> Float[Tensor, "..."]:
        """Put the parameter together from all ranks' shards; every rank must call this."""
        whole = torch.cat(all_gather(self.communicator, self.shard))
        return whole[: self.shape.numel()].reshape(self.shape)
