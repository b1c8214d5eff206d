"""Finding documents that are the same, or nearly so, without comparing each with each.

Two documents resemble each other as much as their sets of shingles (runs of words) overlap (Broder,
1997). MinHash makes of each set a short signature; two signatures agree in a place with just the
probability of that overlap. Cutting signatures into bands, and looking only at documents that agree
in a whole band, leaves few pairs to compare (Indyk & Motwani, 1998). The bands and rows used here
by default are those of FineWeb (Penedo et al., 2024).

This is the form that is read; `llmlab.data.minhash` does the same at speed.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Set
from itertools import combinations

import torch
from jaxtyping import Int
from torch import Tensor

SHINGLE_SIZE = 5
BANDS, ROWS = 14, 8
# The largest prime below 2**31: products of two numbers below it fit into 64 bits.
PRIME = 2**31 - 1

_WORD = re.compile(r"\w+")


def content_words(text: str) -> list[str]:
    """List the words of a text in small letters, without punctuation: what a reader takes for it."""
    return _WORD.findall(text.lower())


def content_hash(text: str) -> str:
    """Give a short name to the words of a text: 32 hexadecimal digits, equal for equal words."""
    return hashlib.blake2b(" ".join(content_words(text)).encode(), digest_size=16).hexdigest()


def unique_documents(texts: Iterable[str]) -> list[int]:
    """Find the documents to keep when those with the same words as an earlier one go.

    Returns:
        The indices of the first of each kind, in rising order.
    """
    seen: set[str] = set()
    kept = []
    for index, text in enumerate(texts):
        name = content_hash(text)
        if name not in seen:
            seen.add(name)
            kept.append(index)
    return kept


def shingles(text: str, size: int = SHINGLE_SIZE) -> set[tuple[str, ...]]:
    """Collect the runs of `size` words of a text; a shorter text is one run of all its words."""
    words = content_words(text)
    return {tuple(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}


def jaccard(first: Set[object], second: Set[object]) -> float:
    """Measure how much two sets overlap: what they share, over what either has (Jaccard, 1901)."""
    return len(first & second) / len(first | second)


def resemblance(first: str, second: str, size: int = SHINGLE_SIZE) -> float:
    """Measure how much two texts resemble each other: how far their shingles overlap, from 0 to 1."""
    return jaccard(shingles(first, size), shingles(second, size))


def hash_functions(count: int, seed: int) -> tuple[Int[Tensor, " hashes"], Int[Tensor, " hashes"]]:
    """Draw functions h(x) = (a x + b) mod p that hardly let two numbers collide (Carter & Wegman, 1979).

    Returns:
        The multipliers a, from 1 to p - 1, and the offsets b, from 0 to p - 1, where p is `PRIME`.
    """
    generator = torch.Generator().manual_seed(seed)
    multipliers = torch.randint(1, PRIME, (count,), generator=generator)
    return multipliers, torch.randint(0, PRIME, (count,), generator=generator)


def minhash_signature(
    numbers: Int[Tensor, " shingles"],
    multipliers: Int[Tensor, " hashes"],
    offsets: Int[Tensor, " hashes"],
) -> Int[Tensor, " hashes"]:
    """Make the signature of a set: for each hash function, the smallest value that it takes (Broder, 1997).

    Args:
        numbers: The shingles, each as a number from 0 to p - 1, where p is `PRIME`; at least one.
        multipliers: The a of each function (a x + b) mod p.
        offsets: The b of each function.
    """
    values = (multipliers[:, None] * numbers + offsets[:, None]) % PRIME
    return values.amin(dim=1)


def estimated_resemblance(first: Int[Tensor, " hashes"], second: Int[Tensor, " hashes"]) -> float:
    """Estimate how much two sets overlap: the share of places in which their signatures agree."""
    return (first == second).double().mean().item()


def candidate_pairs(
    signatures: Int[Tensor, "documents hashes"], bands: int
) -> set[tuple[int, int]]:
    """Find the pairs of documents that agree in all places of at least one band.

    Args:
        signatures: One row a document.
        bands: Into how many equal bands a signature is cut; it divides the number of hashes.

    Returns:
        Pairs (i, j) of row numbers with i < j.
    """
    pairs: set[tuple[int, int]] = set()
    for band in signatures.chunk(bands, dim=1):
        buckets: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for document, row in enumerate(band.tolist()):
            buckets[tuple(row)].append(document)
        for bucket in buckets.values():
            pairs.update(combinations(bucket, 2))
    return pairs


def chance_of_meeting(resemblance: float, bands: int = BANDS, rows: int = ROWS) -> float:
    """Give the probability that two documents become candidates: 1 - (1 - s^rows)^bands."""
    return 1 - (1 - resemblance**rows) ** bands
