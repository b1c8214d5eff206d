"""`gpt.GPT`: hidden probes, and right answers written differently."""

from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Private
from autograder.exercises.gpt.gpt import gradients_of, output_of, parts_of
from llmlab.model import TransformerConfig

private = Private()


@private.probe
def other_parts(implementation: Any, generator: Generator) -> Any:
    """The parameters of two larger models."""
    config = TransformerConfig(13, 8, 12, 3, 6, num_kv_heads=2, hidden_dim=10)
    apart = config.changed(tied_embeddings=False)
    return [parts_of(implementation, config), parts_of(implementation, apart)]


@private.probe
def tables_apart(implementation: Any, generator: Generator) -> Any:
    """Two blocks, tables that are not tied, another epsilon, and three texts."""
    config = TransformerConfig(
        13, 8, 8, 2, 2, hidden_dim=10, norm_epsilon=0.02, tied_embeddings=False
    )
    ids = torch.randint(0, 13, (3, 7), generator=generator)
    return gradients_of(implementation, config, ids, generator)


@private.probe
def four_blocks(implementation: Any, generator: Generator) -> Any:
    """Four blocks with one key-value head, and one text."""
    config = TransformerConfig(7, 8, 8, 4, 2, num_kv_heads=1, hidden_dim=6)
    return output_of(
        implementation, config, torch.randint(0, 7, (1, 5), generator=generator), generator
    )


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
