import json
import pickle

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from llmlab.errors import ConfigurationError, OutOfRangeError
from llmlab.tokenization import (
    EmptyCorpusError,
    TokenizerFileError,
    UnsupportedOptionError,
    VocabularyError,
    WordPiece,
)
from tests.llmlab.tokenization.texts import HARD_TEXTS, property_test


@pytest.fixture(scope="module", params=[True, False])
def trained(request):
    return WordPiece.train(HARD_TEXTS * 2, 420, uncased=request.param)


@pytest.fixture(scope="module")
def peer(trained, tmp_path_factory):
    return tokenizers.Tokenizer.from_file(str(trained.save(tmp_path_factory.mktemp("peer"))))


def test_ids_are_special_tokens_then_characters_then_pieces():
    tokenizer = WordPiece.train("low low lower", 14, min_frequency=1)
    assert [tokenizer.id_to_token(i) for i in range(tokenizer.vocab_size)] == [
        *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        *("##e", "##o", "##r", "##w", "l", "##er", "##ow", "##ower", "low"),
    ]
    assert tokenizer.tokens("Lower low!") == ["low", "##er", "low", "[UNK]"]


@pytest.mark.parametrize("text", [*HARD_TEXTS, "[CLS] a [SEP][SEP]b [MASK", "a" * 101, "a" * 100])
def test_hard_texts_get_the_ids_of_tokenizers(trained, peer, text):
    ids = trained.encode(text)
    assert ids == peer.encode(text).ids
    assert trained.decode(ids) == peer.decode(ids, skip_special_tokens=False)


@property_test
@given(text=st.text(st.sampled_from("aAéÉß1. \n[]中\u0301'"), max_size=30))
def test_texts_get_the_ids_of_tokenizers(trained, peer, text):
    assert trained.encode(text) == peer.encode(text).ids


@property_test
@given(text=st.text(st.sampled_from("ab[CLS] \né中\u0301"), max_size=40), size=st.integers(1, 9))
def test_a_text_in_chunks_has_the_ids_of_the_whole(trained, text, size):
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(trained.encode_iterable(chunks)) == trained.encode(text)


def test_case_and_accents_go_if_you_wish():
    text = "Café CAFÉ cafe"
    uncased = WordPiece.train(text, 30, min_frequency=1)
    assert len(set(uncased.encode(text))) == 1
    cased = WordPiece.train(text, 30, min_frequency=1, uncased=False)
    assert len(set(cased.encode(text))) == 3


def test_special_tokens_in_text_from_strangers_stay_text(trained):
    cls = trained.special_tokens["[CLS]"]
    assert trained.encode("[CLS]") == [cls]
    assert cls not in trained.encode("[CLS]", parse_special=False)


def test_a_special_token_that_is_a_word_stays_text_too():
    tokenizer = WordPiece({"[UNK]": 0, "end": 1}, special_tokens={"[UNK]": 0, "end": 1})
    assert tokenizer.encode("end") == [1]
    assert tokenizer.encode("end", parse_special=False) == [0]


def test_the_files_come_back_as_they_were(trained, tmp_path):
    from_json = WordPiece.from_file(trained.save(tmp_path))
    from_text = WordPiece.from_bert(trained.save_bert(tmp_path), uncased=trained.uncased)
    for copy in (from_json, from_text, pickle.loads(pickle.dumps(trained))):
        assert copy.vocabulary() == trained.vocabulary()
        assert copy.special_tokens == trained.special_tokens
        assert copy.encode("Hello wörld [SEP]") == trained.encode("Hello wörld [SEP]")


def test_an_id_out_of_range_is_refused(trained):
    with pytest.raises(OutOfRangeError, match="There is no token 420"):
        trained.decode([420])


def test_a_vocabulary_without_room_for_the_characters_is_refused():
    with pytest.raises(ConfigurationError, match=r"3 characters of the corpus.* at least 8"):
        WordPiece.train("low low", 7)


def test_an_empty_corpus_is_refused():
    with pytest.raises(EmptyCorpusError, match="The corpus holds no words"):
        WordPiece.train(" \n", 100)


def test_a_vocabulary_without_the_unknown_token_is_refused():
    with pytest.raises(VocabularyError, match=r"needs '\[UNK\]'"):
        WordPiece({"a": 0}, special_tokens={})


def test_a_token_that_stands_twice_in_a_file_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("[UNK]\na\nb\na\n", encoding="utf-8")
    with pytest.raises(VocabularyError, match="'a' in line 2 and in line 4"):
        WordPiece.from_bert(tmp_path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TokenizerFileError, match=r"vocab\.txt cannot be read \(No such file"):
        WordPiece.from_bert(tmp_path)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("model", {"unk_token": "?"}, "a unk_token of '\\?'"),
        ("model", {"max_input_chars_per_word": 7}, "a max_input_chars_per_word of 7"),
        ("normalizer", {"clean_text": False}, "the normalizer"),
        ("pre_tokenizer", {"type": "Whitespace"}, "the pre_tokenizer"),
    ],
)
def test_what_would_change_the_ids_is_refused(trained, tmp_path, part, change, message):
    path = trained.save(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content[part].update(change)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UnsupportedOptionError, match=f"asks for {message}"):
        WordPiece.from_file(path)
