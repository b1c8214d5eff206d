"""The logit lens: what a model would say if it stopped after each layer (nostalgebraist, 2020).

Every layer adds to the same stream of vectors, and the map to logits can read the stream at any
height, not only at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


@runtime_checkable
class Stacked(Protocol):
    """A model of blocks, with a norm and a map to logits after them: `Transformer`, or a learner's own."""

    blocks: nn.ModuleList
    norm: nn.Module
    head: nn.Module

    def __call__(self, ids: Tensor) -> Any:
        """Compute the logits."""


@torch.no_grad()
def residual_stream(
    model: Stacked, ids: Int[Tensor, "length"]
) -> Float[Tensor, "height length model_dim"]:
    """Collect the vectors that enter the first block, and those that leave each block."""
    stream: list[Tensor] = []
    hooks = [model.blocks[0].register_forward_pre_hook(lambda block, args: stream.append(args[0]))]
    hooks += [
        block.register_forward_hook(lambda block, args, output: stream.append(output))
        for block in model.blocks
    ]
    try:
        model(ids[None])
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(stream).squeeze(1)


@torch.no_grad()
def logit_lens(
    model: Stacked, ids: Int[Tensor, "length"]
) -> Iterator[Float[Tensor, "length vocabulary"]]:
    """Give the logits that the model would end with after none of its blocks, after one, and so on.

    They come one height at a time, since all of them together can be larger than the model.
    """
    for vectors in residual_stream(model, ids):
        yield model.head(model.norm(vectors))
