"""`tokenization.encode_word`: its probes, and what people get wrong about it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from torch import Generator

from autograder.exercises.tokenization import LAB
from autograder.exercises.tokenization._shared import Pair, letters
from llmlab import tokenization

exercise = LAB.exercise(
    "encode_word",
    reference=tokenization.encode_word,
    hints=(
        "Begin with the bytes, as training did. Which of the pairs in the word was learned first?",
        "Repeat: look at all neighbors, find the pair that was learned first, merge it. End when no pair "
        "of the word was learned.",
        "In a loop, collect the pairs of neighbors that are in the merges. If there are none, return "
        "the ids; if there are, take the min of them by the id that they make, and merge it with "
        "your merge_pair.",
    ),
)


# What was learned first is neither always longest nor always leftmost: he, bc, ab, hen, the, bcd, abab, th, cd.
MERGES: dict[Pair, int] = {
    (104, 101): 256,
    (98, 99): 257,
    (97, 98): 258,
    (256, 110): 259,
    (116, 256): 260,
    (257, 100): 261,
    (258, 258): 262,
    (116, 104): 263,
    (99, 100): 264,
}


@exercise.probe
def known_words(implementation: Any, generator: Generator) -> Any:
    """Words such as 'then', with merges for (in this order) he, bc, ab, hen, the, bcd, abab, th, cd."""
    words = ("then", "the", "thehen", "abcd", "bcdcd", letters(generator, 8, "abcd"))
    return {f"word {word!r}": list(implementation(word.encode(), MERGES)) for word in words}


@exercise.probe
def never_seen(implementation: Any, generator: Generator) -> Any:
    """A word in which nothing can be merged, and an empty word."""
    word = letters(generator, 5, "xyzé").encode()
    return [list(implementation(word, MERGES)), list(implementation(b"", MERGES))]


@exercise.misconception(
    "Your code takes the longest token that fits, from left to right. BPE repeats what training did: merges, "
    "the oldest first. Longest match belongs to WordPiece. Reread 'The oldest merge first'."
)
def longest_token(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    known = {spelled: token for token, spelled in tokenization.token_bytes(merges).items()}
    ids, place = [], 0
    while place < len(word):
        end = next(end for end in range(len(word), place, -1) if word[place:end] in known)
        ids.append(known[word[place:end]])
        place = end
    return ids


def _encode(
    word: bytes, merges: Mapping[Pair, int], choose: Callable[[list[Pair]], Pair]
) -> list[int]:
    """Merge one pair after the other, chosen among those of the word that were learned."""
    ids = list(word)
    while True:
        known = [pair for pair in itertools.pairwise(ids) if pair in merges]
        if not known:
            return ids
        pair = choose(known)
        ids = tokenization.merge_pair(ids, pair, merges[pair])


@exercise.misconception(
    "Your code merges the first pair that it meets from the left and that was learned at all. The pair that "
    "was learned first goes first, wherever it stands. Reread 'The oldest merge first'."
)
def leftmost(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    return _encode(word, merges, lambda known: known[0])


@exercise.misconception(
    "Your code takes the pair that was learned last. The order is that of training: what was learned first "
    "is merged first. Reread 'The oldest merge first'."
)
def newest_first(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    return _encode(word, merges, lambda known: max(known, key=lambda pair: merges[pair]))


@exercise.misconception(
    "Your code counts pairs in the word and merges the most frequent. That is how merges are learned. "
    "Encoding counts nothing; it replays what was learned. Reread 'The oldest merge first'."
)
def by_count(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    return _encode(word, merges, lambda known: min(known, key=lambda p: (-known.count(p), p)))


@exercise.misconception(
    "Your code merges one pair and stops. A merge makes new neighbors, and they may be a pair that was "
    "learned too. Reread 'The oldest merge first'."
)
def one_merge(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    ids = list(word)
    known = [pair for pair in itertools.pairwise(ids) if pair in merges]
    if known:
        pair = min(known, key=lambda pair: merges[pair])
        ids = tokenization.merge_pair(ids, pair, merges[pair])
    return ids


@exercise.misconception(
    "Your code goes through the merges from the last to the first. By then the parts of the long tokens "
    "are not there yet, and most merges find nothing. Reread 'The oldest merge first'."
)
def replayed_backwards(word: bytes, merges: Mapping[Pair, int]) -> list[int]:
    ids = list(word)
    for pair, new_id in reversed(list(merges.items())):
        ids = tokenization.merge_pair(ids, pair, new_id)
    return ids
