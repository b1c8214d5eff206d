"""`gpt.count_parameters`: hidden probes, and right answers written differently."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Private, fill_parameters
from llmlab.model import MultiHeadAttention, TransformerConfig

private = Private()


@private.probe
def drawn_sizes(implementation: Any, generator: Generator) -> Any:
    """Three configurations of drawn sizes: one query head a key head, one for all, one layer."""
    sizes = torch.randint(1, 60, (4,), generator=generator).tolist()
    return [
        implementation(TransformerConfig(sizes[0], 9, 12, sizes[1], 6, 6, hidden_dim=sizes[2])),
        implementation(
            TransformerConfig(
                sizes[3], 9, 24, sizes[1], 6, 1, hidden_dim=sizes[2], tied_embeddings=False
            )
        ),
        implementation(TransformerConfig(sizes[0], 9, 16, 1, 4, 2, hidden_dim=sizes[3])),
    ]


@private.variant
def count_by_building(config: TransformerConfig) -> int:
    """Make the model without its numbers, and count them."""
    with torch.device("meta"):
        model = library.Transformer(config)
    return sum(parameter.numel() for parameter in model.parameters())


@private.variant
def count_in_one_sum(config: TransformerConfig) -> int:
    """Add up all shapes in one list."""
    dim = config.model_dim
    keys = config.kv_heads * dim // config.num_heads
    block = [dim * dim, dim * keys, keys * dim, dim * dim, *[dim * config.hidden_dim] * 3, dim, dim]
    tables = [config.vocabulary_size * dim] * (1 if config.tied_embeddings else 2)
    return sum(tables + block * config.num_layers + [dim])
