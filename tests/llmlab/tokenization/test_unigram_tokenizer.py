import json
import pickle
from random import Random

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from llmlab.errors import ConfigurationError, OutOfRangeError
from llmlab.tokenization import (
    EmptyCorpusError,
    SpecialTokenError,
    Unigram,
    UnsupportedOptionError,
    VocabularyError,
)
from tests.llmlab.tokenization.texts import HARD_TEXTS, property_test

SPECIAL = ["<unk>", "<s>", "<s><t>"]


@pytest.fixture(scope="module", params=["bytes", "unknown", "NFKC"])
def trained(request):
    return Unigram.train(
        HARD_TEXTS * 3,
        600 if request.param == "bytes" else 230,
        special_tokens=SPECIAL,
        byte_fallback=request.param == "bytes",
        normal_form="NFKC" if request.param == "NFKC" else "none",
        character_coverage=0.95,
    )


@pytest.fixture(scope="module")
def peer(trained, tmp_path_factory):
    return tokenizers.Tokenizer.from_file(str(trained.save(tmp_path_factory.mktemp("peer"))))


@pytest.fixture(scope="module")
def with_bytes():
    return Unigram.train(HARD_TEXTS, 500, special_tokens=SPECIAL, byte_fallback=True)


@pytest.mark.parametrize("text", [*HARD_TEXTS, "<s>a<s><t> b<s><t", "<s> <s>"])
def test_hard_texts_get_the_ids_of_tokenizers(trained, peer, text):
    assert trained.encode(text) == peer.encode(text).ids


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_ids_of_a_text_decode_as_in_tokenizers(trained, peer, text):
    ids = trained.encode(text)
    assert trained.decode(ids) == peer.decode(ids, skip_special_tokens=False)


@property_test
@given(text=st.text(st.characters(exclude_characters="▁", codec="utf-8")))
def test_with_bytes_every_text_without_the_mark_comes_back(with_bytes, text):
    assert with_bytes.decode(with_bytes.encode(text)) == text


@property_test
@given(parts=st.lists(st.sampled_from(["<s>", "<t>", "<unk>", " ", "a", "\n"]), max_size=12))
def test_texts_with_special_tokens_come_back(with_bytes, parts):
    text = "".join(parts)
    assert with_bytes.decode(with_bytes.encode(text)) == text


@property_test
@given(text=st.text(st.sampled_from("ab<s>t \né"), max_size=40), size=st.integers(1, 9))
def test_a_text_in_chunks_has_the_ids_of_the_whole(trained, text, size):
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(trained.encode_iterable(chunks)) == trained.encode(text)


@property_test
@given(text=st.text("abcdefgh xyz"), seed=st.integers(0, 9))
def test_a_drawn_cut_is_a_cut_of_the_same_text(with_bytes, text, seed):
    drawn = with_bytes.sample(text, alpha=0.1, generator=Random(seed))
    assert with_bytes.decode(drawn) == text


def test_a_large_alpha_draws_the_best_cut(with_bytes):
    text = "the quick brown <s>fox"
    assert with_bytes.sample(text, alpha=1e6, generator=Random(0)) == with_bytes.encode(text)


def test_unknown_characters_side_by_side_are_one_token():
    tokenizer = Unigram({"<unk>": 0.0, "▁": -1.0, "a": -1.0})
    assert tokenizer.encode("axyaz") == [1, 2, 0, 2, 0]
    assert tokenizer.decode([1, 2, 0, 2, 0]) == "a<unk>a<unk>"


def test_special_tokens_in_text_from_strangers_stay_text(with_bytes):
    assert with_bytes.special_tokens["<s>"] not in with_bytes.encode("<s>", parse_special=False)
    # A special token of one character is no piece either.
    tokenizer = Unigram({"<unk>": 0.0, "|": 0.0, "▁": -1.0}, special_tokens=["<unk>", "|"])
    assert tokenizer.encode("|") == [1]
    assert tokenizer.encode("|", parse_special=False) == [2, 0]


def test_the_file_comes_back_as_it_was(trained, tmp_path):
    for copy in (Unigram.from_file(trained.save(tmp_path)), pickle.loads(pickle.dumps(trained))):
        assert copy.pieces == trained.pieces
        assert (copy.normal_form, copy.byte_fallback) == (
            trained.normal_form,
            trained.byte_fallback,
        )
        assert copy.special_tokens == trained.special_tokens
        assert copy.encode("Hello wörld <s>") == trained.encode("Hello wörld <s>")


def test_an_id_out_of_range_is_refused(trained):
    with pytest.raises(OutOfRangeError, match="There is no token -1"):
        trained.decode([-1])


def test_a_vocabulary_without_room_for_the_characters_is_refused():
    with pytest.raises(ConfigurationError, match="1 special tokens and bytes and the 4 characters"):
        Unigram.train("abc", 4)


def test_an_empty_corpus_is_refused():
    with pytest.raises(EmptyCorpusError, match="The corpus holds no text"):
        Unigram.train([""], 100)


@pytest.mark.parametrize(
    ("pieces", "options", "error", "message"),
    [
        ({"<unk>": 0.0}, {}, VocabularyError, "needs pieces besides"),
        ({"a": -1.0}, {"special_tokens": []}, VocabularyError, "needs a special token '<unk>'"),
        (
            {"<unk>": 0.0, "a": -1.0},
            {"byte_fallback": True},
            VocabularyError,
            "piece for each byte",
        ),
        ({"<unk>": 0.0}, {"special_tokens": ["<s>"]}, SpecialTokenError, "'<s>' is not among"),
    ],
)
def test_a_vocabulary_that_lacks_something_is_refused(pieces, options, error, message):
    with pytest.raises(error, match=message):
        Unigram(pieces, **options)


@pytest.mark.parametrize("entry", [["<unk>", 0.0], ["x"], ["x", "y"], "x"])
def test_an_entry_that_is_no_new_piece_with_a_score_is_refused(with_bytes, tmp_path, entry):
    path = with_bytes.save(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["model"]["vocab"].append(entry)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(
        VocabularyError, match=f"Entry {with_bytes.vocab_size} of the vocabulary of"
    ):
        Unigram.from_file(path)


@pytest.mark.parametrize("part", ["normalizer", "pre_tokenizer"])
def test_what_would_change_the_ids_is_refused(with_bytes, tmp_path, part):
    path = with_bytes.save(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content[part] = {"type": "Metaspace"}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UnsupportedOptionError, match=f"asks for the {part} .*Metaspace"):
        Unigram.from_file(path)
