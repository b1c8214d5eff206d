import json
import pickle
import unicodedata

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers, trainers

from llmlab.errors import ConfigurationError, OutOfRangeError
from llmlab.tokenization import (
    GPT2_PATTERN,
    GPT4_PATTERN,
    SMOLLM2_PATTERN,
    ByteLevelBPE,
    EmptyCorpusError,
    MergesError,
    SpecialTokenError,
    TokenizerFileError,
    UnsupportedOptionError,
    VocabularyError,
    byte_characters,
    encode_word,
    merge_by_rank,
    replace_surrogates,
    train_bpe,
)
from tests.llmlab.tokenization.texts import HARD_TEXTS, property_test

BYTES = {character: place for place, character in enumerate(byte_characters().values())}


def chunks(text, size):
    return [text[start : start + size] for start in range(0, len(text), size)]


# --- there and back ---------------------------------------------------------------------------


@property_test
@given(text=st.text())
def test_every_text_comes_back(small, text):
    assert small.decode(small.encode(text)) == text


@property_test
@given(data=st.binary())
def test_all_bytes_come_back(small, data):
    assert small.decode_bytes(small.encode_bytes(data)) == data


@property_test
@given(text=st.text())
def test_the_bytes_of_a_text_have_its_ids(small, text):
    assert small.encode_bytes(text.encode()) == small.encode(text)


@property_test
@given(text=st.text(st.characters(categories=["Cs", "L"])))
def test_halves_of_surrogate_pairs_become_the_replacement_character(small, text):
    assert small.decode(small.encode(text)) == replace_surrogates(text)


@property_test
@given(ids=st.lists(st.integers(0, 50256), max_size=12))
def test_any_ids_decode_as_in_tokenizers(gpt2, peer_gpt2, ids):
    assert gpt2.decode(ids) == peer_gpt2.decode(ids, skip_special_tokens=False)


@property_test
@given(data=st.binary())
def test_bytes_that_are_no_utf8_decode_as_in_tokenizers(gpt2, peer_gpt2, data):
    ids = gpt2.encode_bytes(data)
    assert gpt2.decode(ids) == peer_gpt2.decode(ids, skip_special_tokens=False)


@property_test
@given(data=st.binary())
def test_ids_that_arrive_one_by_one_decode_to_the_same_text(small, data):
    ids = small.encode_bytes(data)
    assert "".join(small.decode_iterable(ids)) == small.decode(ids)


def test_a_character_is_given_out_when_it_is_complete():
    tokenizer = ByteLevelBPE.from_merges({})
    assert list(tokenizer.decode_iterable("aé".encode())) == ["a", "é"]
    assert list(tokenizer.decode_iterable("é".encode()[:1])) == ["\ufffd"]


# --- GPT-2 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_hard_texts_get_the_ids_of_tokenizers(gpt2, peer_gpt2, text):
    assert gpt2.encode(text) == peer_gpt2.encode(text).ids
    assert list(gpt2.encode_iterable(text)) == peer_gpt2.encode(text).ids


@property_test
@given(text=st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("C",)) | st.just(" ")))
def test_texts_get_the_ids_of_tokenizers(gpt2, peer_gpt2, text):
    assert gpt2.encode(text) == peer_gpt2.encode(text).ids


def test_characters_of_every_kind_get_the_ids_of_tokenizers(gpt2, peer_gpt2):
    # The two libraries know Unicode in different versions. What was a letter in version 3.2 (2002)
    # is one in both. Of the letters without case, Chinese most of them, some will do.
    kinds = {chr(i): unicodedata.ucd_3_2_0.category(chr(i)) for i in range(0x110000)}
    others = [c for c, kind in kinds.items() if kind not in ("Cn", "Co", "Cs", "Lo")]
    letters = [c for c, kind in kinds.items() if kind == "Lo"]
    text = "".join(f"a{c} {c}1" for c in others + letters[::100])
    assert gpt2.encode(text) == peer_gpt2.encode(text).ids


def test_five_megabytes_get_the_ids_of_tokenizers_streamed_and_whole(
    gpt2, peer_gpt2, five_megabytes
):
    [theirs] = peer_gpt2.encode_batch_fast([five_megabytes])
    whole = gpt2.encode(five_megabytes)
    assert whole == theirs.ids
    assert list(gpt2.encode_iterable(chunks(five_megabytes, 65_521))) == whole
    assert gpt2.decode(whole) == five_megabytes


