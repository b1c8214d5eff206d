"""What a language model is trained to do: at every place of a text, guess the token that comes next."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from llmlab.errors import ShapeError


def inputs_and_targets(
    ids: Int[Tensor, "batch length_and_one"],
) -> tuple[Int[Tensor, "batch length"], Int[Tensor, "batch length"]]:
    """Make of each sequence what the model reads, and what it should guess at each place.

    For `[[5, 6, 7]]` the inputs are `[[5, 6]]` and the targets `[[6, 7]]`.

    Raises:
        ShapeError: A sequence has fewer than two tokens, so no token follows another.
    """
    if ids.shape[-1] < 2:
        raise ShapeError(
            f"A sequence of {ids.shape[-1]} tokens has none that follows another; give at least 2."
        )
    return ids[:, :-1], ids[:, 1:]


def next_token_loss(
    logits: Float[Tensor, "batch length vocabulary"], targets: Int[Tensor, "batch length"]
) -> Float[Tensor, ""]:
    """Average the surprise over all places: `mean(-log softmax(logits)[target])`, in nats.

    A model that finds all tokens equally likely has the logarithm of the size of the vocabulary.
    """
    return functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())
