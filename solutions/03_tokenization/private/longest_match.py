"""`tokenization.longest_match`: hidden probes, and right answers written differently."""

from collections.abc import Collection
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import longest_match as public
from autograder.exercises.tokenization._shared import letters

private = Private()


@private.probe
def longer_words(implementation: Any, generator: Generator) -> Any:
    """Longer words of known letters, and one with a letter that is unknown."""
    words = tuple(letters(generator, size, "unablec") for size in range(6, 13))
    unknown = letters(generator, 4, "abl") + "y" + letters(generator, 3, "abl")
    return public.cuts(implementation, (*words, unknown, ""), public.pieces)


@private.probe
def more_that_lead_nowhere(implementation: Any, generator: Generator) -> Any:
    """Words for the vocabulary in which the longest piece can lead nowhere."""
    words = tuple(letters(generator, 1, "ad") + letters(generator, 5, "bcdeé") for _ in range(8))
    return public.cuts(implementation, ("abce", *words), public.greedy_pieces)


@private.variant
def match_recursive(word: str, vocabulary: Collection[str]) -> list[str]:
    """Find the first piece, then the rest."""

    def rest(start: int) -> list[str] | None:
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                following = rest(end)
                return None if following is None else [piece, *following]
        return None

    found = rest(0)
    return ["[UNK]"] if found is None else found


@private.variant
def match_by_shrinking(word: str, vocabulary: Collection[str]) -> list[str]:
    """Shorten what is left from its end until it is known."""
    pieces: list[str] = []
    left = word
    while left:
        piece = left
        while piece not in vocabulary:
            piece = piece[:-1]
            if piece in ("", "##"):
                return ["[UNK]"]
        pieces.append(piece)
        left = left[len(piece) :]
        left = left and "##" + left
    return pieces


@private.variant
def match_among_all(word: str, vocabulary: Collection[str]) -> list[str]:
    """Go through the vocabulary for each place, and take the longest piece that fits there."""
    pieces: list[str] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        fitting = [
            piece
            for piece in vocabulary
            if piece.startswith("##") == bool(start) and word.startswith(piece[len(mark) :], start)
        ]
        if not fitting:
            return ["[UNK]"]
        pieces.append(max(fitting, key=len))
        start += len(pieces[-1]) - len(mark)
    return pieces
