import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import (
    join_pieces,
    longest_match,
    merge_pieces,
    merge_scores,
    split_characters,
    train_wordpiece,
)
from tests.llmlab.tokenization.texts import property_test


def test_all_characters_but_the_first_are_marked():
    assert split_characters("dog") == ["d", "##o", "##g"]


def test_a_pair_is_scored_by_how_much_more_often_it_comes_than_chance():
    words = {("d", "##o", "##g"): 2, ("d", "##o"): 1, ("q", "##u"): 1}
    assert merge_scores(words) == pytest.approx(
        {("d", "##o"): 3 / 9, ("##o", "##g"): 2 / 6, ("q", "##u"): 1.0}
    )


def test_joined_pieces_lose_the_mark_between_them():
    assert join_pieces("##lo", "##w") == "##low"
    assert join_pieces("l", "##ow") == "low"


def test_pieces_merge_from_left_to_right_without_overlap():
    pieces = ["a", "##a", "##a", "##a"]
    assert merge_pieces(pieces, ("##a", "##a")) == ["a", "##aa", "##a"]


def test_training_prefers_pairs_of_rare_pieces_that_go_together():
    vocabulary = train_wordpiece({"at": 90, "ax": 10, "it": 90, "qu": 2}, 8)
    # Byte pair encoding would have begun with 'at', the most frequent pair.
    assert vocabulary == ["##t", "##u", "##x", "a", "i", "q", "qu", "ax"]


def test_training_stops_when_nothing_is_left_to_merge():
    assert train_wordpiece({"ab": 1}, 100) == ["##b", "a", "ab"]


def test_the_longest_piece_is_taken_first():
    vocabulary = {"un", "una", "##aff", "##ff", "##able"}
    assert longest_match("unaffable", vocabulary) == ["una", "##ff", "##able"]


def test_a_word_that_cannot_be_built_is_unknown_as_a_whole():
    assert longest_match("unaffably", {"una", "##ff", "##able"}) == ["[UNK]"]
    assert longest_match("xy", {"x"}, unknown="?") == ["?"]


@property_test
@given(st.lists(st.text("abc", min_size=1, max_size=8), min_size=1), st.integers(1, 30))
def test_the_words_of_the_corpus_can_be_built_and_joined_again(words, vocab_size):
    vocabulary = train_wordpiece({word: words.count(word) for word in words}, vocab_size)
    for word in words:
        pieces = longest_match(word, vocabulary)
        assert pieces[0] + "".join(piece.removeprefix("##") for piece in pieces[1:]) == word
