"""`tokenization.longest_match`: hidden probes, and right answers written differently."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Private

private = Private()


def drawn(generator: Generator, length: int, alphabet: str) -> str:
    """Draw a word from an alphabet."""
    places = torch.randint(0, len(alphabet), (length,), generator=generator)
    return "".join(alphabet[int(place)] for place in places)


@private.probe
def lists_and_edges(implementation: Any, generator: Generator) -> Any:
    """A vocabulary as a list, an empty word, and a word whose longest start leads nowhere."""
    vocabulary = ["a", "ab", "abc", "##c", "##d", "##cd", "é", "##é"]
    word = drawn(generator, 1, "aé") + drawn(generator, 4, "cdé")
    words = ("", "abcd", "abce", "éé", word)
    return [list(implementation(one, vocabulary)) for one in words]


@private.variant
def match_recursive(word: str, vocabulary: Collection[str]) -> list[str]:
    """Find the first piece, then the rest."""

    def rest(start: int) -> list[str] | None:
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = word[start:end] if start == 0 else f"##{word[start:end]}"
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
