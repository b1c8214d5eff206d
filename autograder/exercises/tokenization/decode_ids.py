"""`tokenization.decode_ids`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercise import whole
from autograder.exercises.tokenization import LAB
from llmlab import tokenization

exercise = LAB.exercise(
    "decode_ids",
    reference=tokenization.decode_ids,
    hints=(
        "What is one id, on its own: a character, or some bytes?",
        "First put all bytes together, then read them as UTF-8, once.",
        "Join the bytes of all ids, and decode the result as UTF-8 with the "
        "error handler called 'replace'.",
    ),
)


SPELLED = dict(
    enumerate(
        (b"a", b"ca", b"f", b"\xc3", b"\xa9", b" \xe2\x82", b"\xac", b"\xf0\x9f", b"\x98\x80")
    )
)


@exercise.probe
def split_over_tokens(implementation: Any, generator: Generator) -> Any:
    """Characters whose bytes lie in two tokens each."""
    words = ([1, 2, 3, 4], [5, 6], [7, 8])
    order = torch.randperm(3, generator=generator).tolist()
    return implementation([token_id for one in order for token_id in words[one]], SPELLED)


@exercise.probe
def broken(implementation: Any, generator: Generator) -> Any:
    """Ids that break off in the middle of a character, as a model's output can."""
    lone = [3, 4, 6][whole(generator, 0, 2)]
    return implementation([1, 2, lone, 0, 5, 2, 7], SPELLED)


@exercise.probe
def no_ids(implementation: Any, generator: Generator) -> Any:
    """No ids."""
    return implementation([], SPELLED)


@exercise.misconception(
    "Your code decodes token by token. A character whose bytes lie in two tokens breaks: neither half is "
    "text. Reread 'Back to text'."
)
def token_by_token(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(spelled[i].decode("utf-8", "replace") for i in ids)


@exercise.misconception(
    "Your code drops the bytes that are no UTF-8. A reader should see that something was lost; the "
    "replacement character � says so. Reread 'Back to text'."
)
def dropped(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return b"".join(spelled[i] for i in ids).decode("utf-8", "ignore")


@exercise.misconception(
    "Your code makes a character of each byte, as Latin-1 does: 'é' comes out as 'Ã©'. The bytes are UTF-8. "
    "Reread 'Back to text'."
)
def latin(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return b"".join(spelled[i] for i in ids).decode("latin-1")


@exercise.misconception(
    "Your code stops with an error at bytes that are no UTF-8. A model can write any token after any other, so "
    "decoding must take whatever comes. Reread 'Back to text'."
)
def strict(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return b"".join(spelled[i] for i in ids).decode("utf-8")
