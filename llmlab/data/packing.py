"""Packing: documents as one long row of token ids on disk, which training reads without loading it.

A pack is a folder: shards of ids, two or four bytes each, beside each shard the places at which its documents end,
and a manifest that counts and hashes them. Shards are memory-mapped, so a corpus can be larger than memory. After
each document stands the end token, from which a model learns where texts end (as in GPT-2; Radford et al., 2019).
"""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from llmlab.data.errors import ChecksumError, PackError
from llmlab.tokenization import Tokenizer

MANIFEST_FILE = "manifest.json"
_FORMAT = "llmlab-pack-1"
# One more than the largest id that each type can hold.
CAPACITY = {"uint16": 2**16, "uint32": 2**32}
# A shard of so many ids is 128 MB of uint16: large enough to read at full speed, small enough to copy again.
SHARD_TOKENS = 2**26
Dtype = Literal["uint16", "uint32"]
# The two packs of a folder for training.
TRAIN, VALIDATION = "train", "validation"
END_TOKEN = "<|endoftext|>"  # noqa: S105 - no secret


@dataclass(frozen=True)
class Shard:
    """What the manifest says of one shard.

    Attributes:
        name: Of its file; the ends of its documents are in a file of the same name that ends in `.ends`.
        tokens: How many ids it holds, end tokens included.
        documents: How many documents; none goes on in the next shard.
        sha256: Of its file.
        ends_sha256: Of the file of ends.
    """

    name: str
    tokens: int
    documents: int
    sha256: str
    ends_sha256: str

    @property
    def ends(self) -> str:
        """The name of the file that says where documents end, one past each end token, as uint64."""
        return Path(self.name).with_suffix(".ends").name


@dataclass(frozen=True)
class Manifest:
    """What a pack is made of.

    Attributes:
        dtype: `uint16` or `uint32`, little-endian.
        vocabulary_size: All ids are below it.
        end_id: The id that stands after each document, and nowhere else.
        shards: In their order.
    """

    dtype: Dtype
    vocabulary_size: int
    end_id: int
    shards: tuple[Shard, ...]

    @property
    def tokens(self) -> int:
        """How many ids there are in all."""
        return sum(shard.tokens for shard in self.shards)

    @property
    def documents(self) -> int:
        """How many documents there are in all."""
        return sum(shard.documents for shard in self.shards)

    @property
    def array_type(self) -> np.dtype[Any]:
        """The type of the ids, with its byte order."""
        return np.dtype(self.dtype).newbyteorder("<")


def _fitting(vocabulary_size: int, dtype: Dtype | None) -> Dtype:
    if dtype is None:
        dtype = "uint16" if vocabulary_size <= CAPACITY["uint16"] else "uint32"
    if dtype not in CAPACITY:
        raise PackError(f"There is no type of ids {dtype!r}; choose from: {', '.join(CAPACITY)}.")
    if not 0 < vocabulary_size <= CAPACITY[dtype]:
        raise PackError(
            f"A vocabulary of {vocabulary_size:,} does not fit {dtype}, which holds from 1 to {CAPACITY[dtype]:,} "
            "different ids; leave the type out, or choose uint32."
        )
    return dtype


