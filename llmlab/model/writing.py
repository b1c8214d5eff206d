"""Writing one token after the other, in its plainest form: one text, and no cache.

`llmlab.model.stream` does the same for many texts at once, and computes each key and value once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from llmlab.errors import ShapeError


def write_on(
    model: Callable[[Int[Tensor, "1 length"]], Float[Tensor, "1 length vocabulary"]],
    prompt: Sequence[int],
    max_new_tokens: int,
    choose: Callable[[Float[Tensor, "vocabulary"]], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Write on from a prompt, and give each token as soon as it is chosen.

    Args:
        model: Gives the logits of the token that follows each token.
        prompt: Token ids to begin with, at least one.
        max_new_tokens: When to stop at the latest.
        choose: Chooses a token by the logits of the next one.
        stop: Tokens that end the text; they are not given.

    Yields:
        The new tokens.

    Raises:
        ShapeError: The prompt is empty.
    """
    ids = list(prompt)
    if not ids:
        raise ShapeError("The prompt is empty; give at least one token to begin with.")
    for _ in range(max_new_tokens):
        logits = model(torch.tensor([ids]))
        token = int(choose(logits[0, -1]))
        if token in stop:
            return
        yield token
        ids.append(token)
