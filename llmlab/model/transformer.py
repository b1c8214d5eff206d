"""The whole model: embeddings, a stack of blocks, a norm, and the map to the next token's logits.

One class is GPT-2 (Radford et al., 2019) and LLaMA (Touvron et al., 2023) alike; its configuration
says which.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from llmlab.errors import ShapeError
from llmlab.model.block import NORMS, TransformerBlock
from llmlab.model.cache import KVCache
from llmlab.model.config import TransformerConfig
from llmlab.model.embedding import TokenEmbedding
from llmlab.model.initialization import initial_deviation
from llmlab.model.loss import linear_next_token_loss
from llmlab.model.positions import LearnedPositions, Rotation, rotary_angles


class Transformer(nn.Module):
    """A decoder-only language model.

    Args:
        config: Its sizes and choices.
        fused: Whether attention uses PyTorch's fused kernel, or the explicit steps of the formula.
    """

    def __init__(self, config: TransformerConfig, *, fused: bool = True) -> None:
        super().__init__()
        self.config = config
        rotary = config.position == "rotary"
        self.embedding = TokenEmbedding(config.vocabulary_size, config.model_dim)
        self.positions = None if rotary else LearnedPositions(config.max_length, config.model_dim)
        self.blocks = nn.ModuleList(
            TransformerBlock.from_config(config, fused=fused) for _ in range(config.num_layers)
        )
        self.norm = NORMS[config.norm](config.model_dim, config.norm_epsilon)
        self.head = nn.Linear(config.model_dim, config.vocabulary_size, bias=False)
        self.tie()
        self._initialize()

    def tie(self) -> None:
        """Make the map to logits the embedding table itself, if the configuration says so."""
        if self.config.tied_embeddings:
            self.head.weight = self.embedding.weight

    def _initialize(self) -> None:
        """Draw the weights as GPT-2 did."""
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=initial_deviation(name, self.config.num_layers))
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(
        self,
        ids: Int[Tensor, "batch length"],
        *,
        cache: KVCache | None = None,
        real: Bool[Tensor, "batch read"] | None = None,
        last_only: bool = False,
        targets: Int[Tensor, "batch length"] | None = None,
    ) -> Float[Tensor, "batch given vocabulary"] | Float[Tensor, ""]:
        """Compute the logits of the token that follows each token, or the loss of guessing it.

        Args:
            ids: The tokens; with a cache, those after the ones that it holds.
            cache: Keys and values of earlier tokens; those of `ids` are added.
            real: Which of all tokens read so far, `ids` included, are no padding. Padding stands on the left.
            last_only: Compute the logits of the last token of each sequence alone.
            targets: The tokens that do follow.

        Returns:
            (batch, length, vocabulary), or (batch, 1, vocabulary) with `last_only`. With `targets`, the mean loss in
            nats, as `training.next_token_loss` has it, for which the logits need not all be held at once.

        Raises:
            ShapeError: `real` does not cover the tokens read so far.
            OutOfRangeError: The sequence is longer than the learned positions or the cache.
        """
        x = self.hidden(ids, cache=cache, real=real)
        if targets is not None:
            return linear_next_token_loss(x, self.head.weight, targets)
        logits: Tensor = self.head(x[:, -1:] if last_only else x)
        return logits

    def hidden(
        self,
        ids: Int[Tensor, "batch length"],
        *,
        cache: KVCache | None = None,
        real: Bool[Tensor, "batch read"] | None = None,
    ) -> Float[Tensor, "batch length model_dim"]:
        """Compute the vectors that the logits are made from; the arguments are those of `forward`."""
        length = ids.shape[-1]
        if cache is not None:
            cache.make_room(length)
        x, rotation = self._enter(ids, cache, real)
        mask, causal = self._mask(ids, cache, real)
        for index, block in enumerate(self.blocks):
            layer = None if cache is None else cache.layers[index]
            x = block(x, mask, rotation=rotation, causal=causal, cache=layer)
        if cache is not None:
            cache.advance(length)
        return self.norm(x)

    def attention_weights(
        self, ids: Int[Tensor, "batch length"]
    ) -> Float[Tensor, "layer batch head query key"]:
        """Compute every head's attention weights, to be looked at; they take memory with the square of the length."""
        x, rotation = self._enter(ids, None, None)
        everything = torch.ones(ids.shape, dtype=torch.bool, device=ids.device)
        mask, _ = self._mask(ids, None, everything)
        found = []
        for block in self.blocks:
            assert isinstance(block, TransformerBlock)  # noqa: S101 - ModuleList forgets the type
            found.append(block.attention.weights(block.attention_norm(x), mask, rotation=rotation))
            x = block(x, mask, rotation=rotation)
        return torch.stack(found)

    def _enter(
        self,
        ids: Int[Tensor, "batch length"],
        cache: KVCache | None,
        real: Bool[Tensor, "batch read"] | None,
    ) -> tuple[Float[Tensor, "batch length model_dim"], Rotation | None]:
        """Look the tokens up, and place them: by vectors that are added, or by a rotation for the heads."""
        length, before = ids.shape[-1], 0 if cache is None else cache.length
        if real is not None and real.shape[-1] != before + length:
            raise ShapeError(
                f"`real` speaks of {real.shape[-1]} tokens, and {before + length} were read with these; give "
                "it for all of them."
            )
        x = self.embedding(ids)
        if self.positions is not None and real is None:
            return self.positions(x, before), None
        if real is None:
            places = torch.arange(before, before + length, device=ids.device)
        else:
            # A sequence begins at its first token that is no padding.
            places = (real.cumsum(dim=-1) - 1).clamp(min=0)[:, before:]
        if self.positions is not None:
            return x + self.positions.at(places), None
        config = self.config
        angles = rotary_angles(places, config.head_dim, config.rotary_base, config.rotary_scaling)
        if real is not None:
            angles = angles.unsqueeze(1)  # one sequence's angles serve all of its heads
        return x, Rotation.of(angles, x.dtype)

    def _mask(
        self,
        ids: Int[Tensor, "batch length"],
        cache: KVCache | None,
        real: Bool[Tensor, "batch read"] | None,
    ) -> tuple[Bool[Tensor, "*batch query key"] | None, bool]:
        """Say what each token may see: as a mask, or as 'everything before it', which needs none."""
        length = ids.shape[-1]
        first, before = (0, 0) if cache is None else (cache.first, cache.length)
        end, window = before + length, self.config.sliding_window
        in_sight = window is None or end - first <= window
        if real is None and in_sight and (length == 1 or before == 0):
            return None, length > 1
        queries = torch.arange(before, end, device=ids.device)[:, None]
        keys = torch.arange(first, end, device=ids.device)
        mask = keys <= queries
        if window is not None:
            mask &= keys > queries - window
        if real is not None:
            # Padding sees itself, since a row that sees nothing has no softmax.
            mask = (mask & real[:, None, None, first:]) | (keys == queries)
        return mask, False
