"""Token embeddings: the first step of a language model turns each token id into a vector."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from llmlab.errors import ConfigurationError, OutOfRangeError


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
                f"A table of {vocabulary_size} tokens by {model_dim} numbers is empty; "
                "give a vocabulary_size and a model_dim of at least 1."
            )
        self.weight = nn.Parameter(torch.empty(vocabulary_size, model_dim))
        # GPT-2's standard deviation (Radford et al., 2019): small, so that a new model finds
        # every next token nearly as likely as any other.
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, ids: Int[Tensor, "..."]) -> Float[Tensor, "... model_dim"]:
        """Look up the vector of each id.

        Raises:
            OutOfRangeError: An id lies outside the vocabulary (found here on a CPU; a GPU stops
                with an error of its own, since asking it first would make it wait).
        """
        try:
            # As `embed`, but its gradient is faster, and it does not read -1 as 'the last token'.
            return functional.embedding(ids, self.weight)
        except IndexError as error:
            raise OutOfRangeError(
                f"Token ids from {int(ids.min())} to {int(ids.max())} do not fit a vocabulary of "
                f"{len(self.weight)}, which has the ids 0 to {len(self.weight) - 1}; encode the "
                "text with the tokenizer that this model was made for."
            ) from error