def test_special_tokens_inside_one_another_get_the_ids_of_tokenizers(small, tmp_path):
    peer = tokenizers.Tokenizer.from_file(str(small.save(tmp_path)))
    for text in ("<|a|><|b|>", "<|b|><|a|>x<|a|><|b", "<|a|><|a|><|b|><|endoftext|>", "<|<|a|>|>"):
        ids = small.encode(text)
        assert ids == peer.encode(text).ids
        assert list(small.encode_iterable(text)) == ids
        assert small.decode(ids) == text


def test_special_tokens_in_text_from_strangers_stay_text(gpt2):
    ids = gpt2.encode("<|endoftext|>", parse_special=False)
    assert 50256 not in ids
    assert gpt2.decode(ids) == "<|endoftext|>"
    assert gpt2.encode("<|endoftext|>") == [50256]
    assert list(gpt2.encode_iterable(["<|endof", "text|>"], parse_special=False)) == ids


@property_test
@given(
    text=st.text(st.sampled_from("ab<|>é1 \n'.\ud83d\ude00"), max_size=60), size=st.integers(1, 9)
)
def test_a_text_in_chunks_has_the_ids_of_the_whole(small, text, size):
    assert list(small.encode_iterable(chunks(text, size))) == small.encode(text)


# --- training ---------------------------------------------------------------------------------


def test_ids_are_bytes_then_merges_then_special_tokens():
    tokenizer = ByteLevelBPE.train("the the the", 260, special_tokens=["<|b|>", "<|a|>"])
    assert tokenizer.id_to_token(0) == "!"
    assert tokenizer.merges == (("h", "e"), ("t", "he"))
    assert [tokenizer.id_to_token(i) for i in range(256, 260)] == ["he", "the", "<|b|>", "<|a|>"]
    assert tokenizer.special_tokens == {"<|b|>": 258, "<|a|>": 259}


def test_a_text_and_a_list_of_it_teach_the_same():
    assert ByteLevelBPE.train("a text", 260).merges == ByteLevelBPE.train(["a text"], 260).merges


def test_what_a_student_trained_becomes_a_tokenizer_with_the_same_ids():
    merges = train_bpe({b" low": 5, b" lower": 2, b" new": 6}, 12)
    tokenizer = ByteLevelBPE.from_merges(merges, special_tokens=["<|endoftext|>"])
    assert tokenizer.encode(" lower") == encode_word(b" lower", merges)
    assert tokenizer.special_tokens == {"<|endoftext|>": tokenizer.vocab_size - 1}


def test_a_vocabulary_without_room_for_the_bytes_is_refused():
    with pytest.raises(
        ConfigurationError, match=r"A vocabulary of 255 has no room .* at least 256"
    ):
        ByteLevelBPE.train("text", 255)
    with pytest.raises(ConfigurationError, match="1 special tokens; ask for at least 257"):
        ByteLevelBPE.train("text", 256, special_tokens=["<|a|>"])


@pytest.mark.parametrize("corpus", ["", [], ["", ""]])
def test_an_empty_corpus_is_refused(corpus):
    with pytest.raises(EmptyCorpusError, match="The corpus holds no text"):
        ByteLevelBPE.train(corpus, 300)


def test_an_empty_special_token_is_refused():
    with pytest.raises(SpecialTokenError, match="A special token is empty"):
        ByteLevelBPE.train("text", 300, special_tokens=[""])


# --- one word ---------------------------------------------------------------------------------


@property_test
@given(
    words=st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=8),
    word=st.binary(max_size=40),
)
def test_merging_by_a_heap_is_merging_step_by_step(words, word):
    merges = train_bpe({each: words.count(each) for each in words}, 60)
    ranks = {pair: (rank, new_id) for rank, (pair, new_id) in enumerate(merges.items())}
    for each in [*words, word]:
        assert merge_by_rank(list(each), ranks) == encode_word(each, merges)


