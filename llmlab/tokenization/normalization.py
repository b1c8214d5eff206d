"""Normalization: texts that a reader takes for the same become the same before they are cut.

An `é` can be one code point or two (an `e` and an accent), `ﬁ` can be one letter or two. Unicode's
normal forms (Unicode Standard Annex #15) choose one way of writing. BERT goes further and drops
case and accents (Devlin et al., 2019). A byte-level tokenizer changes nothing, so that its tokens
give back the very text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Literal

Normalizer = Callable[[str], str]

# The blocks of Chinese characters that BERT sets apart; Japanese kana and Korean hangul stay.
_CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def nfc(text: str) -> str:
    """Compose: a letter and its accent become one code point where there is one."""
    return unicodedata.normalize("NFC", text)


def nfd(text: str) -> str:
    """Decompose: a letter with an accent becomes the letter, then the accent."""
    return unicodedata.normalize("NFD", text)


def nfkc(text: str) -> str:
    """Compose, and replace what only looks special: `ﬁ` becomes `fi`, `①` becomes `1`."""
    return unicodedata.normalize("NFKC", text)


def lowercase(text: str) -> str:
    """Turn capitals into small letters, each by itself: a final sigma is not treated apart."""
    return "".join(character.lower() for character in text)


def strip_accents(text: str) -> str:
    """Decompose, then drop the accents: `café` becomes `cafe`."""
    return "".join(c for c in nfd(text) if unicodedata.category(c) != "Mn")


def clean(text: str) -> str:
    """Drop control characters and U+FFFD, and turn every kind of space into a plain one."""
    kept = []
    for character in text:
        if character in "\t\n\r" or unicodedata.category(character) == "Zs":
            kept.append(" ")
        elif character != "\ufffd" and unicodedata.category(character)[0] != "C":
            kept.append(character)
    return "".join(kept)


def space_out_chinese(text: str) -> str:
    """Put spaces around each Chinese character, for Chinese is written without any."""
    return "".join(f" {c} " if _is_chinese(c) else c for c in text)


def _is_chinese(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _CHINESE)


# The normal forms by their names in Unicode; "none" changes nothing.
NormalForm = Literal["none", "NFC", "NFD", "NFKC"]
NORMAL_FORMS: dict[NormalForm, Normalizer] = {"none": str, "NFC": nfc, "NFD": nfd, "NFKC": nfkc}


def compose(*steps: Normalizer) -> Normalizer:
    """Make one normalizer of several, which are applied from left to right."""

    def apply_all(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return apply_all


def replace_surrogates(text: str) -> str:
    """Turn halves of surrogate pairs, which no UTF-8 can hold, into U+FFFD; join whole pairs.

    Such halves come from JavaScript and JSON. `tiktoken` treats them in this way.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
