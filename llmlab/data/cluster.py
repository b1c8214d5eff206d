"""The same steps on a Dask cluster, for a corpus that outgrows one machine.

A worker cleans one shard after another and writes what it keeps, with a signature for each document. The
signatures alone, 448 bytes a document, come together to find the copies; then each worker drops those
from its shards. All machines must see the same folders.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmlab.data.minhash import (
    THRESHOLD,
    MinHasher,
    Signatures,
    near_duplicates,
)
from llmlab.data.pipeline import BATCH, COPIES, NEAR_COPIES, WHY, first_equal
from llmlab.data.reading import read_documents
from llmlab.data.report import Report
from llmlab.data.steps import Step, apply_steps


@dataclass(frozen=True)
class _Shard:
    """What a worker says about a shard that it has cleaned."""

    path: Path
    report: Report
    contents: NDArray[np.uint64]
    signatures: Signatures


def clean_on_cluster(
    client: Any,
    shards: Sequence[Path],
    folder: Path,
    steps: Sequence[Step],
    *,
    hasher: MinHasher | None = None,
    threshold: float = THRESHOLD,
) -> tuple[list[Path], Report]:
    """Clean the shards of a corpus on a cluster, and remove copies and near copies across all of them.

    Args:
        client: A `distributed.Client` of the cluster.
        shards: Files as `read_documents` reads them.
        folder: Where the cleaned shards go, as .jsonl with the field `text`; the workers see it too.
        steps: In the order in which they are applied.
        hasher: Makes the signatures; by default that of FineWeb.
        threshold: From which resemblance on two documents are near copies.

    Returns:
        The cleaned shards, and what was changed and removed in all of them.

    Raises:
        CorpusError: A shard holds no text, or is not UTF-8.
    """
    hasher = hasher or MinHasher()
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / f"{number:05}.jsonl" for number in range(len(shards))]
    tasks = client.map(_clean, shards, targets, steps=steps, hasher=hasher, pure=False)
    cleaned: list[_Shard] = [task.result() for task in tasks]
    report = Report([*(step.name for step in steps), COPIES, NEAR_COPIES])
    for shard in cleaned:
        report.merge(shard.report)
    firsts = {
        COPIES: first_equal(np.concatenate([shard.contents for shard in cleaned])),
        NEAR_COPIES: near_duplicates(
            np.concatenate([shard.signatures for shard in cleaned]), hasher, threshold
        ),
    }
    removed_by = np.zeros(len(firsts[COPIES]), dtype=np.uint8)
    names = ("", *firsts)
    for mark, first in enumerate(firsts.values(), start=1):
        removed_by[(first != np.arange(len(first))) & (removed_by == 0)] = mark
    ends = np.cumsum([len(shard.contents) for shard in cleaned])[:-1]
    marks = np.split(removed_by, ends)
    for task in client.map(_drop, targets, marks, names=names, pure=False):
        for name, text in task.result():
            report.remove_later(name, text, WHY[name])
    return targets, report


def _clean(shard: Path, target: Path, steps: Sequence[Step], hasher: MinHasher) -> _Shard:
    report = Report([*(step.name for step in steps), COPIES, NEAR_COPIES])
    contents: list[int] = []
    signatures: list[Signatures] = []
    with target.open("w", encoding="utf-8") as file:
        documents = read_documents(shard)
        while batch := list(islice(documents, BATCH)):
            marked = apply_steps({"text": batch}, steps)
            report.add(marked)
            kept = [
                text
                for text, step in zip(marked["text"], marked["removed_by"], strict=True)
                if not step
            ]
            file.writelines(json.dumps({"text": text}) + "\n" for text in kept)
            prints = [hasher.fingerprint(text) for text in kept]
            contents += [content for content, _ in prints]
            signatures += [signature for _, signature in prints]
    return _Shard(target, report, np.array(contents, dtype=np.uint64), hasher.stacked(signatures))


def _drop(target: Path, marks: NDArray[np.uint8], names: Sequence[str]) -> list[tuple[str, str]]:
    """Rewrite a shard without the marked documents; give their steps and their texts."""
    dropped = []
    rest = target.with_suffix(".part")
    with rest.open("w", encoding="utf-8") as file:
        for line, mark in zip(_lines(target), marks, strict=True):
            if mark:
                dropped.append((names[mark], json.loads(line)["text"]))
            else:
                file.write(line)
    rest.replace(target)
    return dropped


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file
