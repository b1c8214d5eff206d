"""Relations between texts: case, white space, punctuation, accents, an end that is missing, reversed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from autograder.judging.relations.parts import Part, shared

_REDUCED: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("white space at the ends", str.strip),
    (
        "white space at the ends of lines",
        lambda text: re.sub(r"[ \t]*\n[ \t]*", "\n", text.strip()),
    ),
    ("the number of blank lines", lambda text: re.sub(r"\n+", "\n", text.strip("\n"))),
    ("capital and small letters", str.casefold),
    ("white space", lambda text: re.sub(r"\s+", "", text)),
    (
        "how its characters are composed (Unicode's normal forms)",
        lambda t: unicodedata.normalize("NFKC", t),
    ),
    ("punctuation", lambda text: re.sub(r"[.,;:!?]+", "", text)),
    (
        "accents",
        lambda t: "".join(
            c for c in unicodedata.normalize("NFD", t) if not unicodedata.combining(c)
        ),
    ),
    ("capital letters and white space", lambda text: re.sub(r"\s+", "", text).casefold()),
)


def text(parts: Sequence[Part]) -> str:
    """Two texts are the same but for one thing, or one is the beginning, the end or the reverse of the other."""
    sides = [(part.expected, part.got) for part in parts]
    if not all(isinstance(side, str) for pair in sides for side in pair):
        return ""
    return shared(list(_relations(*pair)) for pair in sides)


def _relations(expected: str, got: str) -> Iterator[str]:
    if not got:
        yield "yours is empty"
        return
    if not expected:
        yield "yours should be empty, and is not"
        return
    for name, reduce in _REDUCED:
        if reduce(expected) == reduce(got) and reduce(got):
            yield f"yours is right but for {name}"
    if expected[::-1] == got and len(set(expected)) >= 3:
        yield "yours reads backwards"
    yield from _cut(expected, got)


def _cut(expected: str, got: str) -> Iterator[str]:
    if min(len(expected), len(got)) < 2:
        return
    less = len(expected) - len(got)
    long, kept = (expected, got) if less > 0 else (got, expected)
    for place, fits in (("end", long.startswith(kept)), ("beginning", long.endswith(kept))):
        if not fits or not less:
            continue
        if less == 1:
            yield f"yours lacks one character at the {place}"
        elif less == -1:
            yield f"yours has one character too many at the {place}"
        if less > 0:
            yield f"something is missing at the {place} of yours; the rest is right"
        else:
            yield f"yours has something too many at the {place}; the rest is right"
