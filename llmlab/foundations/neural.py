"""A neural language model of a few letters' context (Bengio et al., 2003).

Each letter has a vector of its own; the vectors of the letters before are put side by side, bent by a hidden
layer, and turned into one score for each letter that may come next. Letters that are used alike get vectors that are
alike, so what is learned about one context helps with others that were never seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.foundations.bigram import BOUNDARY


def context_windows(
    sequences: Iterable[Sequence[int]], length: int
) -> tuple[Int[Tensor, "examples length"], Int[Tensor, "examples"]]:
    """Turn sequences into examples: the tokens before a place, and the token that stands there.

    Every token of a sequence but its first is a target once, so the end is learned too. Where fewer than
    `length` tokens stand before it, the context is filled up on its left with the boundary, id 0. No context
    reaches into another sequence.

    Args:
        sequences: Lists of token ids, each with the boundary at both ends, as `encode` makes them.
        length: How many tokens a context has.

    Returns:
        Contexts, the oldest token first, and targets.

    Raises:
        ConfigurationError: The length is below 1.
    """
    if length < 1:
        raise ConfigurationError(f"A context of {length} tokens tells nothing; give at least 1.")
    contexts: list[Sequence[int]] = []
    targets: list[int] = []
    for sequence in sequences:
        padded = [BOUNDARY] * (length - 1) + list(sequence)
        for place, target in enumerate(sequence[1:]):
            contexts.append(padded[place : place + length])
            targets.append(target)
    return torch.tensor(contexts).reshape(-1, length).long(), torch.tensor(targets).long()


class NeuralLanguageModel(nn.Module):
    """Scores for the next token from the few tokens before it.

    With the vectors `c = [e_1 ... e_n]` of the context put side by side, the scores are
    `output(tanh(hidden(c)))` (Bengio et al., 2003, equation 1, without its direct connections).

    Args:
        vocabulary_size: How many tokens there are.
        context_length: How many tokens the model sees.
        embedding_dim: The length of each token's vector.
        hidden_dim: The width of the hidden layer.
    """

    def __init__(
        self, vocabulary_size: int, context_length: int, embedding_dim: int, hidden_dim: int
    ) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocabulary_size, embedding_dim))
        self.hidden = nn.Linear(context_length * embedding_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, vocabulary_size)

    def forward(self, contexts: Int[Tensor, "*batch length"]) -> Float[Tensor, "*batch vocabulary"]:
        """Give a score for each token that may come next.

        Raises:
            ShapeError: The contexts have another length than the model was made for.
        """
        vectors = self.table[contexts].flatten(-2)
        if vectors.shape[-1] != self.hidden.in_features:
            expected = self.hidden.in_features // self.table.shape[1]
            raise ShapeError(
                f"The contexts have {contexts.shape[-1]} tokens, and this model was made for {expected}; make "
                "the contexts of that length."
            )
        return self.output(torch.tanh(self.hidden(vectors)))
