"""`tokenization.split_utf8`: hidden probes, and right answers written differently."""

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
def edges_of_the_ranges(implementation: Any, generator: Generator) -> Any:
    """The first and last characters of one, two, three and four bytes, in a drawn order."""
    text = drawn(generator, 12, "\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff")
    return [repr(piece) for piece in implementation(text.encode())]


@private.probe
def continuations_alone(implementation: Any, generator: Generator) -> Any:
    """Bytes that only go on with a character, then one that begins."""
    size = int(torch.randint(2, 5, (), generator=generator))
    return [repr(piece) for piece in implementation(b"\xbf" * size + b"A\xc3")]


@private.variant
def utf8_by_pattern(data: bytes) -> list[bytes]:
    """Let a regular expression over bytes find one byte and the continuation bytes behind it."""
    return re.findall(rb"(?s).[\x80-\xbf]*", data)


@private.variant
def utf8_by_starts(data: bytes) -> list[bytes]:
    """Write down where pieces begin, then slice."""
    starts = [i for i, byte in enumerate(data) if i == 0 or byte >> 6 != 0b10]
    return [data[i:j] for i, j in zip(starts, [*starts[1:], None], strict=False)]


@private.variant
def utf8_from_the_end(data: bytes) -> list[bytes]:
    """Collect from the end, and turn the pieces around."""
    pieces, end = [], len(data)
    for i in range(len(data) - 1, -1, -1):
        if not 128 <= data[i] < 192 or i == 0:
            pieces.append(data[i:end])
            end = i
    return pieces[::-1]
