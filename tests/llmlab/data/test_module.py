"""The data of a run: stories told and packed at the first use, and the place in them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from llmlab.data.errors import PackError
from llmlab.data.module import TalesData, TokenData
from llmlab.data.packing import Pack


@pytest.fixture(scope="module")
def tales(tmp_path_factory: pytest.TempPathFactory) -> TalesData:
    data = TalesData(
        tmp_path_factory.mktemp("tales"),
        stories=100,
        vocabulary_size=300,
        length=32,
        batch_size=4,
        validation_batches=2,
    )
    data.prepare_data()
    data.setup("fit")
    return data


def test_tales_are_told_packed_and_read(tales: TalesData) -> None:
    batch = next(iter(tales.train_dataloader()))
    assert batch.shape == (4, 33)
    assert tales.tokenizer.decode(batch[0].tolist()).isascii()
    assert tales.vocabulary_size == tales.tokenizer.vocab_size == 300


def test_the_validation_set_is_told_with_another_seed_and_always_the_same(tales: TalesData) -> None:
    first, second = (list(tales.val_dataloader()) for _ in range(2))
    assert [tuple(batch.shape) for batch in first] == [(4, 33), (4, 33)]
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))
    story = tales.tokenizer.decode(next(Pack(tales.folder / "validation").documents()).tolist())
    trained = Pack(tales.folder / "train").documents()
    assert story not in [tales.tokenizer.decode(document.tolist()) for document in trained]


def test_preparing_again_leaves_what_is_there(tales: TalesData) -> None:
    files = sorted(tales.folder.rglob("*.*"))
    before = [path.stat().st_mtime_ns for path in files]
    tales.prepare_data()
    assert [path.stat().st_mtime_ns for path in files] == before


def test_the_place_in_the_data_is_part_of_the_checkpoint(tales: TalesData) -> None:
    next(iter(tales.train_dataloader()))
    state = tales.state_dict()
    assert state["position"] >= 4
    tales.load_state_dict(state | {"position": 40})
    assert tales.train_dataloader().position == 40


def test_packs_must_be_opened_before_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="are not open"):
        TokenData(tmp_path).train_dataloader()
