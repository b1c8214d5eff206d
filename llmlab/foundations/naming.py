"""Names of our own making, for the first language models of the course to learn from.

A grammar draws them, letter by letter, from three invented tongues. Each tongue has its own sounds to
begin a syllable, its own vowels and its own endings, so what comes next depends on more than the
letter before: on the tongue, which only the letters further back betray. A model that sees one
letter of context cannot learn that, and one that sees more can.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from llmlab.errors import ConfigurationError, OutOfRangeError

# The point stands at both ends of each name; its id is 0.
ALPHABET = ".abcdefghijklmnopqrstuvwxyz"
# The grammar has more names, but the rare ones take ever longer to come up.
LARGEST_COUNT = 50_000
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Tongue:
    """How the names of one invented people sound; what comes first is drawn more often.

    Attributes:
        onsets: What a syllable can begin with.
        vowels: What follows the onset.
        codas: What can close a syllable that another one follows; often empty.
        endings: What can close a name, in place of the last syllable's coda.
        syllables: How many syllables a name has.
    """

    onsets: tuple[str, ...]
    vowels: tuple[str, ...]
    codas: tuple[str, ...]
    endings: tuple[str, ...]
    syllables: tuple[int, ...]


TONGUES = (
    Tongue(
        onsets=("l", "m", "n", "s", "r", "v", "el", "f", "thi"),
        vowels=("a", "e", "i", "ae", "ia"),
        codas=("", "", "l", "n", "r"),
        endings=("na", "ra", "lle", "riel", "wen", "th", "s"),
        syllables=(2, 1, 3),
    ),
    Tongue(
        onsets=("b", "d", "g", "k", "dr", "br", "th", "gr", "st"),
        vowels=("o", "u", "a", "au"),
        codas=("r", "l", "", "n", "m"),
        endings=("rn", "ld", "k", "grim", "dan", "rik", "mund"),
        syllables=(1, 2),
    ),
    Tongue(
        onsets=("k", "p", "t", "m", "h", "n", "w", "l"),
        vowels=("a", "i", "o", "e"),
        codas=("", "", "", "i"),
        endings=("", "ka", "lo", "no", "ki", "hi"),
        syllables=(2, 3),
    ),
)


def _pick(generator: random.Random, choices: Sequence[Drawn]) -> Drawn:
    """Draw one, the first twice as often as the second, three times as often as the third."""
    weights = [1 / rank for rank in range(1, len(choices) + 1)]
    return generator.choices(choices, weights)[0]


def _name(tongue: Tongue, generator: random.Random) -> str:
    syllables = _pick(generator, tongue.syllables)
    parts: list[str] = []
    for number in range(syllables):
        last = number == syllables - 1
        closings = tongue.endings if last else tongue.codas
        parts += [_pick(generator, part) for part in (tongue.onsets, tongue.vowels, closings)]
    return "".join(parts)


def names(count: int, seed: int = 0) -> list[str]:
    """Draw different names in random order: a longer list begins with the shorter one.

    No name comes twice, so the parts of the list can serve for training and for validation.

    Args:
        count: How many.
        seed: Equal seeds draw equal names.

    Raises:
        ConfigurationError: The count is negative, or larger than the grammar can serve.
    """
    if not 0 <= count <= LARGEST_COUNT:
        raise ConfigurationError(
            f"{count} names cannot be drawn; give a count from 0 to {LARGEST_COUNT:,}."
        )
    generator = random.Random(seed)  # noqa: S311 - nothing here is a secret
    found: dict[str, None] = {}
    while len(found) < count:
        found[_name(generator.choice(TONGUES), generator)] = None
    return list(found)


def encode(name: str) -> list[int]:
    """Turn a name into ids, with a 0 at either end: `abe` becomes `[0, 1, 2, 5, 0]`.

    Raises:
        OutOfRangeError: A letter is not in the alphabet of small letters from a to z.
    """
    strange = [letter for letter in name if letter not in ALPHABET[1:]]
    if strange:
        raise OutOfRangeError(
            f"{name!r} contains {strange[0]!r}; names are made of the small letters from a to z."
        )
    return [0, *(ALPHABET.index(letter) for letter in name), 0]


def decode(ids: Sequence[int]) -> str:
    """Turn ids into a name, without the points at its ends.

    Raises:
        OutOfRangeError: An id is not in the alphabet.
    """
    strange = [one for one in ids if not 0 <= one < len(ALPHABET)]
    if strange:
        raise OutOfRangeError(
            f"There is no letter with the id {strange[0]}; ids run from 0 to {len(ALPHABET) - 1}."
        )
    return "".join(ALPHABET[one] for one in ids).strip(".")
