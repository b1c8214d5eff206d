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
        for layer in self.blocks:
            stream = stream + layer.attention(layer.attention_norm(stream), causal=True)
            stream = stream + layer.feed_forward(layer.feed_forward_norm(stream))
        table = self.embedding if self.config.tied_embeddings else self.head
        return torch.einsum("bld,vd->blv", self.norm(stream), table.weight)


for line in (
    'rotary = config.position == "rotary"',
    "self.positions = None if rotary else LearnedPositions(config.max_length, config.model_dim)",
    "def __init__(self, config: TransformerConfig, *, fused: bool = True) -> None:",
    "self.blocks = nn.ModuleList(",
    "TransformerBlock.from_config(config, fused=fused) for _ in range(config.num_layers)",
    "self._initialize()",
    "for name, parameter in self.named_parameters():",
    "if parameter.dim() == 2:",
    "nn.init.normal_(parameter, std=initial_deviation(name, self.config.num_layers))",
    'elif name.endswith("bias"):',
    "nn.init.zeros_(parameter)",
):
    private.equivalent(
        line, None, "The lab gives the parts, and asks for no learned positions and no first draw."
    )
for line in (
    "cache: KVCache | None = None,",
    'real: Bool[Tensor, "batch read"] | None = None,',
    "last_only: bool = False,",
    'targets: Int[Tensor, "batch length"] | None = None,',
    "x = self.hidden(ids, cache=cache, real=real)",
    "if targets is not None:",
    "return linear_next_token_loss(x, self.head.weight, targets)",
    "logits: Tensor = self.head(x[:, -1:] if last_only else x)",
    "length = ids.shape[-1]",
    "if cache is not None:",
    "cache.make_room(length)",
    "x, rotation = self._enter(ids, cache, real)",
    "mask, causal = self._mask(ids, cache, real)",
    "layer = None if cache is None else cache.layers[index]",
    "x = block(x, mask, rotation=rotation, causal=causal, cache=layer)",
    "cache.advance(length)",
):
    private.equivalent(
        line, None, "It serves a cache, padding, a loss, and logits of the last token alone."
    )
for line in (
    "x, rotation = self._enter(ids, None, None)",
    "everything = torch.ones(ids.shape, dtype=torch.bool, device=ids.device)",
    "mask, _ = self._mask(ids, None, everything)",
    "found = []",
    "for block in self.blocks:",
    "assert isinstance(block, TransformerBlock)  # noqa: S101 - ModuleList forgets the type",
    "found.append(block.attention.weights(block.attention_norm(x), mask, rotation=rotation))",
    "x = block(x, mask, rotation=rotation)",
    "return torch.stack(found)",
):
    private.equivalent(
        line, None, "It gives attention weights, for which the exercise does not ask."
    )
for line in (
    "length, before = ids.shape[-1], 0 if cache is None else cache.length",
    "if self.positions is not None and real is None:",
    "return self.positions(x, before), None",
    "if real is None:",
    "places = torch.arange(before, before + length, device=ids.device)",
    "places = (real.cumsum(dim=-1) - 1).clamp(min=0)[:, before:]",
    "if self.positions is not None:",
    "return x + self.positions.at(places), None",
    "config = self.config",
    "angles = rotary_angles(places, config.head_dim, config.rotary_base, config.rotary_scaling)",
    "if real is not None:",
    "angles = angles.unsqueeze(1)  # one sequence's angles serve all of its heads",
    "return x, Rotation.of(angles, x.dtype)",
    "length = ids.shape[-1]",
    "first, before = (0, 0) if cache is None else (cache.first, cache.length)",
    "end, window = before + length, self.config.sliding_window",
    "in_sight = window is None or end - first <= window",
    "if real is None and in_sight and (length == 1 or before == 0):",
    "return None, length > 1",
    "queries = torch.arange(before, end, device=ids.device)[:, None]",
    "keys = torch.arange(first, end, device=ids.device)",
    "mask = keys <= queries",
    "if window is not None:",
    "mask &= keys > queries - window",
    "mask = (mask & real[:, None, None, first:]) | (keys == queries)",
    "return mask, False",
):
    private.equivalent(line, None, "Positions and masks are the blocks' own in the exercise.")
