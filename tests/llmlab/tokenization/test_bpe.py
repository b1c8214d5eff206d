import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import (
    byte_characters,
    count_words,
    decode_ids,
    encode_word,
    merge_pair,
    most_frequent_pair,
    pair_counts,
    token_bytes,
    train_bpe,
)
from tests.llmlab.tokenization.texts import property_test

# The example of Sennrich et al. (2016).
WORDS = {b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}


def test_every_byte_has_a_character_of_its_own():
    table = byte_characters()
    assert sorted(table) == list(range(256))
    assert len(set(table.values())) == 256


def test_visible_bytes_stand_for_themselves_and_the_space_does_not():
    table = byte_characters()
    assert (table[ord("a")], table[ord("~")], table[ord(" ")], table[0]) == ("a", "~", "Ġ", "Ā")


def test_the_characters_have_the_order_of_gpt2(data_folder):
    vocabulary = json.loads((data_folder / "openai-community/gpt2/vocab.json").read_text("utf-8"))
    assert [vocabulary[character] for character in byte_characters().values()] == list(range(256))


def test_a_pair_counts_as_often_as_its_words():
    assert pair_counts({(1, 2, 1, 2): 3, (2, 1): 4}) == {(1, 2): 6, (2, 1): 7}


def test_neighbors_that_overlap_count_each():
    assert pair_counts({(1, 1, 1): 1}) == {(1, 1): 2}


def test_of_equally_frequent_pairs_the_one_with_the_smaller_ids_wins():
    assert most_frequent_pair({(3, 1): 2, (2, 9): 2, (2, 8): 2, (0, 0): 1}) == (2, 8)


def test_pairs_merge_from_left_to_right_without_overlap():
    assert merge_pair([1, 1, 1, 2], (1, 1), 256) == [256, 1, 2]
    assert merge_pair([1, 2], (2, 1), 256) == [1, 2]
    assert merge_pair([], (1, 1), 256) == []


def test_training_learns_what_the_paper_learns():
    merges = train_bpe(WORDS, 4)
    spelled = token_bytes(merges)
    assert [spelled[new_id] for new_id in merges.values()] == [b"es", b"est", b"lo", b"low"]


def test_training_stops_when_nothing_is_left_to_merge():
    assert list(train_bpe({b"ab": 1}, 10)) == [(97, 98)]


def test_a_word_is_cut_by_the_merges_in_the_order_in_which_they_were_learned():
    # b"abc" could be ab+c or a+bc; bc was learned first.
    merges = {(98, 99): 256, (97, 98): 257}
    assert encode_word(b"abc", merges) == [97, 256]


@property_test
@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1), st.integers(0, 30))
def test_encoding_cuts_a_word_as_training_cut_it(words, num_merges):
    counted = {word: words.count(word) for word in words}
    merges = train_bpe(counted, num_merges)
    for word in counted:
        ids = list(word)
        for pair, new_id in merges.items():
            ids = merge_pair(ids, pair, new_id)
        assert encode_word(word, merges) == ids


@property_test
@given(st.binary())
def test_the_bytes_of_the_ids_are_the_word(word):
    merges = train_bpe(WORDS, 10)
    spelled = token_bytes(merges)
    assert b"".join(spelled[i] for i in encode_word(word, merges)) == word


def test_a_character_that_is_cut_in_two_is_read_as_one():
    first, second = "é".encode()
    assert decode_ids([first, second], token_bytes({})) == "é"


def test_bytes_that_are_no_utf8_become_the_replacement_character():
    assert decode_ids([0xFF, 97, 0xC3], token_bytes({})) == "\ufffda\ufffd"


def test_an_id_that_is_not_there_is_refused():
    with pytest.raises(KeyError):
        decode_ids([256], token_bytes({}))


def test_a_trained_word_becomes_one_token():
    merges = train_bpe(count_words(["the cat the cat the"]), 20)
    assert len(encode_word(b" the", merges)) == 1
