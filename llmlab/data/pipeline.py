"""A whole pipeline over a corpus of any size, with `datasets`: on several processes, or as a stream.

`clean_dataset` goes over a dataset on disk: each step on as many processes as there are, and then, with
eight bytes a document for each band, the removal of copies and near copies. `clean_stream` needs to
see each document once, in constant memory: what it has seen, it keeps in filters of a fixed size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmlab.data.bloom import BloomFilter
from llmlab.data.errors import CorpusError
from llmlab.data.minhash import (
    THRESHOLD,
    MinHasher,
    Signatures,
    near_duplicates,
)
from llmlab.data.report import Report
from llmlab.data.steps import Step, apply_steps

# `datasets` takes long to import and has no types; what it makes is passed through here.
Dataset = Any
IterableDataset = Any

COPIES, NEAR_COPIES = "copies", "near copies"
WHY = {COPIES: "the words of an earlier one", NEAR_COPIES: "nearly the words of an earlier one"}
_MARKS = ["text", "length", "changed", "removed_by", "reason"]
BATCH = 200


def clean_dataset(
    dataset: Dataset,
    steps: Sequence[Step],
    *,
    hasher: MinHasher | None = None,
    threshold: float = THRESHOLD,
    num_proc: int = 1,
) -> tuple[Dataset, Report]:
    """Send a dataset through the steps, then remove copies and near copies; the first of each stays.

    Args:
        dataset: Has a column `text`; other columns are left out.
        steps: In the order in which they are applied.
        hasher: Makes the signatures; by default that of FineWeb.
        threshold: From which resemblance on two documents are near copies.
        num_proc: On how many processes.

    Returns:
        A dataset with the column `text`, and what was changed and removed.

    Raises:
        CorpusError: The dataset is empty, or has no column `text`.
    """
    _check(dataset.column_names, len(dataset))
    hasher = hasher or MinHasher()
    processes = num_proc if num_proc > 1 else None
    marked = dataset.map(
        partial(apply_steps, steps=steps),
        batched=True,
        batch_size=BATCH,
        num_proc=processes,
        remove_columns=dataset.column_names,
    )
    report = Report([*(step.name for step in steps), COPIES, NEAR_COPIES])
    kept: list[int] = []
    for start in range(0, len(marked), BATCH):
        batch = marked[start : start + BATCH]
        report.add(batch)
        kept += [start + row for row, step in enumerate(batch["removed_by"]) if not step]
    texts = marked.select(kept).select_columns(["text"])
    prints = texts.map(
        partial(_fingerprints, hasher=hasher),
        batched=True,
        batch_size=BATCH,
        num_proc=processes,
        remove_columns=["text"],
    ).with_format("numpy")
    contents, signatures = _gather(prints, hasher)
    originals = {COPIES: first_equal(contents)}
    originals[NEAR_COPIES] = near_duplicates(signatures, hasher, threshold)
    own = np.arange(len(texts))
    removed = np.zeros(len(texts), dtype=bool)
    for name, first in originals.items():
        for row in np.flatnonzero((first != own) & ~removed):
            report.remove_later(name, texts[int(row)]["text"], WHY[name])
        removed |= first != own
    return texts.select(np.flatnonzero(~removed)), report


def clean_stream(
    dataset: IterableDataset,
    steps: Sequence[Step],
    *,
    hasher: MinHasher | None = None,
    capacity: int = 1_000_000,
) -> tuple[IterableDataset, Report]:
    """Send a stream through the steps and drop copies and near copies, in constant memory.

    Documents that meet in a band count as near copies: nothing is kept to compare them by.

    Args:
        dataset: Has a column `text`.
        steps: In the order in which they are applied.
        hasher: Makes the signatures; by default that of FineWeb.
        capacity: For how many documents the filters are made; beyond it, ever more new documents are
            taken for copies.

    Returns:
        A stream with the column `text`, and a report that fills as the stream is read.
    """
    hasher = hasher or MinHasher()
    report = Report([*(step.name for step in steps), COPIES, NEAR_COPIES])
    seen = BloomFilter(capacity)
    bands = [BloomFilter(capacity) for _ in range(hasher.bands)]

    def mark_copies(batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        marked = {name: list(batch[name]) for name in _MARKS}
        rows = [row for row, step in enumerate(marked["removed_by"]) if not step]
        prints = [hasher.fingerprint(marked["text"][row]) for row in rows]
        keys = hasher.keys(hasher.stacked(signature for _, signature in prints))
        for row, (content, _), own_keys in zip(rows, prints, keys.tolist(), strict=True):
            if seen.add(content):
                removed_by = COPIES
            # Each filter has to learn the document, so all are asked.
            elif sum(band.add(key) for band, key in zip(bands, own_keys, strict=True)):
                removed_by = NEAR_COPIES
            else:
                continue
            marked["removed_by"][row], marked["reason"][row] = removed_by, WHY[removed_by]
        report.add(marked)
        return {
            "text": [t for t, s in zip(marked["text"], marked["removed_by"], strict=True) if not s]
        }

    marked = dataset.map(
        partial(apply_steps, steps=steps),
        batched=True,
        batch_size=BATCH,
        remove_columns=dataset.column_names,
    )
    return marked.map(mark_copies, batched=True, batch_size=BATCH, remove_columns=_MARKS), report


def _check(columns: Sequence[str], count: int) -> None:
    if not count:
        raise CorpusError("The corpus holds no document; name another file, or read it again.")
    if "text" not in columns:
        raise CorpusError(
            f"The corpus has no column 'text', but {', '.join(columns)}; rename the one that holds "
            "the text."
        )


def _fingerprints(batch: Mapping[str, Sequence[str]], hasher: MinHasher) -> dict[str, Any]:
    prints = [hasher.fingerprint(text) for text in batch["text"]]
    return {
        "content": np.array([content for content, _ in prints], dtype=np.uint64),
        "signature": [signature for _, signature in prints],
    }


def _gather(prints: Any, hasher: MinHasher) -> tuple[NDArray[np.uint64], Signatures]:
    contents = np.zeros(len(prints), dtype=np.uint64)
    signatures = np.zeros((len(prints), hasher.bands * hasher.rows), dtype=np.uint32)
    for start in range(0, len(prints), BATCH):
        batch = prints[start : start + BATCH]
        contents[start : start + BATCH] = batch["content"]
        signatures[start : start + BATCH] = np.stack(list(batch["signature"]))
    return contents, signatures


def first_equal(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Find for each number where it stands first."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)
