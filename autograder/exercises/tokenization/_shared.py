"""What several exercises of lab 03 draw their inputs and faults from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Generator

from autograder.exercise import whole

Pair = tuple[int, int]


Words = Mapping[tuple[int, ...], int]


def letters(generator: Generator, length: int, alphabet: str = "abc") -> str:
    """Draw a word of few different letters, so that pairs come back."""
    return "".join(alphabet[whole(generator, 0, len(alphabet) - 1)] for _ in range(length))


def ids_of(word: str) -> tuple[int, ...]:
    """Cut a word into its bytes, whose ids are the bytes themselves."""
    return tuple(word.encode())


def longest(
    word: str,
    known: Callable[[int, int], bool],
    spelled: Callable[[int, int], str],
    shortest: bool = False,
    go_on: bool = False,
) -> list[str]:
    pieces, start = [], 0
    while start < len(word):
        ends = list(range(len(word), start, -1))
        end = next((e for e in (ends[::-1] if shortest else ends) if known(start, e)), None)
        if end is None and not go_on:
            return ["[UNK]"]
        pieces.append("[UNK]" if end is None else spelled(start, end))
        start = start + 1 if end is None else end
    return pieces
