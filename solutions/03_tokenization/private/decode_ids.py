"""`tokenization.decode_ids`: hidden probes, and right answers written differently."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.tokenization import decode_ids as public
from autograder.exercises.tokenization._shared import letters

private = Private()


@private.probe
def more_tokens(implementation: Any, generator: Generator) -> Any:
    """Longer rows of ids, and another that breaks off."""
    whole = public.shuffled(implementation, generator, 4)
    return [whole, public.broken_off(implementation, generator)]


@private.probe
def bytes_of_many_scripts(implementation: Any, generator: Generator) -> Any:
    """Ids of single bytes that spell a text of several scripts, and bytes that spell none."""
    text = letters(generator, 9, "aé語🦉 ")
    spelled = [{byte: bytes([byte]) for byte in range(256)} for _ in range(2)]
    return [
        implementation(list(text.encode()), spelled[0]),
        implementation([0xC0, 0x41, 0xE2, 0x82], spelled[1]),
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
