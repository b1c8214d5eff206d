"""Token embeddings: the first step of a language model turns each token id into a vector."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmlab.errors import ConfigurationError


def embed(
    table: Float[Tensor, "vocabulary model_dim"], ids: Int[Tensor, "..."]
) -> Float[Tensor, "... model_dim"]:
    """Look up the row of each id in a table of vectors."""
    return table[ids]


class TokenEmbedding(nn.Module):
    """A table with one learned vector a token (Bengio et al., 2003).

    Args:
        vocabulary_size: How many different tokens there are.
        model_dim: The length of each vector.

    Raises:
        ConfigurationError: A size is not positive.
    """

    def __init__(self, vocabulary_size: int, model_dim: int) -> None:
        super().__init__()
        if vocabulary_size < 1 or model_dim < 1:
            raise ConfigurationError(
                f"An embedding of {vocabulary_size} tokens by {model_dim} is empty; use sizes of at least 1."
            )
        self.weight = nn.Parameter(torch.empty(vocabulary_size, model_dim))
        # GPT-2's standard deviation (Radford et al., 2019): small, so that early logits are near even.
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, ids: Int[Tensor, "..."]) -> Float[Tensor, "... model_dim"]:
        """Look up the vector of each id.

        Raises:
            IndexError: An id lies outside the vocabulary.
        """
        size = len(self.weight)
        if ids.numel() and not 0 <= int(ids.min()) <= int(ids.max()) < size:
            raise IndexError(
                f"Token ids from {int(ids.min())} to {int(ids.max())} do not fit a vocabulary of {size}; "
                "encode the text with the tokenizer that this model was made for."
            )
        return embed(self.weight, ids)
