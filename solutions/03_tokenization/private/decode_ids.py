"""`tokenization.decode_ids`: hidden probes, and right answers written differently."""

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
def single_bytes(implementation: Any, generator: Generator) -> Any:
    """Ids of single bytes that spell a text of several scripts, and bytes that spell none."""
    spelled = {byte: bytes([byte]) for byte in range(256)}
    text = drawn(generator, 9, "aé語🦉 ")
    return [
        implementation(list(text.encode()), spelled),
        implementation([0xFF, 0x41, 0xE2, 0x82], spelled),
    ]


@private.variant
def decode_bytearray(ids: Iterable[int], spelled: Mapping[int, bytes]) -> str:
    """Gather bytes one by one."""
    data = bytearray()
    for token in ids:
        data += spelled[token]
    return str(data, "utf-8", "replace")


@private.variant
def decode_by_latin(ids: Iterable[int], spelled: Mapping[int, bytes]) -> str:
    """Make a text of one character a byte on the way."""
    characters = [chr(byte) for token in ids for byte in spelled[token]]
    return "".join(characters).encode("latin-1").decode(errors="replace")
