"""How much arithmetic training takes, and how much of it the machine could do.

Model FLOPs utilization (Chowdhery et al., 2022, appendix B) is the first over the second. It counts what the model
needs and not what a program spends, so activation checkpointing does not make it look better.
"""

from __future__ import annotations

import time

import torch

from llmlab.model import TransformerConfig


def flops_per_token(config: TransformerConfig, length: int) -> int:
    """Count the floating-point operations of training on one token, forward and backward.

    Each weight of a matrix takes a multiplication and an addition forward, and twice that backward: 6 in all. On each
    layer come `12 * model_dim * length` for the scores and for averaging the values, all of them, as
    if no key were masked (Chowdhery et al., 2022).

    Args:
        config: Of the model; a lookup in the embedding table is no arithmetic, the map to logits is.
        length: How many tokens a sequence has.
    """
    attended = length if config.sliding_window is None else min(length, config.sliding_window)
    return 6 * matrix_weights(config) + 12 * config.num_layers * config.model_dim * attended


def matrix_weights(config: TransformerConfig) -> int:
    """Count the weights that each token is multiplied with: those of all matrices, the map to logits included."""
    dim, gated = config.model_dim, config.feed_forward == "swiglu"
    attention = 2 * dim * dim + 2 * dim * config.kv_heads * config.head_dim
    hidden_dim = config.hidden_dim or (8 * dim // 3 if gated else 4 * dim)
    feed_forward = (3 if gated else 2) * dim * hidden_dim
    return config.num_layers * (attention + feed_forward) + dim * config.vocabulary_size


def matmul_rate(
    device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32, seconds: float = 0.3
) -> float:
    """Measure how many floating-point operations a second the machine does in large matrix products.

    Args:
        device: Where.
        dtype: In which numbers.
        seconds: How long to measure; the best product counts, since others can only have been disturbed.
    """
    size = 1024 if torch.device(device).type == "cpu" else 8192
    left, right = (torch.ones(size, size, device=device, dtype=dtype) for _ in range(2))
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        began = time.perf_counter()
        (left @ right)[0, 0].item()  # reading a number waits for the device
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best
