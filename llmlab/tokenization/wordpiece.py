"""WordPiece: BERT's tokenizer, which merges the pair that gains most likelihood.

Schuster & Nakajima (2012) and Wu et al. (2016) describe it, Devlin et al. (2019) made it known. Its
tokens are strings. A token inside a word is written with `##` before it, so `##ing` ends a word and
`ing` begins one. A word that cannot be built from the vocabulary is `[UNK]` as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise

CONTINUATION = "##"
UNKNOWN = "[UNK]"

PiecePair = tuple[str, str]


def split_characters(word: str) -> list[str]:
    """Cut a word into its characters, all but the first marked: `dog` is `d`, `##o`, `##g`."""
    return [
        character if place == 0 else CONTINUATION + character
        for place, character in enumerate(word)
    ]


def merge_scores(words: Mapping[tuple[str, ...], int]) -> dict[PiecePair, float]:
    """Score each pair of neighbors: `count(ab) / (count(a) * count(b))`.

    Byte pair encoding takes the most frequent pair. This score asks how much more often two pieces
    stand together than chance would put them, so a pair of rare pieces that always go together
    wins over a pair of frequent ones. Merging the best pair raises the likelihood of the corpus
    under a unigram model the most, for each occurrence of the pair.

    Args:
        words: Each word as its pieces, and how often the word occurs.
    """
    pieces: Counter[str] = Counter()
    pairs: Counter[PiecePair] = Counter()
    for word, count in words.items():
        for piece in word:
            pieces[piece] += count
        for pair in pairwise(word):
            pairs[pair] += count
    return {
        (left, right): count / (pieces[left] * pieces[right])
        for (left, right), count in pairs.items()
    }


def join_pieces(left: str, right: str) -> str:
    """Join two neighbors into one piece: `##lo` and `##w` make `##low`."""
    return left + right.removeprefix(CONTINUATION)


def merge_pieces(pieces: Sequence[str], pair: PiecePair) -> list[str]:
    """Join each occurrence of a pair, from left to right and without overlap."""
    both = list(pair)
    merged: list[str] = []
    place = 0
    while place < len(pieces):
        if list(pieces[place : place + 2]) == both:
            merged.append(join_pieces(*pair))
            place += 2
        else:
            merged.append(pieces[place])
            place += 1
    return merged


def train_wordpiece(words: Mapping[str, int], vocab_size: int) -> list[str]:
    """Learn a vocabulary from words and how often each occurs.

    Of equal scores the pair that comes first in the order of strings is merged.

    Args:
        words: The words of the corpus.
        vocab_size: How many pieces to end with; fewer when no pair is left to merge, and more when
            there are more characters than that.

    Returns:
        The characters, in the order of strings, then the pieces in the order in which they were
        learned.
    """
    current = {tuple(split_characters(word)): count for word, count in words.items()}
    vocabulary = dict.fromkeys(sorted({piece for pieces in current for piece in pieces}))
    while len(vocabulary) < vocab_size:
        scores = merge_scores(current)
        if not scores:
            break
        best = min(scores, key=lambda pair: (-scores[pair], pair))
        # Two pairs can make the same piece, which a dictionary keeps once, where it came first.
        vocabulary[join_pieces(*best)] = None
        current = {tuple(merge_pieces(pieces, best)): count for pieces, count in current.items()}
    return list(vocabulary)


def longest_match(word: str, vocabulary: Container[str], unknown: str = UNKNOWN) -> list[str]:
    """Cut a word greedily: take the longest piece that the rest of the word begins with.

    No merges are kept: the vocabulary alone decides. Where no piece fits, the whole word is
    unknown.
    """
    pieces: list[str] = []
    start = 0
    while start < len(word):
        prefix = CONTINUATION if start else ""
        for end in range(len(word), start, -1):
            piece = prefix + word[start:end]
            if piece in vocabulary:
                pieces.append(piece)
                start = end
                break
        else:
            return [unknown]
    return pieces
