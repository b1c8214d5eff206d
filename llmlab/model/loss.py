"""The map to logits and the loss in one, so that the logits of a whole batch are never held.

With a large vocabulary the logits are the largest thing that a step makes: 4 x 1,024 tokens of GPT-2 have 206 million
of them. Their loss and its gradient need only those of a few tokens at a time (as in Liger Kernel; Hsu et al., 2024).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

# Large enough that the products run at full speed, and that adding up the table's gradient costs little.
TOKENS_AT_ONCE = 512


def linear_next_token_loss(
    hidden: Float[Tensor, "batch length model_dim"],
    table: Float[Tensor, "vocabulary model_dim"],
    targets: Int[Tensor, "batch length"],
) -> Float[Tensor, ""]:
    """Compute `training.next_token_loss(hidden @ table.T, targets)`, a few tokens at a time.

    Args:
        hidden: What the logits are made from.
        table: The map to logits.
        targets: The token that follows at each place.
    """
    hidden, targets = hidden.flatten(0, 1), targets.flatten()
    # PyTorch's operation that goes piece by piece neither obeys autocast nor compiles; a compiler fuses by itself.
    whole = torch.compiler.is_compiling() or torch.is_autocast_enabled(hidden.device.type)
    if whole or hidden.dtype != torch.float32:
        return functional.cross_entropy(functional.linear(hidden, table).float(), targets)
    pieces = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=TOKENS_AT_ONCE)
    return functional.linear_cross_entropy(hidden, table, targets, options=pieces)
