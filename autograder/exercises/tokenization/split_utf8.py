"""`tokenization.split_utf8`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Ways, letters, one_of
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
    matters=(
        "Llama 3 (2024) and GPT-4o (2024) cut bytes, so a streamed answer can end inside a character, and whoever "
        "shows it has to find where. Read llmlab/tokenization/utf8.py."
    ),
)


def written(result: Any) -> Any:
    """Write pieces as Python does, so that the kinds can be told apart: b'e', 'e'; leave what is no list."""
    return [repr(piece) for piece in result] if isinstance(result, (list, tuple)) else result


def scripts(implementation: Any, generator: Generator, each: int) -> Any:
    """Cut characters of one to four bytes, so many of each size in a row."""
    text = "Z \n" + "".join(
        letters(generator, each, group) for group in ("az", "éßñ", "€語ก", "😀🦉")
    )
    return written(implementation(text.encode()))


def edges(implementation: Any, generator: Generator) -> Any:
    """Cut the first and the last character of each size, in a drawn order, after a letter."""
    characters = "\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff"
    order = torch.randperm(8, generator=generator).tolist()
    return written(implementation(("A" + "".join(characters[i] for i in order)).encode()))


def middle(implementation: Any, generator: Generator, size: int) -> Any:
    """Cut bytes that begin and end in the middle of a character."""
    return written(
        implementation(f"😀{letters(generator, size, 'aé€')}語".encode()[2 - size % 2 : -1])
    )


def orphans(implementation: Any, generator: Generator) -> Any:
    """Cut the end of a character, a letter, and the first byte of another; the end has one byte, then three."""
    letter = bytes([whole(generator, 65, 90)])
    return [written(implementation(b"\xbf" * size + letter + b"\xc3")) for size in (1, 3)]


@exercise.probe
def mixed_scripts(implementation: Any, generator: Generator) -> Any:
    """Characters of one to four bytes, two of each in a row."""
    return scripts(implementation, generator, 2)


@exercise.probe
def cut_in_the_middle(implementation: Any, generator: Generator) -> Any:
    """Bytes that begin and end in the middle of a character."""
    return middle(implementation, generator, 4)


@exercise.probe
def continuations_first(implementation: Any, generator: Generator) -> Any:
    """The last byte of a character, or its last three, then a letter and the first byte of another character."""
    return orphans(implementation, generator)


@exercise.probe
def edges_of_the_ranges(implementation: Any, generator: Generator) -> Any:
    """A, then the first and the last character of one, two, three and four bytes, in a drawn order."""
    return edges(implementation, generator)


@exercise.probe
def no_bytes(implementation: Any, generator: Generator) -> Any:
    """No bytes at all, and a single letter."""
    return [written(implementation(b"")), written(implementation(b"x"))]


_CONTINUATIONS = bytes(range(128, 192))
_AGAIN = "Reread 'Numbers become bytes'."
_ZEROS = (
    "Your pieces are made of zero bytes. `bytes(65)` is 65 zeros; to turn one number into a byte, give `bytes` a "
    f"list with the number. {_AGAIN}"
)
_EDGES = (
    "Your code takes too few bytes for a character whose first byte is 224 or 240, where the ranges of three and of "
    f"four bytes begin. {_AGAIN}"
)


@exercise.faults(
    each_byte="Your code makes a piece of each byte. Beyond ASCII a character has two to four bytes, and only "
    f"together do they mean something. {_AGAIN}",
    runs="Your code puts neighboring bytes of 128 and more into one piece, so two characters in a row that are not "
    f"ASCII become one. The first byte of a character looks different from those that follow. {_AGAIN}",
    from_128="Your code takes every byte of 128 and more for a continuation byte. The first byte of a character "
    f"beyond ASCII is such a byte too, and its pattern is another. {_AGAIN}",
    below_192="Your code begins a piece only at a byte of 192 and more, so ASCII letters hang on the character before "
    f"them. A byte below 128 is a whole character. {_AGAIN}",
    inverted="Your code cuts before continuation bytes, and not before the others: the condition is the wrong way "
    f"round. {_AGAIN}",
    after="Your code cuts after each continuation byte, not before the byte that begins a character: characters of "
    f"three and four bytes fall apart. {_AGAIN}",
    bare_bits="Your code takes some ASCII letters, such as Z, for continuation bytes. Looks at bits have to count all "
    f"eight of a byte: Z is 01011010, and `bin` leaves the zero in front away. {_AGAIN}",
    one_bit="Your code takes the blank and other characters below 64 for continuation bytes. It takes two bits to tell "
    f"a continuation byte, the highest and the one after it. {_AGAIN}",
    first_left_out="Your code takes 128 for a byte that begins a character. It is 10000000, which has the pattern of a "
    f"continuation byte. {_AGAIN}",
    last_left_out="Your code takes 191 for a byte that begins a character. It is 10111111, which has the pattern of a "
    f"continuation byte. {_AGAIN}",
    no_first="Your code adds a continuation byte to the piece before it, and fails where there is none: the data may "
    f"begin in the middle of a character. {_AGAIN}",
    orphans_lost="Your code loses the continuation bytes that have no first byte before them. A text can be cut in the "
    f"middle of a character, and joining the pieces must give back every byte. {_AGAIN}",
    orphans_apart="Your code makes a piece of each continuation byte at the beginning. The part of a character that is "
    f"there is one piece. {_AGAIN}",
    orphans_joined="Your code puts the continuation bytes at the beginning into one piece with the character after "
    f"them. They end a character of which the beginning is missing. {_AGAIN}",
    continuations_lost="Your code keeps the first byte of each character and loses those that go on with it. Joined, "
    f"the pieces must be the data. {_AGAIN}",
    last_lost="Your code loses the last piece. No other character begins after it, and it counts all the same. "
    f"{_AGAIN}",
    first_lost=f"Your code loses the first piece. It begins with the data, whatever its first byte is. {_AGAIN}",
    empty_first="Your list has an empty piece at the front. When the first character begins there is no piece before "
    f"it that would be finished. {_AGAIN}",
    empty_for_nothing="For no bytes your code gives one empty piece. Without bytes there is no character, and so no "
    f"piece. {_AGAIN}",
    zeros=_ZEROS,
    zeros_behind=_ZEROS,
    numbers=f"Your pieces are lists of numbers. They should be of type bytes, such as b'A'. {_AGAIN}",
    bare_numbers=f"Your code gives the bytes as numbers, one by one. Pieces of type bytes are asked for. {_AGAIN}",
    mutable="Your pieces are of type bytearray. They should be of type bytes, which does not change and can be a key "
    f"of a dictionary. {_AGAIN}",
    as_text="Your pieces are text. They should stay bytes: a part of a character cannot be written as text. "
    f"{_AGAIN}",
    latin=f"Your code makes text of the pieces, a character for each byte. They should stay bytes. {_AGAIN}",
    reversed_order="Your pieces come from the last to the first. They are asked for in the order of the data. "
    f"{_AGAIN}",
    backwards="Your pieces are in order, but the bytes within each stand in reverse, so joined they are not the data. "
    f"{_AGAIN}",
    as_set="Your code returns a set. A set keeps no order, and holds a character that comes twice only once. A list is "
    f"asked for. {_AGAIN}",
    generator=f"Your code returns a generator. A list is asked for. {_AGAIN}",
    first_only="Your code returns after the first byte, and for no bytes it returns nothing. Is the `return` inside "
    "the "
    f"loop? {_AGAIN}",
)
def cutting(on: Switches) -> Any:
    """Gather the pieces byte by byte."""

    def split_utf8(data: bytes) -> Any:
        if on("bare_numbers"):
            return list(data)
        if on("first_only"):
            return [data[:1]] if data else None
        pieces = [_one(on, piece) for piece in _kept(on, data, _gathered(on, data))]
        if on("as_set"):
            return set(pieces)
        return (piece for piece in pieces) if on("generator") else pieces

    return split_utf8


def _continues(on: Switches, before: int, byte: int) -> bool:
    """Say whether a byte goes on with a character."""
    ways: Ways = {
        "each_byte": lambda: False,
        "runs": lambda: byte >= 128 and before >= 128,
        "from_128": lambda: byte >= 128,
        "below_192": lambda: byte < 192,
        "inverted": lambda: not 128 <= byte < 192,
        "after": lambda: not 128 <= before < 192,
        "bare_bits": lambda: bin(byte).startswith("0b10"),
        "one_bit": lambda: not byte & 0x40,
        "first_left_out": lambda: 128 < byte < 192,
        "last_left_out": lambda: 128 <= byte < 191,
    }
    return bool(one_of(on, ways, 128 <= byte < 192))


def _gathered(on: Switches, data: bytes) -> list[bytes]:
    """Gather the bytes of each piece."""
    pieces: list[bytes] = []
    for i, byte in enumerate(data):
        goes_on = _continues(on, data[i - 1] if i else 0, byte)
        if goes_on and on("orphans_apart") and not data[: i + 1].strip(_CONTINUATIONS):
            goes_on = False
        if goes_on and (pieces or on("no_first")):
            pieces[-1] += b"" if on("continuations_lost") else bytes([byte])
        elif not goes_on or not on("orphans_lost"):
            pieces.append(bytes([byte]))
    if on("orphans_joined") and data and data[0] in _CONTINUATIONS:
        pieces[:2] = [b"".join(pieces[:2])]
    return pieces


def _kept(on: Switches, data: bytes, pieces: list[bytes]) -> list[bytes]:
    """Leave pieces out, or add one."""
    if on("last_lost"):
        return pieces[:-1]
    if on("first_lost"):
        return pieces[1:]
    if (on("empty_first") and not (data and data[0] in _CONTINUATIONS)) or (
        on("empty_for_nothing") and not data
    ):
        return [b"", *pieces]
    return pieces[::-1] if on("reversed_order") else pieces


def _one(on: Switches, piece: bytes) -> Any:
    """Make one piece what it is returned as."""
    ways: Ways = {
        "zeros": lambda: b"".join(map(bytes, piece)),
        "zeros_behind": lambda: piece[:1] + b"".join(map(bytes, piece[1:])),
        "numbers": lambda: list(piece),
        "mutable": lambda: bytearray(piece),
        "as_text": lambda: piece.decode(errors="replace"),
        "latin": lambda: piece.decode("latin-1"),
        "backwards": lambda: piece[::-1],
    }
    return one_of(on, ways, piece)


@exercise.faults(
    two_each="Your code takes two bytes for every character beyond ASCII. Many have three, and emoji have four: the "
    f"first byte says how many. {_AGAIN}",
    four_as_three="Your code takes three bytes for a character of four, so the fourth stands alone. The first byte "
    f"tells a character of four from one of three. {_AGAIN}",
    orphans_as_two="Your code takes a continuation byte at the beginning for the first of two bytes. It ends a "
    "character "
    f"of which the beginning is missing, and may stand alone. {_AGAIN}",
    late_at_224=_EDGES,
    late_at_240=_EDGES,
    late_at_both=_EDGES,
    tail_lost="Your code loses the beginning of a character at the end of the data. The part that is there is a "
    f"piece of its own. {_AGAIN}",
)
def by_first_byte(on: Switches) -> Any:
    """Take as many bytes as the first one of a character announces."""

    def size(byte: int) -> int:
        if byte < 192:
            return 2 if byte >= 128 and on("orphans_as_two") else 1
        three = 224 + (on("late_at_224") or on("late_at_both"))
        four = 240 + (on("late_at_240") or on("late_at_both"))
        most = 2 if on("two_each") else 3 if on("four_as_three") else 4
        return min(most, 2 + (byte >= three) + (byte >= four))

    def split_utf8(data: bytes) -> list[bytes]:
        place = 0 if on("orphans_as_two") else len(data) - len(data.lstrip(_CONTINUATIONS))
        pieces = [data[:place]] if place else []
        while place < len(data):
            end = place + size(data[place])
            if end <= len(data) or not on("tail_lost"):
                pieces.append(data[place:end])
            place = end
        return pieces

    return split_utf8


@exercise.misconception(
    "Your code decodes the bytes first, and that fails when they begin or end in the middle of a character. Where to "
    f"cut can be seen in the bits, without decoding. {_AGAIN}"
)
def decoded(data: bytes) -> Any:
    return [character.encode() for character in data.decode()]


@exercise.misconception(
    "Your code decodes the bytes and returns text. The pieces should be bytes, and decoding fails where the data "
    "begins "
    f"or ends in the middle of a character. {_AGAIN}"
)
def decoded_text(data: bytes) -> Any:
    return list(data.decode())


@exercise.misconception(
    "Your code decodes, and parts of characters become the replacement character, whose three bytes were never in the "
    f"data. Joined, the pieces must be the data. {_AGAIN}"
)
def decoded_replaced(data: bytes) -> Any:
    return [character.encode() for character in data.decode(errors="replace")]


@exercise.misconception(
    "Your code makes a piece of each byte of a character that is cut off. The part that is there is one piece. "
    f"{_AGAIN}"
)
def decoded_escaping(data: bytes) -> Any:
    text = data.decode(errors="surrogateescape")
    return [character.encode(errors="surrogateescape") for character in text]


@exercise.misconception(
    "Your code loses line ends. In a regular expression the dot stands for every byte but that of a line end. "
    f"{_AGAIN}"
)
def line_ends_lost(data: bytes) -> Any:
    return re.findall(rb".[\x80-\xbf]*", data)


@exercise.misconception(
    "Your code decodes, and parts of characters at the beginning and at the end vanish. Joined, the pieces must be the "
    f"data. {_AGAIN}"
)
def decoded_ignored(data: bytes) -> Any:
    return [character.encode() for character in data.decode(errors="ignore")]


@exercise.misconception(
    f"Your code does not cut: all of the data is one piece. Each character is asked for by itself. {_AGAIN}"
)
def not_cut(data: bytes) -> Any:
    return [data]
