"""`data.candidate_pairs`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, whole
from autograder.exercises.data import LAB
from autograder.exercises.data._shared import AS_EXPECTED, growth
from llmlab import data

exercise = LAB.exercise(
    "candidate_pairs",
    reference=data.candidate_pairs,
    matters="FineWeb (2024) looked for near copies in this way, with 14 bands of 8 rows, within each crawl of "
    "billions of pages. Read llmlab/data/duplicates.py.",
    hints=(
        "For one band: which documents have the same piece? A dictionary from pieces to documents "
        "answers that without comparing each with each.",
        "`signatures.chunk(bands, dim=1)` gives the bands. `tuple(row.tolist())` is a key.",
        "For each band start an empty dictionary, put each document's number into the list of its "
        "piece, and add all `combinations(list, 2)` to the set.",
    ),
)


def listed(found: Any) -> Any:
    """Write a collection of pairs as a sorted list, so that it can be compared; anything else as it is."""
    if not isinstance(found, (set, frozenset, list, tuple)):
        return found
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in found):
        return sorted(map(repr, found))
    return sorted([int(first), int(second)] for first, second in found)


def made(implementation: Any, rows: Sequence[Sequence[int]], bands: int) -> Any:
    """Look for the pairs of written signatures."""
    return listed(implementation(torch.tensor(rows), bands))


@exercise.probe
def two_bands_of_two(implementation: Any, generator: Generator) -> Any:
    """Three documents that meet in one band, and a piece that comes in different bands."""
    one, two = whole(generator, 10, 19), whole(generator, 20, 29)
    return [
        made(implementation, [[one, 2, 3, two], [one, 2, 9, 9], [9, 9, 3, two]], 2),
        made(implementation, [[one, 2, 3, 4], [2, one, 4, 3], [one, 3, 2, 4], [two, 1, 3, 5]], 2),
        made(implementation, [[one, two, 3, 4, 5, 6], [0, two, 3, 0, 5, 0]], 3),
        made(
            implementation, [[one, two, 3, 4, 5, 6], [1, 2, 0, 4, 5, 6], [one, two, 7, 4, 9, 6]], 2
        ),
    ]


@exercise.probe
def one_band(implementation: Any, generator: Generator) -> Any:
    """Pieces that have the same sum, the same numbers or the same digits, or agree in one row."""
    one, two = whole(generator, 10, 19), whole(generator, 20, 29)
    return [
        made(implementation, [[1, 23], [12, 3]], 1),
        made(implementation, [[1, 4], [2, 3], [one, two], [two, one]], 1),
        made(implementation, [[7, one, 8, two], [9, one, 6, two]], 2),
        made(implementation, [[one, 7, two, 8], [one, 9, two, 6]], 2),
        made(implementation, [[one, 7, 7], [7, one, one], [7, one, 7]], 1),
    ]


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
    return [
        listed(implementation(signatures[order], 3)),
        listed(implementation(signatures[:4], 3)),
    ]


def drawn_signatures(implementation: Any, generator: Generator, documents: int, size: int) -> Any:
    """Look for pairs of drawn signatures, with one band, a band each, and what lies between."""
    signatures = torch.randint(0, 3, (documents, size), generator=generator)
    signatures[-3:] = signatures[1]
    bands = [count for count in range(1, size + 1) if size % count == 0]
    return [
        *(listed(implementation(signatures.clone(), count)) for count in bands),
        listed(implementation(signatures[:1], 2)),
        listed(implementation(torch.arange(2 * size).reshape(2, size), 2)),
    ]


@exercise.probe
def other_bands(implementation: Any, generator: Generator) -> Any:
    """Eight documents of which four are alike, with every number of bands; one document; and two that never meet."""
    return drawn_signatures(implementation, generator, 8, 6)


@exercise.probe
def cost(implementation: Any, generator: Generator) -> Any:
    """How much longer it takes for eight times as many documents, of which hardly any meet."""
    rows = [
        [1, 2, 3, 4, 5, 6],
        [1, 2, 0, 0, 0, 7],
        [9, 9, 3, 4, 8, 8],
        [1, 2, 3, 4, 5, 6],
        [3, 4, 1, 2, 6, 5],
        [1, 9, 0, 9, 9, 7],
    ]
    if made(implementation, rows, 3) != [[0, 1], [0, 2], [0, 3], [1, 3], [2, 3]]:
        return AS_EXPECTED

    def prepare(size: int) -> Any:
        signatures = torch.randint(0, 2**31 - 1, (size, 8), generator=generator)
        return lambda: implementation(signatures, 2)

    return growth(prepare)


_AGAIN = "Reread 'Who has to be compared'."
_NEVER = (
    "No two documents meet: your buckets have one document each. Is the key a tensor, or made of tensors? Two tensors "
    f"are never the same key, whatever they hold. {_AGAIN}"
)
_PER_BAND = (
    "What was found in one band is lost when the next one begins, or only one band is looked at. One band is enough "
    f"for a pair, and every band counts. {_AGAIN}"
)


def _pieces(on: Switches, row: list[int], bands: int) -> list[Any]:
    """Cut one signature, with the faults of cutting."""
    size = bands if on("bands_for_rows") else 1 if on("one_place") else len(row) // bands
    if on("one_row_less"):
        size = max(1, size - 1)
    if on("interleaved"):
        return [tuple(row[band::bands]) for band in range(bands)]
    starts = range(0, len(row), 1 if on("windows") else size)
    pieces = [tuple(row[start : start + size]) for start in starts]
    if on("windows"):
        pieces = pieces[: len(row) - size + 1]
    if on("first_band"):
        pieces = pieces[:1]
    if on("last_band"):
        pieces = pieces[-1:]
    if on("last_band_lost"):
        pieces = pieces[:-1]
    if on("first_band_lost"):
        pieces = pieces[1:]
    keys: dict[str, Any] = {
        "sums": sum,
        "sorted_pieces": lambda piece: tuple(sorted(piece)),
        "sets_of_numbers": frozenset,
        "first_rows": lambda piece: piece[0],
        "last_rows": lambda piece: piece[-1],
        "written_together": lambda piece: "".join(map(str, piece)),
        "smallest_of_band": min,
    }
    key = next((key for name, key in keys.items() if on(name)), None)
    return [key(piece) for piece in pieces] if key else pieces


def _from_bucket(on: Switches, bucket: list[int]) -> list[tuple[int, int]]:
    """List the pairs of one bucket, with the faults of pairing."""
    if on("chains"):
        return [*pairwise(bucket)]
    if on("with_the_first"):
        return [(bucket[0], other) for other in bucket[1:]]
    if on("first_two"):
        return [*combinations(bucket[:2], 2)]
    if on("first_and_last"):
        return [(bucket[0], bucket[-1])] if len(bucket) > 1 else []
    if on("buckets_of_two"):
        return [*combinations(bucket, 2)] if len(bucket) == 2 else []
    if on("with_themselves"):
        return [(i, j) for i in bucket for j in bucket if i <= j]
    if on("all_orders"):
        return [(i, j) for i in bucket for j in bucket]
    pairs = [*combinations(bucket, 2)]
    if on("both_orders"):
        return pairs + [(j, i) for i, j in pairs]
    return [(j, i) for i, j in pairs] if on("larger_first") else pairs


def _agree(cut: list[list[Any]], first: int, second: int) -> bool:
    return any(one == other for one, other in zip(cut[first], cut[second], strict=True))


@exercise.faults(
    searched="Your answer is right, and too slow: for eight times as many documents it takes far more than eight "
    "times as long, since each is compared with each. Two documents need to be looked at together only when they lie "
    f"in one bucket. {_AGAIN}",
    one_place="One place in which two signatures agree is enough. A band has several rows, and all of them have "
    f"to agree, or most documents meet by chance. {_AGAIN}",
    all_bands="Two documents have to agree in all bands, so only those with the same signature meet. One band "
    f"is enough. {_AGAIN}",
    most_bands=f"Two documents have to agree in more than half of the bands. One band is enough. {_AGAIN}",
    two_bands=f"Two documents have to agree in two bands. One is enough. {_AGAIN}",
    bands_for_rows="Signatures are cut into pieces of that many rows, and not into that many bands. "
    f"{_AGAIN}",
    one_row_less=f"Your bands have one row less than they should. A signature is cut into `bands` equal pieces. "
    f"{_AGAIN}",
    interleaved="Your bands take every so many numbers of a signature. A band is a piece of it: numbers that stand "
    f"side by side. {_AGAIN}",
    windows="Your pieces overlap: one begins at each number. Bands stand side by side, so that each number is in one "
    f"of them. {_AGAIN}",
    first_band=_PER_BAND,
    last_band=_PER_BAND,
    last_band_lost=f"The last band is not looked at. One band is enough for a pair, and every band counts. {_AGAIN}",
    first_band_lost=f"The first band is not looked at. One band is enough for a pair, and every band counts. {_AGAIN}",
    shared_buckets="All bands share their buckets, so the first band of one document meets the third of another. "
    f"They come from other functions, and that they agree says nothing. {_AGAIN}",
    sums=f"Two bands with the same sum count as the same. All rows have to agree. {_AGAIN}",
    sorted_pieces="Two bands with the same numbers in another order count as the same. They have to agree row by row. "
    f"{_AGAIN}",
    sets_of_numbers="Two bands with the same set of numbers count as the same, in whatever order and number they come. "
    f"They have to agree row by row. {_AGAIN}",
    first_rows=f"Only the first row of each band is looked at. All of its rows have to agree. {_AGAIN}",
    last_rows=f"Only the last row of each band is looked at. All of its rows have to agree. {_AGAIN}",
    smallest_of_band=f"Only the smallest number of each band is looked at. All of its rows have to agree. {_AGAIN}",
    written_together="The numbers of a band are written together without anything between them, so 1, 23 and 12, 3 are "
    f"one key. {_AGAIN}",
    tensor_keys=_NEVER,
    tuples_of_tensors=_NEVER,
    chains="Each document in a bucket is paired with the one before it only. Of three documents in a bucket "
    f"there are three pairs. {_AGAIN}",
    with_the_first="Each document in a bucket is paired with the first one only. Of three documents in a bucket there "
    f"are three pairs. {_AGAIN}",
    first_two=f"Of each bucket only the first two documents become a pair. Three documents are three pairs. {_AGAIN}",
    first_and_last=f"Of each bucket only the first and the last document become a pair. Three documents are three "
    f"pairs. {_AGAIN}",
    buckets_of_two="Buckets with more than two documents are passed over. Three documents are three pairs. "
    f"{_AGAIN}",
    with_themselves=f"A document is paired with itself. Each pair has two different documents. {_AGAIN}",
    all_orders="A document is paired with itself, and each pair stands in the set twice, once in each order. Each pair "
    f"is wanted once, the smaller number first. {_AGAIN}",
    both_orders="Each pair stands in the set twice, once in each order. It is wanted once, the smaller number first. "
    f"{_AGAIN}",
    larger_first=f"Your pairs have the larger number first. The smaller one is to come first. {_AGAIN}",
    repeated="A pair that meets in two bands is there twice. A set of pairs is asked for. "
    f"{_AGAIN}",
    from_one=f"Your documents are counted from 1. The first row is document 0. {_AGAIN}",
    cut_across="The documents are cut into pieces, and not their signatures. A signature is a row, and its numbers "
    f"stand along dimension 1. {_AGAIN}",
    reshaped="Your bands are made of numbers of different documents: a reshape keeps the order of the numbers, and "
    f"does not exchange two dimensions. Split the numbers of each signature. {_AGAIN}",
    buckets="Your code returns whole buckets. Pairs are asked for, three for a bucket of three documents. "
    f"{_AGAIN}",
    documents="Your code returns the documents that meet another, one by one. Pairs are asked for. "
    f"{_AGAIN}",
    how_many=f"Your code returns how many pairs there are. The pairs are asked for. {_AGAIN}",
)
def meeting(on: Switches) -> Any:
    """Put documents into buckets, and pair them."""

    def in_bands(signatures: Tensor, bands: int) -> list[tuple[int, int]]:
        cut = [_pieces(on, row, bands) for row in signatures.tolist()]
        if on("searched"):
            return [pair for pair in combinations(range(len(cut)), 2) if _agree(cut, *pair)]
        if on("tensor_keys") or on("tuples_of_tensors"):
            return []
        buckets: dict[Any, list[int]] = {}
        if on("cut_across") or on("reshaped"):
            parts = signatures.chunk(bands)
            if on("reshaped"):
                parts = tuple(signatures.reshape(bands, len(signatures), -1))
            for number, part in enumerate(parts):
                for document, row in enumerate(part.tolist()):
                    buckets.setdefault((number, *row), []).append(document)
            cut = []
        for document, pieces in enumerate(cut):
            keys = enumerate(pieces)
            for key in dict.fromkeys(pieces) if on("shared_buckets") else keys:
                buckets.setdefault(key, []).append(document)
        if on("buckets"):
            return [tuple(bucket) for bucket in buckets.values() if len(bucket) > 1]  # type: ignore[misc]
        return [pair for bucket in buckets.values() for pair in _from_bucket(on, bucket)]

    def candidate_pairs(signatures: Tensor, bands: int) -> Any:
        pairs = in_bands(signatures, bands)
        least = {"all_bands": bands, "most_bands": bands // 2 + 1, "two_bands": 2}
        times = next((count for name, count in least.items() if on(name)), 1)
        found = {pair for pair in pairs if times == 1 or pairs.count(pair) >= times}
        if on("repeated"):
            return pairs
        if on("from_one"):
            return {(i + 1, j + 1) for i, j in found}
        if on("documents"):
            return {document for pair in found for document in pair}
        return len(found) if on("how_many") else found

    return candidate_pairs
