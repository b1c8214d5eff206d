"""Data parallelism: every rank has the whole model and a share of the batch.

Each rank computes gradients on its own share and all of them average these, so that every copy of the model
takes the step that one device would have taken with the whole batch. Gradients travel in buckets while the
backward pass still computes (Li et al., 2020, PyTorch's DistributedDataParallel). What a step costs in bytes is
Rajbhandari et al.'s (2020, ZeRO); what it costs in time is here too.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from llmlab.errors import ConfigurationError
from llmlab.training.collectives import ring_all_reduce
from llmlab.training.communication import Communicator, require_world_size


def shard_indices(indices: Sequence[int], rank: int, world_size: int) -> list[int]:
    """Choose the share of one rank, as PyTorch's DistributedSampler does.

    Rank `r` takes the places `r`, `r + N`, `r + 2N`, ... of `N` ranks, so that what all ranks take at one time
    stands side by side. All shares are equally long: where the indices run out, they begin again.

    Args:
        indices: The examples in the order of this epoch, the same on every rank.
        rank: Whose share it is.
        world_size: How many ranks there are.

    Raises:
        ConfigurationError: There is no such rank, or there are no indices.
    """
    require_world_size(world_size)
    if not 0 <= rank < world_size:
        raise ConfigurationError(
            f"There is no rank {rank} among {world_size}; give 0 to {world_size - 1}."
        )
    if not indices:
        raise ConfigurationError("There are no indices to share out; give at least one.")
    share = -(-len(indices) // world_size)
    places = range(rank, share * world_size, world_size)
    return [indices[place % len(indices)] for place in places]


def average_gradients(
    communicator: Communicator, gradients: list[Float[Tensor, "..."]], count: int
) -> list[Float[Tensor, "..."]]:
    """Turn each rank's gradients into those of the mean loss over all ranks' tokens.

    Rank `r` has `n_r` tokens and the gradient `g_r` of its mean loss over them. The gradient of the mean over
    all tokens is `sum(n_r g_r) / sum(n_r)`; the mean of the `g_r` is the same only when all `n_r` are equal.

    Args:
        communicator: This rank's.
        gradients: One tensor a parameter, of the mean loss over this rank's tokens; not changed.
        count: How many tokens this rank had, 0 if none.

    Returns:
        One tensor a parameter, equal on all ranks.
    """
    # In float64, where a count of many millions is exact.
    counted = torch.tensor(float(count), dtype=torch.float64)
    total = ring_all_reduce(communicator, counted).item()
    return [ring_all_reduce(communicator, gradient * count) / total for gradient in gradients]


def gradient_buckets(sizes: Sequence[int], capacity: int) -> list[list[int]]:
    """Group parameters into buckets whose gradients travel in one message each.

    The backward pass finishes the last parameter's gradient first, so buckets are filled from the last to the
    first. A bucket is full, and is sent, as soon as it holds at least `capacity` bytes.

    Args:
        sizes: The bytes of each parameter's gradient, in the order of the forward pass.
        capacity: When a bucket is full, in bytes; PyTorch's default is 25 MiB.

    Returns:
        The numbers of the parameters in each bucket, the bucket that is sent first first.

    Raises:
        ConfigurationError: The capacity is not above 0.
    """
    if capacity <= 0:
        raise ConfigurationError(f"The capacity is {capacity} bytes; give a number above 0.")
    buckets: list[list[int]] = []
    filled = capacity
    for number in reversed(range(len(sizes))):
        if filled >= capacity:
            buckets.append([])
            filled = 0
        buckets[-1].append(number)
        filled += sizes[number]
    return buckets


def training_memory(parameters: int, world_size: int, stage: int) -> float:
    """Give the bytes that weights, gradients and Adam's state take on each device.

    In mixed precision each parameter has a weight of 2 bytes, a gradient of 2, and 12 of the optimizer's: a
    copy of the weight, a mean and a mean square, in 4 bytes each (Rajbhandari et al., 2020, section 3.1). Stage
    0 keeps all of it on every device, as DDP does; stage 1 shares out the optimizer's part, stage 2 the
    gradients too, stage 3 the weights too, as FSDP does. Activations come on top.

    Args:
        parameters: How many numbers the model has.
        world_size: How many devices there are.
        stage: 0, 1, 2 or 3.

    Raises:
        ConfigurationError: There is no such stage, or no device.
    """
    require_world_size(world_size)
    if stage not in (0, 1, 2, 3):
        raise ConfigurationError(f"There is no stage {stage}; give 0 (DDP), 1, 2 or 3 (FSDP).")
    optimizer = 12 / world_size if stage >= 1 else 12.0
    gradients = 2 / world_size if stage >= 2 else 2.0
    weights = 2 / world_size if stage >= 3 else 2.0
    return parameters * (weights + gradients + optimizer)


def ring_seconds(size: float, world_size: int, bandwidth: float, latency: float) -> float:
    """Give the time of a ring all-reduce: `2 (N - 1)` steps, each of one chunk of `size / N` bytes.

    Args:
        size: Bytes of each rank's tensor.
        world_size: How many ranks there are, `N`.
        bandwidth: Bytes a second between two neighbors.
        latency: Seconds that each message takes, however short it is.
    """
    require_world_size(world_size)
    steps = 2 * (world_size - 1)
    return steps * (latency + size / world_size / bandwidth)


def step_seconds(
    forward: float,
    backward: float,
    size: float,
    world_size: int,
    bandwidth: float,
    latency: float = 0.0,
) -> float:
    """Give the time of one training step under data parallelism with overlap.

    Gradients travel in buckets while the backward pass computes the others, so the slower of the two decides:
    `forward + max(backward, ring_seconds(...))`. A model: it leaves out that the last bucket has nothing left
    to hide behind.

    Args:
        forward: Seconds of the forward pass on one rank's share.
        backward: Seconds of its backward pass.
        size: Bytes of all gradients.
        world_size: How many ranks there are.
        bandwidth: Bytes a second between two neighbors.
        latency: Seconds that each message takes, however short it is.
    """
    return forward + max(backward, ring_seconds(size, world_size, bandwidth, latency))
