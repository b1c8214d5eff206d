"""`data.candidate_pairs`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import whole
from autograder.exercises.data import LAB
from llmlab import data

exercise = LAB.exercise(
    "candidate_pairs",
    reference=data.candidate_pairs,
    hints=(
        "For one band: which documents have the same piece? A dictionary from pieces to documents "
        "answers that without comparing each with each.",
        "`signatures.chunk(bands, dim=1)` gives the bands. `tuple(row.tolist())` is a key.",
        "For each band start an empty dictionary, put each document's number into the list of its "
        "piece, and add all `combinations(list, 2)` to the set.",
    ),
)


def _pairs(found: Iterable[tuple[int, int]]) -> list[list[int]]:
    return sorted([int(first), int(second)] for first, second in found)


@exercise.probe
def three_bands_of_two(implementation: Any, generator: Generator) -> Any:
    """Six documents with signatures of six numbers, cut into three bands."""
    one, two = whole(generator, 10, 19), whole(generator, 20, 29)
    signatures = torch.tensor(
        [
            [one, two, 3, 4, 5, 6],
            [one, two, 7, 7, 8, 8],
            [one, 9, 3, 9, 5, 9],
            [0, 0, 7, 7, 1, 1],
            [5, 6, 2, 2, one, two],
            [one, two, 8, 3, 6, 5],
        ]
    )
    order = torch.randperm(6, generator=generator)
    return _pairs(implementation(signatures[order], 3))


@exercise.probe
def drawn_signatures(implementation: Any, generator: Generator) -> Any:
    """Twelve documents with signatures of eight small numbers, cut into two and four bands."""
    signatures = torch.randint(0, 3, (12, 8), generator=generator)
    signatures[7], signatures[9] = signatures[2], signatures[2]
    return [_pairs(implementation(signatures, count)) for count in (2, 4)]


def _meeting(
    signatures: Tensor,
    pieces: Callable[[list[int]], list[tuple[Any, ...]]],
    agree: Callable[[int, int], bool] = lambda shared, count: shared > 0,
) -> set[tuple[int, int]]:
    cut = [pieces(row) for row in signatures.tolist()]
    return {
        (i, j)
        for i, j in combinations(range(len(cut)), 2)
        if agree(sum(a == b for a, b in zip(cut[i], cut[j], strict=True)), len(cut[i]))
    }


def _cut(row: list[int], size: int) -> list[tuple[int, ...]]:
    return [tuple(row[i : i + size]) for i in range(0, len(row), size)]


@exercise.misconception(
    "One place in which two signatures agree is enough. A band has several rows, and all of them have "
    "to agree, or most documents meet by chance. Reread 'Who has to be compared'."
)
def one_place(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    return _meeting(signatures, lambda row: _cut(row, 1))


@exercise.misconception(
    "Two documents have to agree in all bands, so only those with the same signature meet. One band "
    "is enough. Reread 'Who has to be compared'."
)
def all_bands(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    size = signatures.shape[1] // bands
    return _meeting(signatures, lambda row: _cut(row, size), lambda shared, count: shared == count)


@exercise.misconception(
    "Signatures are cut into pieces of that many rows, and not into that many bands. Reread 'Who has to "
    "be compared'."
)
def bands_for_rows(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    return _meeting(signatures, lambda row: _cut(row, bands))


@exercise.misconception(
    "All bands share their buckets, so the first band of one document meets the third of another. "
    "They come from other functions, and that they agree says nothing. Reread 'Who has to be compared'."
)
def shared_buckets(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    size = signatures.shape[1] // bands
    cut = [{*_cut(row, size)} for row in signatures.tolist()]
    return {(i, j) for i, j in combinations(range(len(cut)), 2) if cut[i] & cut[j]}


@exercise.misconception(
    "Each document in a bucket is paired with the one before it only. Of three documents in a bucket "
    "there are three pairs. Reread 'Who has to be compared'."
)
def chains(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    size = signatures.shape[1] // bands
    pairs = set()
    for start in range(0, signatures.shape[1], size):
        last: dict[tuple[int, ...], int] = {}
        for document, row in enumerate(signatures[:, start : start + size].tolist()):
            if tuple(row) in last:
                pairs.add((last[tuple(row)], document))
            last[tuple(row)] = document
    return pairs


@exercise.misconception(
    "A document is paired with itself, or a pair stands in the set twice, once in each order. Each pair "
    "is wanted once, the smaller number first. Reread 'Who has to be compared'."
)
def both_orders(signatures: Tensor, bands: int) -> set[tuple[int, int]]:
    pairs = data.candidate_pairs(signatures, bands)
    return pairs | {(second, first) for first, second in pairs}
