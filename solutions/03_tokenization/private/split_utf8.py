"""`tokenization.split_utf8`: hidden probes, and right answers written differently."""

import re
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import split_utf8 as public

private = Private()


@private.probe
def longer_texts(implementation: Any, generator: Generator) -> Any:
    """Characters of one to four bytes, five of each, and the edges of the ranges."""
    return [public.scripts(implementation, generator, 5), public.edges(implementation, generator)]


@private.probe
def broken_texts(implementation: Any, generator: Generator) -> Any:
    """Longer texts that begin and end in the middle of a character."""
    return [public.middle(implementation, generator, 9), public.orphans(implementation, generator)]


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
