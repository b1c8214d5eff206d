"""`tokenization.split_utf8`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Generator

from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import letters
from llmlab import tokenization

exercise = LAB.exercise(
    "split_utf8",
    reference=tokenization.split_utf8,
    hints=(
        "Look at the table of patterns: by which bits do you know a byte that begins no character?",
        "Go through the bytes. Each one either begins a new piece or belongs to the piece before it.",
        "A byte from 128 to 191 is a continuation byte: add it to the last piece if there is one. "
        "Any other byte, and the very first, begins a piece of its own.",
    ),
)


def _written(pieces: Iterable[Any]) -> list[str]:
    """Write pieces as Python does, so that the kinds can be told apart: b'e', 'e'."""
    return [repr(piece) for piece in pieces]


@exercise.probe
def mixed_scripts(implementation: Any, generator: Generator) -> Any:
    """Characters of one to four bytes, several of each in a row."""
    groups = ("aZ ", "éßñ", "€語ก", "😀🦉")
    text = "".join(letters(generator, 3, group) for group in groups)
    return _written(implementation(text.encode()))


@exercise.probe
def cut_in_the_middle(implementation: Any, generator: Generator) -> Any:
    """Bytes that begin and end in the middle of a character."""
    middle = letters(generator, 4, "aé€")
    return _written(implementation(f"😀{middle}語".encode()[2:-1]))


@exercise.probe
def no_bytes(implementation: Any, generator: Generator) -> Any:
    """No bytes at all, and a single letter."""
    return [_written(implementation(b"")), _written(implementation(b"x"))]


def _cut_before(data: bytes, begins: Callable[[int, int], bool]) -> list[bytes]:
    """Cut before each byte that begins a piece; the rule sees the byte and the one before it."""
    starts = [i for i in range(len(data)) if i == 0 or begins(data[i - 1], data[i])]
    return [data[i:j] for i, j in zip(starts, [*starts[1:], len(data)], strict=True)]


@exercise.misconception(
    "Your code makes a piece of each byte. Beyond ASCII a character has two to four bytes, and only "
    "together do they mean something. Reread 'Numbers become bytes'."
)
def each_byte(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


@exercise.misconception(
    "Your code decodes the bytes first, and that fails when they begin or end in the middle of a character. "
    "Where to cut can be seen in the bits, without decoding. Reread 'Numbers become bytes'."
)
def decoded(data: bytes) -> list[bytes]:
    return [character.encode() for character in data.decode()]


@exercise.misconception(
    "Your code puts neighboring bytes of 128 and more into one piece, so two characters in a row that "
    "are not ASCII become one. The first byte of a character looks different from those that "
    "follow. Reread 'Numbers become bytes'."
)
def runs_beyond_ascii(data: bytes) -> list[bytes]:
    return _cut_before(data, lambda before, byte: byte < 128 or before < 128)


@exercise.misconception(
    "Your code takes two bytes for every character beyond ASCII. Many have three, and emoji have "
    "four: the first byte says how many. Reread 'Numbers become bytes'."
)
def two_bytes_each(data: bytes) -> list[bytes]:
    pieces, place = [], 0
    while place < len(data):
        size = 1 if data[place] < 128 else 2
        pieces.append(data[place : place + size])
        place += size
    return pieces


@exercise.misconception(
    "Your code loses the continuation bytes that have no first byte before them. A text can be cut in "
    "the middle of a character, and joining the pieces must give back every byte. Reread 'Numbers "
    "become bytes'."
)
def orphans_lost(data: bytes) -> list[bytes]:
    pieces = tokenization.split_utf8(data)
    return [piece for piece in pieces if piece[0] & 0xC0 != 0x80]
