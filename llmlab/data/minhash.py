"""MinHash at the speed that a corpus needs: numpy in blocks that fit into the processor's cache.

The numbers are those of `llmlab.data.duplicates.minhash_signature`. The remainder after division by
the Mersenne prime 2^31 - 1 takes two shifts and sums instead of a division.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from llmlab.data.duplicates import (
    BANDS,
    PRIME,
    ROWS,
    SHINGLE_SIZE,
    content_words,
    hash_functions,
)

Signatures = NDArray[np.uint32]
Keys = NDArray[np.uint64]

THRESHOLD = 0.7
_PRIME, _BITS = np.uint64(PRIME), np.uint64(31)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
# 112 functions on this many shingles make a block that stays in the cache beside the core.
_BLOCK = 64


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread what distinguishes 64-bit numbers over all their bits (splitmix64; Steele et al., 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def word_numbers(words: list[str]) -> NDArray[np.uint64]:
    """Turn words into numbers that are the same in every process, as Python's own hash is not."""
    found = {word: zlib.crc32(word.encode()) for word in set(words)}
    return np.fromiter((found[word] for word in words), np.uint64, len(words))


def run_numbers(numbers: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    """Make one number of each run of `size` words; of all words where there are fewer."""
    size = max(1, min(size, len(numbers)))
    runs = np.zeros(max(1, len(numbers) - size + 1), dtype=np.uint64)
    for place in range(size if len(numbers) else 0):
        runs = runs * _FACTOR + numbers[place : place + len(runs)]
    return mixed(runs)


def shingle_numbers(text: str, size: int = SHINGLE_SIZE) -> NDArray[np.int64]:
    """Turn the shingles of a text into numbers below `PRIME`, for `minhash_signature`."""
    return _shingle_numbers(content_words(text), size).astype(np.int64)


def _shingle_numbers(words: list[str], size: int) -> NDArray[np.uint64]:
    return (run_numbers(word_numbers(words), size) >> np.uint64(33)) % _PRIME


def content_number(text: str) -> int:
    """Give a 64-bit number to the words of a text: equal for equal words."""
    return _content_number(content_words(text))


def _content_number(words: list[str]) -> int:
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class MinHasher:
    """Makes signatures of texts.

    Args:
        bands: How many bands a signature is cut into.
        rows: How many hash functions a band has.
        size: How many words a shingle has.
        seed: Draws the hash functions.
    """

    def __init__(
        self, bands: int = BANDS, rows: int = ROWS, size: int = SHINGLE_SIZE, seed: int = 1
    ) -> None:
        self.bands, self.rows, self.size, self.seed = bands, rows, size, seed
        multipliers, offsets = hash_functions(bands * rows, seed)
        self._multipliers = multipliers.numpy().astype(np.uint64)[:, None]
        self._offsets = offsets.numpy().astype(np.uint64)[:, None]

    def signature(self, text: str) -> Signatures:
        """Make the signature of one text: (bands * rows,)."""
        return self._signature(content_words(text))

    def fingerprint(self, text: str) -> tuple[int, Signatures]:
        """Give the number of a text's words, as `content_number`, and its signature."""
        words = content_words(text)
        return _content_number(words), self._signature(words)

    def _signature(self, words: list[str]) -> Signatures:
        numbers = np.unique(_shingle_numbers(words, self.size))
        smallest = np.full(len(self._offsets), PRIME, dtype=np.uint64)
        # Made anew for each text, so that several threads can share a hasher.
        whole, rest = np.empty((2, len(smallest), _BLOCK), dtype=np.uint64)
        for start in range(0, len(numbers), _BLOCK):
            block = numbers[start : start + _BLOCK]
            values, high = whole[:, : len(block)], rest[:, : len(block)]
            np.multiply(self._multipliers, block, out=values)
            values += self._offsets
            # 2^31 leaves 1 when it is divided by the prime: what stands above bit 31 can be added.
            np.right_shift(values, _BITS, out=high)
            values &= _PRIME
            values += high
            np.right_shift(values, _BITS, out=high)
            values &= _PRIME
            values += high
            # What is the prime or a little more is taken down; below it, the difference wraps around.
            np.subtract(values, _PRIME, out=high)
            np.minimum(values, high, out=values)
            np.minimum(smallest, values.min(axis=1), out=smallest)
        return smallest.astype(np.uint32)

    def signatures(self, texts: Iterable[str]) -> Signatures:
        """Make the signatures of several texts: (documents, bands * rows)."""
        return self.stacked(self.signature(text) for text in texts)

    def stacked(self, signatures: Iterable[Signatures]) -> Signatures:
        """Put signatures one below the other: (documents, bands * rows), also of no documents."""
        made = list(signatures)
        return np.stack(made) if made else np.zeros((0, self.bands * self.rows), dtype=np.uint32)

    def keys(self, signatures: Signatures) -> Keys:
        """Make one number of each band: (documents, bands); equal bands get equal numbers."""
        parts = signatures.astype(np.uint64).reshape(len(signatures), self.bands, self.rows)
        keys = np.broadcast_to(
            np.arange(self.bands, dtype=np.uint64), (len(signatures), self.bands)
        ).copy()
        for row in range(self.rows):
            keys = mixed(keys * _FACTOR + parts[:, :, row])
        return keys


def buckets(keys: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """Yield the documents that share a key, for one band: groups of at least two, each in rising order.

    Args:
        keys: One number a document.
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    for start, end in zip(starts, [*starts[1:], len(keys)], strict=True):
        if end - start > 1:
            yield order[start:end]


def near_pairs(
    signatures: Signatures, hasher: MinHasher, threshold: float = THRESHOLD
) -> set[tuple[int, int]]:
    """Find the pairs that meet in a band and whose signatures agree in at least `threshold` of places.

    Returns:
        Pairs (i, j) of row numbers with i < j.
    """
    found: set[tuple[int, int]] = set()
    keys = hasher.keys(signatures)
    for band in range(hasher.bands):
        for bucket in buckets(keys[:, band]):
            for place, first in enumerate(bucket[:-1]):
                others = bucket[place + 1 :]
                agree = (signatures[others] == signatures[first]).mean(axis=1)
                found.update((int(first), int(other)) for other in others[agree >= threshold])
    return found


def near_duplicates(
    signatures: Signatures, hasher: MinHasher, threshold: float = THRESHOLD
) -> NDArray[np.int64]:
    """Find for each document the first one of its group of near duplicates.

    In a bucket each document is compared with the first and with the one before it, and not with
    all, so that a thousand copies cost a thousand comparisons.

    Returns:
        (documents,): the number of the first document of the group; its own where it is the first
        or alone.
    """
    parent = np.arange(len(signatures))

    def root(document: int) -> int:
        while parent[document] != document:
            parent[document] = parent[parent[document]]
            document = int(parent[document])
        return document

    for band in range(hasher.bands):
        # One band's keys at a time: eight bytes a document.
        part = signatures[:, band * hasher.rows : (band + 1) * hasher.rows]
        for bucket in buckets(_band_keys(part)):
            for before, document in pairwise(bucket):
                for other in {int(before), int(bucket[0])}:
                    agree = (signatures[other] == signatures[document]).mean()
                    one, two = root(other), root(int(document))
                    if one != two and agree >= threshold:
                        parent[max(one, two)] = min(one, two)
    return np.array([root(document) for document in range(len(signatures))], dtype=np.int64)


def _band_keys(part: Signatures) -> Keys:
    keys = np.zeros(len(part), dtype=np.uint64)
    for row in range(part.shape[1]):
        keys = mixed(keys * _FACTOR + part[:, row])
    return keys