def test_a_word_of_a_hundred_thousand_bytes_is_cut_like_a_short_one():
    merges = {(97, 97): 256, (256, 256): 257}
    ranks = {(97, 97): (0, 256), (256, 256): (1, 257)}
    assert merge_by_rank([97] * 100_003, ranks) == [257] * 25_000 + [256, 97]
    assert encode_word(b"a" * 11, merges) == [257, 257, 256, 97]


# --- vocabularies -----------------------------------------------------------------------------


def test_tokens_are_looked_up_both_ways(small):
    vocabulary = small.vocabulary()
    assert len(vocabulary) == small.vocab_size == 400
    assert all(small.token_to_id(token) == token_id for token, token_id in vocabulary.items())
    assert small.token_to_id("no such token") is None
    assert small.tokens("<|a|>a") == ["<|a|>", "a"]
    assert small.token_bytes(small.special_tokens["<|a|>"]) == b"<|a|>"


@pytest.mark.parametrize("token_id", [-1, 400])
def test_an_id_out_of_range_is_refused(small, token_id):
    for look_up in (small.id_to_token, small.token_bytes, lambda i: small.decode([i])):
        with pytest.raises(OutOfRangeError, match=f"There is no token {token_id}; .* 0 to 399"):
            look_up(token_id)


def test_a_batch_is_encoded_and_decoded_text_by_text(small):
    batch = small.encode_batch(HARD_TEXTS)
    assert batch == [small.encode(text) for text in HARD_TEXTS]
    assert small.decode_batch(batch) == HARD_TEXTS


def test_a_tokenizer_can_be_sent_to_another_process(small):
    copy = pickle.loads(pickle.dumps(small))
    assert copy.encode("<|a|> text") == small.encode("<|a|> text")
    assert repr(copy) == "ByteLevelBPE(400 tokens, 4 special)"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x y": 257}, "none has the id 256"),
        ({"x y": 255}, r"share the id 255; each token needs an id of its own"),
        ({"x y": -1}, "'x y' has the id -1; an id is a whole number"),
        ({"x y": True}, "'x y' has the id True; an id is a whole number"),
    ],
)
def test_a_vocabulary_with_a_hole_or_a_duplicate_is_refused(tmp_path, change, message):
    (tmp_path / "vocab.json").write_text(json.dumps({**BYTES, **change}), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    with pytest.raises(VocabularyError, match=message):
        ByteLevelBPE.from_gpt2(tmp_path)


def test_a_special_token_with_two_ids_is_refused():
    with pytest.raises(VocabularyError, match="'a' has two ids, 64 and 256"):
        ByteLevelBPE(BYTES, [], special_tokens={"a": 256})


def test_a_token_that_stands_twice_in_a_file_is_refused(tmp_path):
    text = json.dumps(BYTES).replace('"!": 0', '"!": 0, "!": 0')
    (tmp_path / "vocab.json").write_text(text, encoding="utf-8")
    with pytest.raises(VocabularyError, match="names '!' 2 times"):
        ByteLevelBPE.from_gpt2(tmp_path)


def test_a_vocabulary_that_lacks_a_byte_is_refused_or_the_byte_dropped(tmp_path):
    lacking = {token: i for token, i in BYTES.items() if i < 255}
    with pytest.raises(VocabularyError, match=r"no token for the byte 0xad, .* writes 'Ń'"):
        ByteLevelBPE(lacking, [])
    dropping = ByteLevelBPE(lacking, [], missing_bytes="drop")
    peer = tokenizers.Tokenizer.from_file(str(dropping.save(tmp_path)))
    for tokenizer in (dropping, ByteLevelBPE.from_file(tmp_path / "tokenizer.json")):
        assert tokenizer.encode("a\u00adb") == peer.encode("a\u00adb").ids
        assert tokenizer.decode_bytes(tokenizer.encode("a\u00adb")) == b"a\xc2b"


@pytest.mark.parametrize("merge", [("a", "zz"), ("zz", "a"), ("a", "b")])
def test_merges_that_name_unknown_tokens_are_refused(merge):
    with pytest.raises(MergesError, match=r"Merge 1 joins .* and the vocabulary has no '(zz|ab)'"):
        ByteLevelBPE(BYTES, [merge])


def test_a_merge_that_stands_twice_is_refused():
    with pytest.raises(MergesError, match="Merge 2 joins 'a' and 'b', as merge 1 does already"):
        ByteLevelBPE({**BYTES, "ab": 256}, [("a", "b"), ("a", "b")])


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [GPT2_PATTERN, GPT4_PATTERN, SMOLLM2_PATTERN, r"\w+|\s"])
def test_tokenizers_reads_what_we_write_and_gives_the_same_ids(tmp_path, pattern):
    tokenizer = ByteLevelBPE.train(HARD_TEXTS, 350, pattern=pattern, special_tokens=["<|a|>"])
    path = tokenizer.save(tmp_path / "folder")
    assert path == tmp_path / "folder" / "tokenizer.json"
    peer = tokenizers.Tokenizer.from_file(str(path))
    ours = ByteLevelBPE.from_file(path)
    assert (ours.pattern, ours.special_tokens) == (pattern, tokenizer.special_tokens)
    for text in HARD_TEXTS:
        assert tokenizer.encode(text) == ours.encode(text) == peer.encode(text).ids
        assert peer.decode(peer.encode(text).ids, skip_special_tokens=False) == text


