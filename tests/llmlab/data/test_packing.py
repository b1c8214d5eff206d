"""Packs: what goes in comes out, and damage is noticed before anything is learned from it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from llmlab.data.errors import ChecksumError, PackError
from llmlab.data.packing import MANIFEST_FILE, Pack, pack, pack_texts, read_manifest
from llmlab.tokenization import ByteLevelBPE

DOCUMENTS = [[5, 6, 7], [8], [9, 10, 11, 12], [13, 14]]


def packed(folder: Path, **options: object) -> Pack:
    settings = {"vocabulary_size": 20, "end_id": 19, **options}
    pack(DOCUMENTS, folder, **settings)  # type: ignore[arg-type]
    return Pack(folder)


@pytest.mark.parametrize("shard_tokens", [1, 6, 1000])
def test_documents_come_back_as_they_went_in_however_many_shards(
    tmp_path: Path, shard_tokens: int
) -> None:
    opened = packed(tmp_path, shard_tokens=shard_tokens)
    assert [document.tolist() for document in opened.documents()] == DOCUMENTS
    assert opened.manifest.documents == len(DOCUMENTS)
    assert opened.manifest.tokens == len(opened) == 14
    assert len(opened.manifest.shards) == {1: 4, 6: 2, 1000: 1}[shard_tokens]


def test_the_row_of_ids_has_an_end_token_after_each_document(tmp_path: Path) -> None:
    whole = packed(tmp_path).read(0, 14)
    assert whole.tolist() == [5, 6, 7, 19, 8, 19, 9, 10, 11, 12, 19, 13, 14, 19]


def test_reading_across_shards_gives_what_one_shard_would(tmp_path: Path) -> None:
    one = packed(tmp_path / "one")
    many = packed(tmp_path / "many", shard_tokens=3)
    for start in range(14):
        for length in range(14 - start + 1):
            assert torch.equal(one.read(start, length), many.read(start, length))


def test_reading_beyond_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no ids 10 to 15"):
        packed(tmp_path).read(10, 5)


@pytest.mark.parametrize(("vocabulary_size", "kind"), [(65_536, "uint16"), (65_537, "uint32")])
def test_ids_take_two_bytes_as_long_as_the_vocabulary_fits_them(
    tmp_path: Path, vocabulary_size: int, kind: str
) -> None:
    document = [vocabulary_size - 2, 0]
    manifest = pack(
        [document], tmp_path, vocabulary_size=vocabulary_size, end_id=vocabulary_size - 1
    )
    assert manifest.dtype == kind
    assert (tmp_path / "shard-00000.tokens").stat().st_size == 3 * np.dtype(kind).itemsize
    assert Pack(tmp_path).read(0, 3).tolist() == [*document, vocabulary_size - 1]


def test_a_vocabulary_larger_than_the_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"vocabulary of 70,000 does not fit uint16.*65,536"):
        pack(DOCUMENTS, tmp_path, vocabulary_size=70_000, end_id=1, dtype="uint16")


def test_a_manifest_whose_vocabulary_outgrew_its_type_is_refused(tmp_path: Path) -> None:
    packed(tmp_path)
    change(tmp_path, vocabulary_size=70_000)
    with pytest.raises(PackError, match="does not fit uint16"):
        Pack(tmp_path)


def test_an_id_outside_of_the_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="Document 2 has the id 12"):
        pack(DOCUMENTS, tmp_path, vocabulary_size=12, end_id=0)
    assert not (tmp_path / MANIFEST_FILE).exists()


def test_a_document_that_contains_the_end_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="Document 1 contains the end token 8"):
        pack(DOCUMENTS, tmp_path, vocabulary_size=20, end_id=8)


def test_an_end_token_outside_of_the_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="end token 20 is not in the vocabulary"):
        pack(DOCUMENTS, tmp_path, vocabulary_size=20, end_id=20)


@pytest.mark.parametrize("documents", [[], [[]]])
def test_no_document_is_no_pack(tmp_path: Path, documents: list[list[int]]) -> None:
    with pytest.raises(PackError, match="no document to pack"):
        pack(documents, tmp_path, vocabulary_size=20, end_id=19)


def test_a_finished_pack_is_not_overwritten_and_an_unfinished_one_is(tmp_path: Path) -> None:
    packed(tmp_path)
    with pytest.raises(PackError, match="holds a pack already"):
        packed(tmp_path)
    (tmp_path / MANIFEST_FILE).unlink()
    assert len(packed(tmp_path)) == 14


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    packed(tmp_path)
    shard = tmp_path / "shard-00000.tokens"
    data = bytearray(shard.read_bytes())
    data[3] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ChecksumError, match=r"shard-00000\.tokens is not the file.*SHA-256"):
        Pack(tmp_path)
    assert len(Pack(tmp_path, verify=False)) == 14


def test_a_manifest_whose_hash_is_wrong_is_noticed(tmp_path: Path) -> None:
    packed(tmp_path)
    content = json.loads((tmp_path / MANIFEST_FILE).read_text())
    content["shards"][0]["ends_sha256"] = "0" * 64
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(content))
    with pytest.raises(ChecksumError, match=r"shard-00000\.ends"):
        Pack(tmp_path)


def test_an_empty_shard_is_noticed(tmp_path: Path) -> None:
    packed(tmp_path)
    (tmp_path / "shard-00000.tokens").write_bytes(b"")
    with pytest.raises(PackError, match=r"shard-00000\.tokens is empty"):
        Pack(tmp_path)


def test_a_shard_that_was_cut_short_is_noticed_without_reading_it(tmp_path: Path) -> None:
    packed(tmp_path)
    shard = tmp_path / "shard-00000.tokens"
    shard.write_bytes(shard.read_bytes()[:-2])
    with pytest.raises(PackError, match="has 26 bytes, and the manifest says 28"):
        Pack(tmp_path, verify=False)


def test_a_missing_shard_is_noticed(tmp_path: Path) -> None:
    packed(tmp_path)
    (tmp_path / "shard-00000.ends").unlink()
    with pytest.raises(PackError, match=r"shard-00000\.ends is missing"):
        Pack(tmp_path)


def change(folder: Path, **fields: object) -> None:
    content = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / MANIFEST_FILE).write_text(json.dumps(content | fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": "another"}, "no manifest of the format"),
        ({"shards": []}, "lists no shard"),
        ({"strange": 1}, "lacks something or has too much"),
        ({"dtype": "int8"}, "no type of ids 'int8'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_damaged_manifest_is_refused(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    packed(tmp_path)
    change(tmp_path, **fields)
    with pytest.raises(PackError, match=message):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="is no pack"):
        Pack(tmp_path)
    (tmp_path / MANIFEST_FILE).write_text("{")
    with pytest.raises(PackError, match="is damaged"):
        Pack(tmp_path)


def test_a_disk_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PackError, match=r"cannot be written \(.*choose another folder"):
        packed(tmp_path / "file")


def test_a_tokenizer_without_an_end_token_is_refused(tmp_path: Path) -> None:
    tokenizer = ByteLevelBPE.train("a b c", 260)
    with pytest.raises(PackError, match=r"has no <\|endoftext\|>"):
        pack_texts(["a"], tmp_path, tokenizer)
