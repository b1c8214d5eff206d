"""From texts to what training reads: every text goes to one side, and nothing half done is left in the way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from llmlab.data.errors import PackError
from llmlab.data.packing import Pack
from llmlab.data.tales import stories
from llmlab.data.training_data import prepare_texts
from llmlab.tokenization import ByteLevelBPE, load_tokenizer

TEXTS = list(islice(stories(1), 25))


def packed(folder: Path) -> list[str]:
    tokenizer = load_tokenizer(folder.parent)
    return [tokenizer.decode(document.tolist()) for document in Pack(folder).documents()]


def test_every_text_is_on_one_side(tmp_path: Path) -> None:
    folder, seen = tmp_path / "ready", []

    def watch(texts: Iterator[str], purpose: str) -> Iterator[str]:
        seen.append(purpose)
        return texts

    prepared = prepare_texts(
        lambda: iter(TEXTS), folder, vocabulary_size=300, hold_out_every=10, watch=watch
    )
    assert packed(folder / "validation") == [TEXTS[0], TEXTS[10], TEXTS[20]]
    assert packed(folder / "train") == [*TEXTS[1:10], *TEXTS[11:20], *TEXTS[21:]]
    assert (prepared.train.documents, prepared.validation.documents) == (22, 3)
    assert prepared.train.vocabulary_size == 300
    assert seen == ["learning the tokenizer", "packing train", "packing validation"]


def test_what_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield from TEXTS[:20]
        if (tmp_path / "ready.unfinished").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_texts(broken, tmp_path / "ready", vocabulary_size=300, hold_out_every=2)
    assert (tmp_path / "ready.unfinished").exists()
    assert not (tmp_path / "ready").exists()
    prepare_texts(lambda: TEXTS, tmp_path / "ready", vocabulary_size=300)
    assert [path.name for path in tmp_path.iterdir()] == ["ready"]


def test_what_cannot_be_prepared_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    def told(texts: list[str], folder: str = "new", **options: int | ByteLevelBPE) -> str:
        with pytest.raises(PackError) as caught:
            prepare_texts(lambda: texts, tmp_path / folder, **options)  # type: ignore[arg-type]
        return str(caught.value)

    (tmp_path / "old").mkdir()
    assert "old exists, and is not overwritten" in told(TEXTS, "old")
    assert "Two documents are needed" in told(TEXTS[:1])
    assert "leaves none to learn from" in told(TEXTS, hold_out_every=1)
    bare = ByteLevelBPE.train(TEXTS, 300)
    assert "has no <|endoftext|>" in told(TEXTS, tokenizer=bare)
    assert not (tmp_path / "new").exists()
