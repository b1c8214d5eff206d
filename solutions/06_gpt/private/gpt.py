"""`gpt.GPT`: hidden probes, and right answers written differently."""

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
def tables_apart(implementation: Any, generator: Generator) -> Any:
    """A single block whose embeddings are not tied, another epsilon, and a single token."""
    config = TransformerConfig(
        13, 8, 8, 1, 2, hidden_dim=10, norm_epsilon=0.1, tied_embeddings=False
    )
    module = implementation(config)
    shapes = fill_parameters(module, generator)
    ids = torch.randint(0, 13, (3, 7), generator=generator)
    return {"parameters": shapes, "output": module(ids), "token": module(ids[:1, :1])}


@private.probe
def learned_parameters(implementation: Any, generator: Generator) -> Any:
    """The gradient of every parameter, the last norm's included."""
    module = implementation(TransformerConfig(7, 8, 8, 2, 2, num_kv_heads=1, hidden_dim=6))
    fill_parameters(module, generator)
    module(torch.randint(0, 7, (2, 4), generator=generator)).square().sum().backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


class _Parts(nn.Module):
    """What the lab gives."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = library.TokenEmbedding(config.vocabulary_size, config.model_dim)
        self.blocks = nn.ModuleList(
            library.TransformerBlock.from_config(config) for _ in range(config.num_layers)
        )
        self.norm = library.RMSNorm(config.model_dim, config.norm_epsilon)
        self.head = nn.Linear(config.model_dim, config.vocabulary_size, bias=False)


@private.variant
class GPTWithMask(_Parts):
    """A mask made by hand, positions given, and the embedding tied to the head instead."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        if config.tied_embeddings:
            self.embedding.weight = self.head.weight

    def forward(self, ids: Tensor) -> Tensor:
        """Compute the logits of the token that follows each token."""
        places = torch.arange(ids.shape[-1])
        mask = places[:, None] >= places
        x = self.embedding.weight[ids]
        for layer in range(self.config.num_layers):
            x = self.blocks[layer](x, mask, places)
        return self.norm(x) @ self.head.weight.T


@private.variant
class GPTWrittenOut(_Parts):
    """No head where the table is shared, and blocks taken apart."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        if config.tied_embeddings:
            del self.head

    def forward(self, ids: Tensor) -> Tensor:
        """Compute the logits of the token that follows each token."""
        stream = nn.functional.embedding(ids, self.embedding.weight)
        for block in self.blocks:
            stream = stream + block.attention(block.attention_norm(stream), causal=True)
            stream = stream + block.feed_forward(block.feed_forward_norm(stream))
        table = self.embedding if self.config.tied_embeddings else self.head
        return torch.einsum("bld,vd->blv", self.norm(stream), table.weight)
