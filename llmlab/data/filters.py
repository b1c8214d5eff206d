"""Rules by which a page is kept or dropped, as published for Gopher and for C4.

- Gopher: Rae et al. (2021), *Scaling Language Models: Methods, Analysis & Insights from Training
  Gopher*, appendix A.1.1: quality rules, and the repetition rules of its table A1.
- C4: Raffel et al. (2020), *Exploring the Limits of Transfer Learning with a Unified Text-to-Text
  Transformer*, section 2.2. Its list of bad words is left out: it takes whole communities out of the
  corpus (Dodge et al., 2021).

Each rule is a name and the place where it is written, so that a report can say why a page went.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

GOPHER_STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
_BULLETS = ("-", "*", "•", "‣", "·", "●")
_LETTER = re.compile(r"[^\W\d_]")


def gopher_quality(text: str) -> list[str]:
    """Name the quality rules of Gopher that a text breaks; an empty list is a good sign.

    Words are what stands between spaces. The rules, in the order in which they are named:

    - `length`: 50 to 100,000 words;
    - `word length`: 3 to 10 characters a word on average;
    - `symbols`: at most one `#` or ellipsis (`...` or `…`) for ten words;
    - `bullets`: at most 90 % of the lines begin with a bullet;
    - `ellipses`: at most 30 % of the lines end with an ellipsis;
    - `letters`: at least 80 % of the words have a letter;
    - `stop words`: at least two of the, be, to, of, and, that, have, with.
    """
    words = text.split()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    count, rows = max(1, len(words)), max(1, len(lines))
    characters = sum(map(len, words))
    symbols = text.count("#") + text.count("...") + text.count("…")
    bulleted = sum(line.startswith(_BULLETS) for line in lines)
    trailing = sum(line.endswith(("...", "…")) for line in lines)
    # Most words are letters throughout, and isalpha is quick to say so.
    lettered = sum(word.isalpha() or _LETTER.search(word) is not None for word in words)
    broken = {
        "length": not 50 <= len(words) <= 100_000,
        "word length": not 3 <= characters / count <= 10,
        "symbols": symbols / count > 0.1,
        "bullets": bulleted / rows > 0.9,
        "ellipses": trailing / rows > 0.3,
        "letters": lettered / count < 0.8,
        "stop words": len(GOPHER_STOP_WORDS.intersection(map(str.lower, words))) < 2,
    }
    return [name for name, is_broken in broken.items() if is_broken]


# The most that may be repeated, as a share of all characters: table A1 of the paper.
TOP_NGRAM_SHARES = {2: 0.20, 3: 0.18, 4: 0.16}
DUPLICATE_NGRAM_SHARES = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def gopher_repetition(text: str) -> list[str]:
    """Name the repetition rules of Gopher that a text breaks.

    `repeated lines` and `repeated paragraphs` ask how many are repeated and how much of the text
    they are; `common 2-gram` (to 4) how much of the text its most common n-gram is; `repeated 5-gram`
    (to 10) how much of it lies in n-grams that come more than once.
    """
    broken = []
    for name, pieces in (("lines", text.split("\n")), ("paragraphs", text.split("\n\n"))):
        count, share = repeated_share([piece.strip() for piece in pieces if piece.strip()])
        if count > 0.3 or share > 0.2:
            broken.append(f"repeated {name}")
    words = text.split()
    if not words:
        return broken
    ids = {word: number for number, word in enumerate(dict.fromkeys(words), start=1)}
    # An odd factor for each place makes of n ids one number that hardly two n-grams share.
    numbers = np.fromiter((ids[word] for word in words), np.uint64, len(words))
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    total = int(lengths.sum())
    grams = numbers.copy()
    for size in range(2, 11):
        if len(words) < size:
            break
        grams = grams[:-1] * np.uint64(0x9E3779B97F4A7C15) + numbers[size - 1 :]
        _, first, inverse, counts = np.unique(
            grams, return_index=True, return_inverse=True, return_counts=True
        )
        if counts.max() == 1:
            # What has no n-gram twice has no longer one twice either.
            break
        if size in TOP_NGRAM_SHARES:
            top = int(counts.argmax())
            characters = int(lengths[first[top] : first[top] + size].sum()) * int(counts[top])
            if counts[top] > 1 and characters / total > TOP_NGRAM_SHARES[size]:
                broken.append(f"common {size}-gram")
        elif _covered(counts[inverse] > 1, size, lengths) / total > DUPLICATE_NGRAM_SHARES[size]:
            broken.append(f"repeated {size}-gram")
    return broken


def _covered(repeated: NDArray[np.bool_], size: int, lengths: NDArray[np.int64]) -> int:
    """Count the characters of the words in repeated n-grams, those in several of them once."""
    edges = np.zeros(len(lengths) + 1, dtype=np.int64)
    starts = np.flatnonzero(repeated)
    edges[starts] += 1
    edges[starts + size] -= 1
    return int(lengths[edges.cumsum()[:-1] > 0].sum())


def repeated_share(pieces: list[str]) -> tuple[float, float]:
    """Say how much of a list of lines or paragraphs has come before in it.

    Returns:
        The share of the pieces, and the share of the characters; 0 where there are none.
    """
    counts = Counter(pieces)
    repeats = len(pieces) - len(counts)
    characters = sum(len(piece) * (count - 1) for piece, count in counts.items())
    return repeats / max(1, len(pieces)), characters / max(1, sum(map(len, pieces)))


_SENTENCE_END = re.compile(r"[.!?](?=[\s\"'”’)]|$)")
_CITATION = re.compile(r" ?\[(\d{1,3}|citation needed|edit)\]")
_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies")
_TERMINAL = (".", "!", "?", '"', "”")


def c4_lines(text: str) -> str:
    """Keep the lines that C4 keeps.

    They end in a terminal punctuation mark and have at least five words, and speak neither of
    JavaScript nor of cookies and terms of use. Marks of citations, as `[3]`, are taken out.
    """
    kept = []
    for line in text.split("\n"):
        stripped = _CITATION.sub("", line).strip()
        lower = stripped.lower()
        if (
            stripped.endswith(_TERMINAL)
            and not stripped.endswith("...")
            and len(stripped.split()) >= 5
            and "javascript" not in lower
            and not any(policy in lower for policy in _POLICY)
        ):
            kept.append(stripped)
    return "\n".join(kept)


def c4_page(text: str) -> list[str]:
    """Name the rules of C4 for whole pages that a text breaks.

    - `placeholder`: it has `lorem ipsum`;
    - `code`: it has a curly bracket, as programs do and prose does not;
    - `sentences`: it has fewer than three sentences.
    """
    broken = {
        "placeholder": "lorem ipsum" in text.lower(),
        "code": "{" in text,
        "sentences": sum(1 for _ in _SENTENCE_END.finditer(text)) < 3,
    }
    return [name for name, is_broken in broken.items() if is_broken]
