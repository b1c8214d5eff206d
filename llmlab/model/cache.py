"""The KV cache: keys and values of the tokens so far, so that each is computed once.

Without it, writing the next token costs as much as reading the whole text again. Memory is taken
once, in one piece; of grouped-query attention only the shared heads are kept (Ainslie et al.,
2023). With a sliding window (Mistral; Jiang et al., 2023) the cache holds twice the window: when it
is full, the newest window moves to the front, so that moving costs little and what is kept stays in
one piece.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from llmlab.errors import OutOfRangeError
from llmlab.model.config import TransformerConfig


class KVCache:
    """The keys and values of all layers for a batch of sequences; for writing, not for training.

    Args:
        config: The model's configuration.
        batch_size: How many sequences are written at once.
        capacity: How many tokens each may have in the end, the prompt included. A sliding window
            needs no more than twice its size, however long the sequences become.
        dtype: Of the model's numbers.
        device: Where the model is.

    Attributes:
        first: The position of the oldest token that is kept.
        stored: How many tokens are kept.
    """

    def __init__(
        self,
        config: TransformerConfig,
        batch_size: int,
        capacity: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.window = config.sliding_window
        if self.window is not None:
            capacity = min(capacity, 2 * self.window)
        shape = (config.num_layers, 2, batch_size, config.kv_heads, capacity, config.head_dim)
        self.memory = torch.zeros(shape, dtype=dtype, device=device)
        self.capacity, self.first, self.stored = capacity, 0, 0
        self.layers = [LayerCache(self, layer) for layer in range(config.num_layers)]

    @property
    def length(self) -> int:
        """How many tokens were read so far, kept or not."""
        return self.first + self.stored

    @property
    def bytes(self) -> int:
        """The memory that the cache takes."""
        return self.memory.nbytes

    def make_room(self, count: int) -> None:
        """Make sure that `count` more tokens fit, by forgetting those outside the window.

        Raises:
            OutOfRangeError: They do not fit.
        """
        if self.stored + count <= self.capacity:
            return
        if self.window is not None:
            kept = min(self.stored, self.window - 1)
            if kept + count <= self.capacity:
                begin = self.stored - kept
                newest = self.memory[..., begin : self.stored, :].clone()
                self.memory[..., :kept, :] = newest
                self.first, self.stored = self.first + begin, kept
                return
        raise OutOfRangeError(
            f"{count} more tokens do not fit into a cache of {self.capacity} that holds {self.stored}; "
            "make it with a larger capacity, or read the prompt in smaller parts."
        )

    def reaches(self, length: int) -> bool:
        """Say whether the sequences can be written anew after their first `length` tokens."""
        needed = 0 if self.window is None else max(0, length - self.window + 1)
        return self.first <= needed and length <= self.length

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens.

        Raises:
            OutOfRangeError: There are not so many, or the window has moved past those that the next one would see.
        """
        if not self.reaches(length):
            raise OutOfRangeError(
                f"The cache holds the tokens {self.first} to {self.length}, and cannot go back to {length}; read the "
                "sequence again from its beginning."
            )
        self.stored = length - self.first

    def enlarge(self, capacity: int) -> None:
        """Take the memory for longer sequences, and keep what is there."""
        if self.window is not None:
            capacity = min(capacity, 2 * self.window)
        if capacity > self.capacity:
            *shape, _, head_dim = self.memory.shape
            larger = self.memory.new_zeros(*shape, capacity, head_dim)
            larger[..., : self.stored, :] = self.memory[..., : self.stored, :]
            self.memory, self.capacity = larger, capacity
            self.layers = [LayerCache(self, layer) for layer in range(len(self.layers))]

    def advance(self, count: int) -> None:
        """Count the tokens that every layer has added."""
        self.stored += count


class LayerCache:
    """One layer's part of a `KVCache`."""

    def __init__(self, cache: KVCache, layer: int) -> None:
        self.cache = cache
        self.keys, self.values = cache.memory[layer]

    def append(
        self,
        key: Float[Tensor, "batch kv_head new head_dim"],
        value: Float[Tensor, "batch kv_head new head_dim"],
    ) -> tuple[
        Float[Tensor, "batch kv_head kept head_dim"], Float[Tensor, "batch kv_head kept head_dim"]
    ]:
        """Add the keys and values of new tokens, and give those of all tokens that are kept."""
        begin = self.cache.stored
        end = begin + key.shape[-2]
        self.keys[..., begin:end, :] = key
        self.values[..., begin:end, :] = value
        return self.keys[..., :end, :], self.values[..., :end, :]