def test_we_read_what_tokenizers_writes(tmp_path):
    peer = tokenizers.Tokenizer(tokenizers.models.BPE())
    peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=350,
        special_tokens=["<|endoftext|>"],  # it gets the id 0, and the bytes come after it
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator(HARD_TEXTS, trainer)
    peer.save(str(tmp_path / "tokenizer.json"))
    ours = ByteLevelBPE.from_file(tmp_path / "tokenizer.json")
    assert ours.vocabulary() == peer.get_vocab()
    for text in HARD_TEXTS:
        assert ours.encode(text) == peer.encode(text).ids


def test_the_files_of_gpt2_come_back_as_they_were(tmp_path, gpt2, data_folder):
    gpt2.save_gpt2(tmp_path)
    original = data_folder / "openai-community/gpt2"
    merges = (tmp_path / "merges.txt").read_text(encoding="utf-8")
    assert merges == "#version: 0.2\n" + (original / "merges.txt").read_text(encoding="utf-8")
    vocabulary = (tmp_path / "vocab.json").read_text(encoding="utf-8")
    assert json.loads(vocabulary) == json.loads((original / "vocab.json").read_text("utf-8"))


def test_special_tokens_are_found_in_the_files_of_gpt2(tmp_path, small):
    assert ByteLevelBPE.from_gpt2(small.save_gpt2(tmp_path)).special_tokens == small.special_tokens


@pytest.mark.parametrize("line", ["a", "a b c", " b", "a  b"])
def test_a_line_that_is_no_merge_is_refused_with_its_number(tmp_path, line):
    (tmp_path / "vocab.json").write_text(json.dumps({**BYTES, "ab": 256}), encoding="utf-8")
    (tmp_path / "merges.txt").write_text(f"#version: 0.2\na b\n{line}\n", encoding="utf-8")
    with pytest.raises(MergesError, match=r"merges\.txt, line 3 is .*two tokens with one space"):
        ByteLevelBPE.from_gpt2(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normalizer": {"type": "NFC"}}, "asks for a normalizer"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "cuts texts in a way that is unknown"),
        ({"pre_tokenizer": None}, "cuts texts in a way that is unknown"),
        ({"model": {"dropout": 0.1}}, "asks for a dropout of 0.1"),
        ({"model": {"ignore_merges": True}}, "asks for ignore_merges"),
        ({"added_tokens": {"lstrip": True}}, "asks for lstrip around '<|a|>'"),
    ],
)
def test_what_would_change_the_ids_is_refused(tmp_path, small, change, message):
    path = small.save(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    if "model" in change:
        content["model"].update(change["model"])
    elif "added_tokens" in change:
        content["added_tokens"][0].update(change["added_tokens"])
    else:
        content.update(change)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UnsupportedOptionError, match=message.replace("|", r"\|")):
        ByteLevelBPE.from_file(path)


def test_a_tokenizer_of_another_model_is_refused(tmp_path, small):
    path = small.save(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["model"]["type"] = "WordPiece"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(TokenizerFileError, match="model type 'WordPiece', and a BPE was asked for"):
        ByteLevelBPE.from_file(path)
