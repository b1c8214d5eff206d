"""`tokenization.decode_ids`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches, whole
from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Ways, one_of
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
    matters=(
        "With GPT-2's vocabulary of 50,257 tokens (2019) an emoji is often two or three of them, so a server that "
        "streams "
        "a chat holds bytes back until a character is whole. Read llmlab/tokenization/streaming.py."
    ),
)


def spelled_out() -> dict[int, bytes]:
    """Spell ids of a small vocabulary; a new dictionary each time."""
    pieces = (b"a", b"ca", b"f", b"\xc3", b"\xa9", b" \xe2\x82", b"\xac", b"\xf0\x9f", b"\x98\x80")
    return dict(enumerate((*pieces, b"\xc3\xa8")))


def shuffled(implementation: Any, generator: Generator, times: int) -> Any:
    """Decode words whose characters are split over tokens, in a drawn order; the first begins with a blank."""
    words = ([1, 2, 3, 4], [5, 6], [7, 8])
    order = [1, *(torch.randperm(3 * times, generator=generator) % 3).tolist()]
    return implementation([*(token for one in order for token in words[one]), 9], spelled_out())


def broken_off(implementation: Any, generator: Generator) -> Any:
    """Decode ids that break off in the middle of a character."""
    lone = [3, 4, 6][whole(generator, 0, 2)]
    return implementation([1, 2, lone, 0, 5, 2, 7], spelled_out())


@exercise.probe
def split_over_tokens(implementation: Any, generator: Generator) -> Any:
    """Characters whose bytes lie in two tokens each, and one that is a token."""
    return shuffled(implementation, generator, 1)


@exercise.probe
def broken(implementation: Any, generator: Generator) -> Any:
    """Ids that break off in the middle of a character, as a model's output can."""
    return broken_off(implementation, generator)


@exercise.probe
def single_bytes(implementation: Any, generator: Generator) -> Any:
    """Ids of single bytes, some of which never stand in UTF-8."""
    spelled = {byte: bytes([byte]) for byte in range(256)}
    letter = whole(generator, 65, 90)
    return implementation([0xFF, 0xFE, letter, 0xE2, 0x82, 0x20], spelled)


@exercise.probe
def no_ids(implementation: Any, generator: Generator) -> Any:
    """No ids."""
    return implementation([], spelled_out())


_AGAIN = "Reread 'Back to text'."
_LATIN = (
    "Your code makes a character of each byte, as Latin-1 does: 'é' comes out as 'Ã©'. The bytes are UTF-8. "
    f"{_AGAIN}"
)
_STRICT = (
    "Your code stops with an error at bytes that are no UTF-8. A model can write any token after any other, so "
    f"decoding must take whatever comes. {_AGAIN}"
)