def pack(
    documents: Iterable[Sequence[int]],
    folder: str | Path,
    *,
    vocabulary_size: int,
    end_id: int,
    dtype: Dtype | None = None,
    shard_tokens: int = SHARD_TOKENS,
) -> Manifest:
    """Write documents into a pack.

    The manifest is written last: a folder without one is a pack that was not finished, and is written anew.

    Args:
        documents: The ids of each, without the end token. They are read once, and one shard is held at a time.
        folder: Where to write; it is made if it is missing.
        vocabulary_size: Of the tokenizer.
        end_id: The id of its end token.
        dtype: The type of the ids; by default the smallest that holds the vocabulary.
        shard_tokens: A shard is closed when it holds so many ids.

    Raises:
        PackError: The vocabulary does not fit the type, an id lies outside of the vocabulary or is the end token,
            there is no document, the folder holds a pack already, or cannot be written.
    """
    folder = Path(folder)
    dtype = _fitting(vocabulary_size, dtype)
    if not 0 <= end_id < vocabulary_size:
        raise PackError(
            f"The end token {end_id} is not in the vocabulary, whose ids run from 0 to {vocabulary_size - 1}; give "
            "the id of a special token."
        )
    if (folder / MANIFEST_FILE).exists():
        raise PackError(f"{folder} holds a pack already; remove it, or give another folder.")
    checked = _checked(documents, vocabulary_size, end_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shards = tuple(
            _write_shard(folder, number, ids, ends, dtype)
            for number, (ids, ends) in enumerate(_in_shards(checked, end_id, shard_tokens))
        )
        if not shards:
            raise PackError(
                f"There is no document to pack into {folder}; check the corpus, or the filter that it came through."
            )
        manifest = Manifest(dtype, vocabulary_size, end_id, shards)
        content = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=2) + "\n"
        (folder / MANIFEST_FILE).write_text(content, encoding="utf-8")
    except OSError as error:
        raise PackError(
            f"The pack {folder} cannot be written ({error.strerror}); make room or choose another folder, then "
            "pack again."
        ) from error
    return manifest


def pack_texts(texts: Iterable[str], folder: Path, tokenizer: Tokenizer) -> None:
    """Encode texts and pack them, unless the folder holds a finished pack already.

    Raises:
        PackError: There is no text, the tokenizer has no end token, or the folder cannot be written.
    """
    if (folder / MANIFEST_FILE).exists():
        return
    end_id = tokenizer.special_tokens.get(END_TOKEN)
    if end_id is None:
        raise PackError(
            f"The tokenizer has no {END_TOKEN}, which ends each document; train one with "
            f"special_tokens=[{END_TOKEN!r}]."
        )
    documents = (tokenizer.encode(text, parse_special=False) for text in texts)
    pack(documents, folder, vocabulary_size=tokenizer.vocab_size, end_id=end_id)


def _checked(
    documents: Iterable[Sequence[int]], vocabulary_size: int, end_id: int
) -> Iterator[Sequence[int]]:
    for number, document in enumerate(documents):
        if not document:
            continue
        low, high = min(document), max(document)
        if low < 0 or high >= vocabulary_size:
            raise PackError(
                f"Document {number} has the id {low if low < 0 else high}, and the vocabulary has {vocabulary_size} "
                "ids; pack with the size of the tokenizer that encoded it."
            )
        if end_id in document:
            raise PackError(
                f"Document {number} contains the end token {end_id}, which stands between documents alone; encode "
                "text from strangers with parse_special=False."
            )
        yield document


def _in_shards(
    documents: Iterable[Sequence[int]], end_id: int, shard_tokens: int
) -> Iterator[tuple[array[int], array[int]]]:
    """Join documents, each with its end token, until a shard is full; give its ids and where documents end."""
    # Lists would take eight times the memory.
    ids, ends = array("I"), array("Q")
    for document in documents:
        ids.extend(chain(document, (end_id,)))
        ends.append(len(ids))
        if len(ids) >= shard_tokens:
            yield ids, ends
            ids, ends = array("I"), array("Q")
    if ids:
        yield ids, ends


def _write_shard(
    folder: Path, number: int, ids: array[int], ends: array[int], dtype: Dtype
) -> Shard:
    name = f"shard-{number:05}.tokens"
    data = np.asarray(ids, dtype=np.dtype(dtype).newbyteorder("<")).tobytes()
    data_of_ends = np.asarray(ends, dtype="<u8").tobytes()
    hashes = [hashlib.sha256(part).hexdigest() for part in (data, data_of_ends)]
    shard = Shard(name, len(ids), len(ends), *hashes)
    (folder / name).write_bytes(data)
    (folder / shard.ends).write_bytes(data_of_ends)
    return shard


