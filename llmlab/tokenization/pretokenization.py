r"""Pre-tokenization: a text is cut into words first, and no token ever reaches across a cut.

GPT-2 cuts by a regular expression (Radford et al., 2019): a word carries the space before it, and
letters, digits and punctuation are kept apart, or frequent words would be learned once with each
punctuation mark (`dog.`, `dog!`, `dog?`). BERT cuts at spaces and around punctuation and drops the
spaces (Devlin et al., 2019). SentencePiece turns spaces into a visible `▁` and cuts before it (Kudo
& Richardson, 2018).
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import regex  # type: ignore[import-untyped]

from llmlab.errors import ConfigurationError

# GPT-2 (2019): contractions, letters, digits, the rest, each with the space before it; of a run of
# spaces the last one goes with the word that follows.
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# GPT-4 (2023; `cl100k_base`): contractions in capitals too, digits in groups of at most three, a
# line break stays with the punctuation before it.
GPT4_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Hugging Face's SmolLM2 (2025): as GPT-2, with each digit a word of its own.
SMOLLM2_PATTERN = r"\p{N}|'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"
METASPACE = "▁"
METASPACE_PATTERN = rf"\n|{METASPACE}[^{METASPACE}\n]*|[^{METASPACE}\n]+"

# Where a text can be cut in two so that the patterns above cut the halves as they cut the whole:
# after letters, after digits, and before a space that follows something visible. No alternative of
# theirs reaches across such a place, and none looks further ahead than to it.
_LETTERS_OR_DIGITS_END = (
    r"(?<=\p{L})(?=[^\p{L}\p{Cs}])|(?<=\p{N})(?=[^\p{N}\p{Cs}])|(?<=\S)(?=[^\S\r\n])"
)
SAFE_CUTS = dict.fromkeys((GPT2_PATTERN, GPT4_PATTERN, SMOLLM2_PATTERN), _LETTERS_OR_DIGITS_END)


@lru_cache(maxsize=32)
def compile_pattern(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern once; `regex` knows the classes of Unicode, which `re` does not."""
    return regex.compile(pattern)


def without_gaps(pattern: str) -> str:
    """Make what lies between two matches of a pattern a match as well, so that no text is lost.

    Raises:
        ConfigurationError: It is no regular expression, or has groups that capture.
    """
    if pattern in SAFE_CUTS:
        return pattern  # these leave no gaps
    try:
        groups = compile_pattern(pattern).groups
    except regex.error as error:
        raise ConfigurationError(
            f"{pattern!r} is no regular expression ({error}); try it with the package regex."
        ) from error
    if groups:
        raise ConfigurationError(
            f"{pattern!r} has groups that capture; write (?:...) in place of (...)."
        )
    return rf"{pattern}|(?:(?!{pattern})[\s\S])+"


def split_by_pattern(text: str, pattern: str = GPT2_PATTERN) -> list[str]:
    """Cut a text into the matches of a pattern.

    With the patterns of GPT-2 and GPT-4 nothing is lost: joined, the words are the text.
    """
    return compile_pattern(pattern).findall(text)


def split_at_punctuation(text: str) -> list[str]:
    """Cut at spaces, which are dropped, and around each punctuation mark, as BERT does."""
    words: list[str] = []
    for chunk in text.split():
        word = ""
        for character in chunk:
            if _is_punctuation(character):
                words += [word, character] if word else [character]
                word = ""
            else:
                word += character
        if word:
            words.append(word)
    return words


def _is_punctuation(character: str) -> bool:
    """Take ASCII's symbols for punctuation as well: `$` and `^` are none by Unicode."""
    is_ascii_symbol = character.isascii() and character.isprintable() and not character.isalnum()
    return is_ascii_symbol or unicodedata.category(character)[0] == "P"


def split_by_metaspace(text: str, *, inside: bool = False) -> list[str]:
    """Turn spaces into `▁`, put one in front of the text, and cut before each of them.

    A word is then the same at the start of a text as inside it. A line break is a word of its own.

    Args:
        text: What to cut.
        inside: Whether the text goes on with an earlier one, and so gets no `▁` in front.
    """
    marked = text.replace(" ", METASPACE)
    if text and not inside:
        marked = METASPACE + marked
    return compile_pattern(METASPACE_PATTERN).findall(marked)


def count_words(texts: Iterable[str], pattern: str = GPT2_PATTERN) -> Counter[bytes]:
    """Count the words of some texts, each word as its UTF-8 bytes: all that training has to see."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(split_by_pattern(text, pattern))
    return Counter({word.encode(): count for word, count in counts.items()})