@exercise.faults(
    dropped="Your code drops the bytes that are no UTF-8. A reader should see that something was lost; the replacement "
    f"character � says so. {_AGAIN}",
    strict=_STRICT,
    backslashes="Your code writes bytes that are no UTF-8 as \\x and their number. The replacement character � is "
    "asked "
    f"for. {_AGAIN}",
    surrogates="Your code keeps bytes that are no UTF-8 as surrogates, which no file and no screen can hold. The "
    f"replacement character � is asked for. {_AGAIN}",
    question_marks="Your code writes ? for bytes that are no UTF-8. The replacement character � is asked for. "
    f"{_AGAIN}",
    collapsed="Your code writes one � where several broken places follow each other. Each of them gets its own. "
    f"{_AGAIN}",
    utf_16="Your code reads the bytes as UTF-16, in which two bytes are a character. They are UTF-8. "
    f"{_AGAIN}",
    latin=_LATIN,
    windows="Your code reads the bytes as Windows's character set, in which each byte is a character: 'é' comes out as "
    f"'Ã©'. The bytes are UTF-8. {_AGAIN}",
    ascii_replaced="Your code reads the bytes as ASCII, so every byte of 128 and more becomes �, also those of whole "
    f"characters. The bytes are UTF-8. {_AGAIN}",
    ascii_strict="Your code reads the bytes as ASCII, and fails at the first of 128 and more. They are UTF-8. "
    f"{_AGAIN}",
    ascii_dropped=f"Your code reads the bytes as ASCII and drops all others. They are UTF-8. {_AGAIN}",
    whole_replaced="Where some bytes are no UTF-8, your code gives up the whole text for one �. Only what is broken is "
    f"to be replaced. {_AGAIN}",
    whole_lost="Where some bytes are no UTF-8, your code returns an empty text. Only what is broken is to be replaced. "
    f"{_AGAIN}",
    latin_if_broken="Where some bytes are no UTF-8, your code reads all of them as Latin-1. Only what is broken is to "
    "be "
    f"replaced. {_AGAIN}",
    blanks_between="Your code puts blanks between the tokens. A token brings its own blank, and bytes of one character "
    f"must stay together. {_AGAIN}",
    stripped="Your code takes blanks away at the edges of the text. They belong to it: decoding must give back what "
    "was "
    f"encoded. {_AGAIN}",
    reversed_order=f"Your code puts the tokens together from the last to the first. {_AGAIN}",
    first_lost=f"Your code loses the first token. {_AGAIN}",
    last_lost=f"Your code loses the last token. {_AGAIN}",
    each_once=f"Your code writes each token once, however often its id comes. {_AGAIN}",
    bytes_given=f"Your code returns bytes. Text is asked for, of type str. {_AGAIN}",
    printed="Your code returns the text that Python prints for bytes, b'...'. Bytes become text by decoding. "
    f"{_AGAIN}",
    listed=f"Your code returns the characters in a list. One text is asked for. {_AGAIN}",
    ids_as_bytes="Your code takes the ids for bytes. What an id stands for is in `spelled`. "
    f"{_AGAIN}",
    ids_printed=f"Your code writes the ids as text. What an id stands for is in `spelled`. {_AGAIN}",
    fails_for_none=f"Your code fails for no ids. Their text is empty. {_AGAIN}",
)
def joined(on: Switches) -> Any:
    """Join the bytes, then decode them."""

    def text_of(data: bytes) -> Any:
        ways: Ways = {
            "dropped": lambda: data.decode(errors="ignore"),
            "strict": lambda: data.decode(),
            "backslashes": lambda: data.decode(errors="backslashreplace"),
            "surrogates": lambda: data.decode(errors="surrogateescape"),
            "question_marks": lambda: data.decode(errors="replace").replace("\ufffd", "?"),
            "collapsed": lambda: re.sub("\ufffd+", "\ufffd", data.decode(errors="replace")),
            "utf_16": lambda: data.decode("utf-16", "replace"),
            "latin": lambda: data.decode("latin-1"),
            "windows": lambda: data.decode("cp1252", "replace"),
            "ascii_replaced": lambda: data.decode("ascii", "replace"),
            "ascii_strict": lambda: data.decode("ascii"),
            "ascii_dropped": lambda: data.decode("ascii", "ignore"),
            "whole_replaced": lambda: _unless_broken(data, "\ufffd"),
            "whole_lost": lambda: _unless_broken(data, ""),
            "latin_if_broken": lambda: _unless_broken(data, data.decode("latin-1")),
            "bytes_given": lambda: data,
            "printed": lambda: str(data),
        }
        return one_of(on, ways, data.decode(errors="replace"))

    def decode_ids(ids: Sequence[int], spelled: Mapping[int, bytes]) -> Any:
        if on("ids_printed"):
            return " ".join(map(str, ids))
        kept = list(dict.fromkeys(ids)) if on("each_once") else list(ids)
        kept = kept[on("first_lost") : len(kept) - on("last_lost")]
        pieces = [spelled[token] for token in (kept[::-1] if on("reversed_order") else kept)]
        if on("fails_for_none"):
            return text_of(reduce(lambda left, right: left + right, pieces))
        if on("ids_as_bytes"):
            return text_of(bytes(ids))
        text = text_of((b" " if on("blanks_between") else b"").join(pieces))
        if on("listed"):
            return list(text)
        return text.strip() if on("stripped") else text

    return decode_ids


def _unless_broken(data: bytes, otherwise: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return otherwise


_TOKENS = (
    "Your code decodes token by token. A character whose bytes lie in two tokens breaks: neither half is text. "
    f"{_AGAIN}"
)


@exercise.misconception(_TOKENS)
def token_by_token(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(spelled[token].decode("utf-8", "replace") for token in ids)


@exercise.misconception(_TOKENS)
def token_by_token_ignoring(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(spelled[token].decode("utf-8", "ignore") for token in ids)


@exercise.misconception(_TOKENS)
def token_by_token_strictly(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(spelled[token].decode() for token in ids)


@exercise.misconception(_TOKENS)
def one_sign_for_each_broken_token(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(_unless_broken(spelled[token], "\ufffd") for token in ids)


@exercise.misconception(
    f"Your code returns the texts that Python prints for bytes, b'...'. Bytes become text by decoding. {_AGAIN}"
)
def each_printed(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(str(spelled[token]) for token in ids)


@exercise.misconception(_TOKENS)
def tokens_in_a_list(ids: Sequence[int], spelled: Mapping[int, bytes]) -> list[str]:
    return [spelled[token].decode("utf-8", "replace") for token in ids]


@exercise.misconception(
    "Your code takes the ids for code points of characters. What an id stands for is in `spelled`. "
    f"{_AGAIN}"
)
def code_points(ids: Sequence[int], spelled: Mapping[int, bytes]) -> str:
    return "".join(map(chr, ids))