def read_manifest(folder: str | Path) -> Manifest:
    """Read the manifest of a pack.

    Raises:
        PackError: There is none, it is damaged, or its numbers do not fit together.
    """
    path = Path(folder) / MANIFEST_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PackError(
            f"{folder} is no pack: its {MANIFEST_FILE} cannot be read ({error.strerror}); give a folder that was "
            "packed to the end."
        ) from error
    except ValueError as error:
        raise PackError(f"{path} is damaged ({error}); pack the corpus again.") from error
    if not isinstance(content, dict) or content.pop("format", None) != _FORMAT:
        raise PackError(f"{path} is no manifest of the format {_FORMAT}; pack the corpus again.")
    try:
        shards = tuple(Shard(**shard) for shard in content.pop("shards"))
        manifest = Manifest(**content, shards=shards)
        _fitting(manifest.vocabulary_size, manifest.dtype)
    except (TypeError, KeyError) as error:
        raise PackError(
            f"{path} lacks something or has too much ({error}); pack the corpus again."
        ) from error
    if not shards:
        raise PackError(f"{path} lists no shard, so there is nothing to learn from; pack again.")
    return manifest


class Pack:
    """A pack, opened: one long row of ids, whatever the shards.

    Args:
        folder: Where it lies.
        verify: Whether to read every file once and compare its SHA-256, which takes a second or so a gigabyte.

    Raises:
        PackError: The manifest cannot be used, or a shard is missing, empty, or not as long as the manifest says.
        ChecksumError: A file is not the one that was packed.
    """

    def __init__(self, folder: str | Path, *, verify: bool = True) -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(folder)
        for shard in self.manifest.shards:
            self._inspect(shard, verify)
        self._shards = [
            np.memmap(self.folder / shard.name, dtype=self.manifest.array_type, mode="r")
            for shard in self.manifest.shards
        ]
        # The place in the whole row at which each shard begins.
        self._starts = [0, *accumulate(shard.tokens for shard in self.manifest.shards)]

    def _inspect(self, shard: Shard, verify: bool) -> None:
        sizes = {
            shard.name: (shard.tokens * self.manifest.array_type.itemsize, shard.sha256),
            shard.ends: (shard.documents * 8, shard.ends_sha256),
        }
        for name, (size, sha256) in sizes.items():
            path = self.folder / name
            if not path.is_file():
                raise PackError(
                    f"{path} is missing; copy the pack again, or pack the corpus again."
                )
            found = path.stat().st_size
            if found == 0 or size == 0:
                raise PackError(f"{path} is empty; copy the pack again, or pack the corpus again.")
            if found != size:
                raise PackError(
                    f"{path} has {found:,} bytes, and the manifest says {size:,}; it was cut short or belongs to "
                    "another pack. Copy it again, or pack the corpus again."
                )
            if verify and _sha256(path) != sha256:
                raise ChecksumError(
                    f"{path} is not the file that was packed: its SHA-256 differs from the manifest's. Copy it again, "
                    "or pack the corpus again."
                )

    def __len__(self) -> int:
        """Count the ids."""
        return self._starts[-1]

    def read(self, start: int, length: int) -> Int[Tensor, "length"]:
        """Copy ids out of the row, across shards where need be.

        Raises:
            PackError: The row does not have so many.
        """
        if start < 0 or length < 0 or start + length > len(self):
            raise PackError(
                f"There are no ids {start} to {start + length} in {self.folder}, which has {len(self):,}."
            )
        parts = []
        while length > 0:
            number = bisect_right(self._starts, start) - 1
            place = start - self._starts[number]
            part = self._shards[number][place : place + length]
            parts.append(part.astype(np.int64))
            start, length = start + len(part), length - len(part)
        return torch.from_numpy(np.concatenate(parts) if parts else np.empty(0, np.int64))

    def documents(self) -> Iterator[Int[Tensor, "length"]]:
        """Give the ids of each document, without its end token."""
        for shard, start in zip(self.manifest.shards, self._starts, strict=False):
            begin = 0
            for end in np.fromfile(self.folder / shard.ends, dtype="<u8").tolist():
                yield self.read(start + begin, end - 1 - begin)
                begin = end


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
