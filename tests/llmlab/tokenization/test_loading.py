import json

import pytest
import tokenizers

from llmlab.tokenization import (
    ByteLevelBPE,
    HuggingFaceTokenizer,
    TokenizerFileError,
    Unigram,
    WordPiece,
    load_tokenizer,
)
from tests.llmlab.tokenization.texts import HARD_TEXTS


@pytest.mark.parametrize("kind", [ByteLevelBPE, WordPiece, Unigram])
def test_a_tokenizer_json_opens_as_what_it_holds(kind, tmp_path):
    tokenizer = kind.train(HARD_TEXTS, 500)
    path = tokenizer.save(tmp_path)
    for place in (path, str(path), tmp_path):
        opened = load_tokenizer(place)
        assert type(opened) is kind
        assert opened.vocabulary() == tokenizer.vocabulary()


def test_the_files_of_gpt2_and_of_bert_open(tmp_path, small):
    small.save_gpt2(tmp_path / "gpt2")
    assert load_tokenizer(tmp_path / "gpt2").vocabulary() == small.vocabulary()
    WordPiece.train(HARD_TEXTS, 500).save_bert(tmp_path / "bert")
    assert isinstance(load_tokenizer(tmp_path / "bert"), WordPiece)


def test_what_ours_do_not_do_is_left_to_the_library(tmp_path, small):
    path = small.save(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["normalizer"] = {"type": "Lowercase"}
    path.write_text(json.dumps(content), encoding="utf-8")
    opened = load_tokenizer(path)
    assert isinstance(opened, HuggingFaceTokenizer)
    assert opened.encode("HELLO") == small.encode("hello")


@pytest.mark.parametrize("model", [{"type": "WordLevel", "vocab": {}}, {"vocab": {}}, None])
def test_an_unknown_model_type_is_refused(tmp_path, model):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({"model": model}), encoding="utf-8")
    with pytest.raises(
        TokenizerFileError, match=r"model type ('WordLevel'|None), which is unknown here; known are"
    ):
        load_tokenizer(path)


def test_a_model_without_a_vocabulary_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({"model": {"type": "BPE"}}), encoding="utf-8")
    with pytest.raises(TokenizerFileError, match="holds no model with a vocabulary"):
        load_tokenizer(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"is no JSON \(line 1: "),
        (b"[]", "holds no JSON object"),
        (b"\xff", r"is not UTF-8 \(byte 0 breaks it\)"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, content, message):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(TokenizerFileError, match=message):
        load_tokenizer(path)


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(TokenizerFileError, match="holds no tokenizer: neither"):
        load_tokenizer(tmp_path)
    with pytest.raises(TokenizerFileError, match=r"cannot be read \(No such file or directory\)"):
        load_tokenizer(tmp_path / "nothing.json")
    with pytest.raises(TokenizerFileError, match="is no model that sentencepiece can read"):
        load_tokenizer(tmp_path / "nothing.model")


def test_a_file_that_not_even_the_library_can_read_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(TokenizerFileError, match=f"tokenizers {tokenizers.__version__} can read"):
        HuggingFaceTokenizer.from_file(path)
