"""`tokenization.longest_match`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Generator

from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import letters, longest
from llmlab import tokenization

exercise = LAB.exercise(
    "longest_match",
    reference=tokenization.longest_match,
    hints=(
        "At each place, which end do you try first, and how is a piece spelled that does not begin the "
        "word?",
        "From the current start, try the ends from the far one to the near one. The first piece that "
        "is in the vocabulary is taken, and its end is the next start.",
        "Loop over the ends from the length of the word down to the start plus one; write '##' before "
        "the piece unless the start is 0; if it is in the vocabulary, keep it and go on from its end. If "
        "no end works, return a list with '[UNK]' alone.",
    ),
)


_START = ("a", "ab", "able", "b", "c", "e", "l", "u", "un", "una", "unab")


_WITHIN = ("a", "ab", "abl", "able", "b", "bl", "ble", "c", "e", "l", "n", "u", "un", "una")


PIECES = frozenset((*_START, *(f"##{piece}" for piece in _WITHIN), "[UNK]"))


@exercise.probe
def known_pieces(implementation: Any, generator: Generator) -> Any:
    """Words that the vocabulary can spell, some in several ways."""
    words = ("unable", "able", "can", "unablecable", "c", letters(generator, 7, "ablcu"))
    return {f"word {word!r}": list(implementation(word, PIECES)) for word in words}


@exercise.probe
def unknown_letter(implementation: Any, generator: Generator) -> Any:
    """Words with a letter that the vocabulary does not have: at the end, within, and alone."""
    words = ("unabx", "axle", "x", letters(generator, 3, "ab") + "x" + letters(generator, 2, "ab"))
    return {f"word {word!r}": list(implementation(word, PIECES)) for word in words}


def _hashed(word: str) -> Callable[[int, int], str]:
    return lambda start, end: ("##" if start else "") + word[start:end]


@exercise.misconception(
    "Your code looks up pieces within a word without '##'. In this vocabulary 'able' begins a word, and "
    "'##able' goes on with one: they are two tokens. Reread 'The longest piece first'."
)
def without_hashes(word: str, vocabulary: frozenset[str]) -> list[str]:
    return longest(word, lambda s, e: word[s:e] in vocabulary, lambda s, e: word[s:e])


@exercise.misconception(
    "Your code writes '##' before every piece, the first included. Only a piece that goes on with a word has "
    "it. Reread 'The longest piece first'."
)
def hashes_everywhere(word: str, vocabulary: frozenset[str]) -> list[str]:
    def spelled(start: int, end: int) -> str:
        return "##" + word[start:end]

    return longest(word, lambda s, e: spelled(s, e) in vocabulary, spelled)


@exercise.misconception(
    "Your code looks up the right pieces and returns them without '##', so nobody can tell any more where a "
    "word begins. Reread 'The longest piece first'."
)
def hashes_lost(word: str, vocabulary: frozenset[str]) -> list[str]:
    pieces = tokenization.longest_match(word, vocabulary)
    return [piece.removeprefix("##") for piece in pieces]


@exercise.misconception(
    "Your code takes the shortest piece that fits, and so spells words letter by letter. Reread 'The longest "
    "piece first'."
)
def shortest_first(word: str, vocabulary: frozenset[str]) -> list[str]:
    spelled = _hashed(word)
    return longest(word, lambda s, e: spelled(s, e) in vocabulary, spelled, shortest=True)


@exercise.misconception(
    "Your code puts [UNK] where nothing fits and goes on with the rest. In WordPiece a word that cannot be "
    "spelled to its end is unknown as a whole. Reread 'The longest piece first'."
)
def unknown_in_part(word: str, vocabulary: frozenset[str]) -> list[str]:
    spelled = _hashed(word)
    return longest(word, lambda s, e: spelled(s, e) in vocabulary, spelled, go_on=True)


@exercise.misconception(
    "Your code stops where nothing fits and returns the pieces that it has, so a part of the word vanishes. "
    "A word that cannot be spelled to its end is unknown as a whole. Reread 'The longest piece first'."
)
def rest_vanishes(word: str, vocabulary: frozenset[str]) -> list[str]:
    pieces = unknown_in_part(word, vocabulary)
    return pieces[: pieces.index("[UNK]")] if "[UNK]" in pieces else pieces
