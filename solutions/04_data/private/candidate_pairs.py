"""`data.candidate_pairs`: hidden probes, and right answers written differently."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import data
from llmlab.data import PRIME, content_words

private = Private()


@private.probe
def one_band_and_a_band_each(implementation: Any, generator: Generator) -> Any:
    """One band, as many bands as numbers, one document, and a bucket of five."""
    signatures = torch.randint(0, 4, (10, 6), generator=generator)
    signatures[5:] = signatures[0]
    found = [implementation(signatures, bands) for bands in (1, 2, 3, 6)]
    found.append(implementation(signatures[:1], 2))
    return [sorted([int(i), int(j)] for i, j in pairs) for pairs in found]


@private.variant
def pairs_by_comparing(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    """Compare each with each, band by band."""
    parts = signatures.reshape(len(signatures), bands, -1)
    return {
        (i, j)
        for i, j in combinations(range(len(signatures)), 2)
        if bool((parts[i] == parts[j]).all(dim=1).any())
    }


@private.variant
def pairs_by_keys(signatures: Tensor, bands: int) -> list[tuple[int, int]]:
    """Keep one dictionary, with the band's number in the key."""
    rows = signatures.shape[1] // bands
    buckets = defaultdict(list)
    for document, signature in enumerate(signatures.tolist()):
        for band in range(bands):
            buckets[band, *signature[band * rows : (band + 1) * rows]].append(document)
    return list({(i, j) for bucket in buckets.values() for i in bucket for j in bucket if i < j})
