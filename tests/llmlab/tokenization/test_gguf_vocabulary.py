"""The tokenizer inside a GGUF file, written here by the library `gguf` as llama.cpp writes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from gguf import GGUFWriter, TokenType

from llmlab.tokenization import ByteLevelBPE, load_tokenizer
from llmlab.tokenization.errors import TokenizerFileError

TEXT = "the cat and the hat sat, 12 of them: the the the"


def write(path: Path, tokenizer: ByteLevelBPE, *, model: str = "gpt2", pre: str = "gpt-2") -> Path:
    writer = GGUFWriter(path, "llama")
    special = set(tokenizer.special_tokens.values())
    count = tokenizer.vocab_size
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([tokenizer.id_to_token(token) for token in range(count)])
    kinds = [TokenType.CONTROL if token in special else TokenType.NORMAL for token in range(count)]
    writer.add_token_types(kinds)
    writer.add_token_merges([f"{left} {right}" for left, right in tokenizer.merges])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def trained() -> ByteLevelBPE:
    return ByteLevelBPE.train(TEXT, 270, special_tokens=["<|end|>"])


@pytest.mark.parametrize("text", ["the cat sat", " naïve 語 12", "a<|end|>the", "don't  stop\n\n"])
def test_it_cuts_as_the_tokenizer_that_was_written(
    trained: ByteLevelBPE, tmp_path: Path, text: str
) -> None:
    loaded = load_tokenizer(write(tmp_path / "model.gguf", trained))
    assert loaded.encode(text) == trained.encode(text)
    assert loaded.decode(loaded.encode(text)) == text
    assert loaded.special_tokens == trained.special_tokens


def test_smollm2_cuts_numbers_into_digits(trained: ByteLevelBPE, tmp_path: Path) -> None:
    loaded = load_tokenizer(write(tmp_path / "model.gguf", trained, pre="smollm"))
    assert loaded.tokens("12") == ["1", "2"]


@pytest.mark.parametrize(("model", "pre"), [("llama", "default"), ("gpt2", "llama-bpe")])
def test_a_tokenizer_of_another_kind_is_refused(
    trained: ByteLevelBPE, tmp_path: Path, model: str, pre: str
) -> None:
    path = write(tmp_path / "model.gguf", trained, model=model, pre=pre)
    with pytest.raises(
        TokenizerFileError, match=f"the kind {model!r} that cuts words like {pre!r}"
    ):
        load_tokenizer(path)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model at all"])
def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(
        TokenizerFileError, match=re.escape(f"{path} is no GGUF file, or is cut short")
    ):
        load_tokenizer(path)
