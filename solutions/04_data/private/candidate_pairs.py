"""`data.candidate_pairs`: hidden probes, and right answers written differently."""

from collections import defaultdict
from itertools import combinations
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from autograder.exercises.data.candidate_pairs import drawn_signatures, listed

private = Private()


@private.probe
def more_documents(implementation: Any, generator: Generator) -> Any:
    """Ten documents with signatures of twelve numbers, and a bucket of five."""
    signatures = torch.randint(0, 4, (10, 12), generator=generator)
    signatures[5:] = signatures[0]
    return [
        listed(implementation(signatures, 4)),
        *drawn_signatures(implementation, generator, 12, 8),
    ]


@private.variant
def pairs_by_sorting(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    """Sort the pieces of each band, so that equal ones stand side by side."""
    found = set()
    for piece in signatures.reshape(len(signatures), bands, -1).unbind(dim=1):
        ordered = sorted((row, document) for document, row in enumerate(piece.tolist()))
        start = 0
        for end in range(1, len(ordered) + 1):
            if end == len(ordered) or ordered[end][0] != ordered[start][0]:
                found.update(combinations([one for _, one in ordered[start:end]], 2))
                start = end
    return found


@private.variant
def pairs_by_keys(signatures: Tensor, bands: int) -> list[tuple[int, int]]:
    """Keep one dictionary, with the band's number in the key."""
    rows = signatures.shape[1] // bands
    buckets = defaultdict(list)
    for document, signature in enumerate(signatures.tolist()):
        for band in range(bands):
            buckets[band, *signature[band * rows : (band + 1) * rows]].append(document)
    return list({(i, j) for bucket in buckets.values() for i in bucket for j in bucket if i < j})


@private.variant
def pairs_as_they_come(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    """Pair each document with those that lie in its bucket already."""
    pairs = set()
    for band in signatures.chunk(bands, dim=1):
        buckets: dict[tuple[int, ...], list[int]] = {}
        for document, row in enumerate(band):
            bucket = buckets.setdefault(tuple(row.tolist()), [])
            pairs |= {(other, document) for other in bucket}
            bucket.append(document)
    return pairs
