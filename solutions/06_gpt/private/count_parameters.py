"""`gpt.count_parameters`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator

import llmlab.model as library
from autograder.exercise import Private, whole
from autograder.exercises.gpt._shared import as_number
from llmlab.model import TransformerConfig

private = Private()


@private.probe
def drawn_sizes(implementation: Any, generator: Generator) -> Any:
    """Three configurations of drawn sizes: one query head a key head, one key head for all, one layer."""
    words, layers, hidden = (
        whole(generator, 3, 60),
        whole(generator, 2, 6),
        whole(generator, 5, 60),
    )
    configs = [
        TransformerConfig(words, 9, 12, layers, 6, hidden_dim=hidden),
        TransformerConfig(words, 9, 24, layers, 6, 1, hidden_dim=hidden, tied_embeddings=False),
        TransformerConfig(words, 9, 16, 1, 4, 2, hidden_dim=hidden),
    ]
    return [as_number(implementation(config)) for config in configs]


@private.variant
def count_by_building(config: TransformerConfig) -> int:
    """Make the model, and count its numbers."""
    return sum(parameter.numel() for parameter in library.Transformer(config).parameters())


@private.variant
def count_in_one_sum(config: TransformerConfig) -> int:
    """Add up all shapes in one list."""
    dim = config.model_dim
    keys = config.kv_heads * config.head_dim
    block = [dim * dim, dim * keys, keys * dim, dim * dim, *[dim * config.hidden_dim] * 3, dim, dim]
    tables = [config.vocabulary_size * dim] * (1 if config.tied_embeddings else 2)
    return sum(tables + block * config.num_layers + [dim])


@private.variant
def count_as_a_tensor(config: TransformerConfig) -> Any:
    """Multiply shapes as tensors, and return a tensor of one number."""
    dim, keys = config.model_dim, config.kv_heads * config.head_dim
    shapes = [(dim, dim)] * 2 + [(dim, keys)] * 2 + [(dim, config.hidden_dim)] * 3 + [(dim, 2)]
    block = torch.tensor(shapes).prod(dim=-1).sum()
    tables = (1 + (not config.tied_embeddings)) * config.vocabulary_size * dim
    return config.num_layers * block + tables + dim


for line in (
    'gated = config.feed_forward == "swiglu"',
    "hidden = config.hidden_dim or (8 * dim // 3 if gated else 4 * dim)",
    "return inputs * outputs + (outputs if config.bias else 0)",
    'norm = dim if config.norm == "rms" else 2 * dim',
    'positions = config.max_length * dim if config.position == "learned" else 0',
):
    private.equivalent(line, None, "It serves models of other forms than LLaMA's.")
for line, kind in (
    ("return tables + positions + config.num_layers * block + norm", "SIGN"),
    ("return tables + positions + config.num_layers * block + norm", "PART"),
):
    private.equivalent(line, kind, "A model in LLaMA's form has no learned positions: they are 0.")
for line in (
    "queries, keys = config.num_heads * head_dim, config.kv_heads * head_dim",
    "attention = linear(dim, queries) + 2 * linear(dim, keys) + linear(queries, dim)",
    "feed_forward = (1 + gated) * linear(dim, hidden) + linear(hidden, dim)",
    "block = attention + feed_forward + 2 * norm",
    "return tables + positions + config.num_layers * block + norm",
):
    private.equivalent(line, "ARGUMENTS", "A matrix and its transpose are as large; so are sums.")
