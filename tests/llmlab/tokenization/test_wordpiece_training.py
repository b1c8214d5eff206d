from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import learn_pieces, train_wordpiece
from tests.llmlab.tokenization.texts import property_test

WORDS = st.dictionaries(st.text("abcd", min_size=1, max_size=9), st.integers(1, 9), max_size=12)


@property_test
@given(WORDS, st.integers(1, 60))
def test_the_pieces_are_those_of_the_plain_algorithm(words, vocab_size):
    assert learn_pieces(words, vocab_size) == train_wordpiece(words, vocab_size)


def test_a_pair_that_is_too_rare_is_not_merged():
    assert learn_pieces({"ab": 3, "cd": 2}, 10, min_frequency=3) == ["##b", "##d", "a", "c", "ab"]


def test_the_tables_grow_with_the_vocabulary(shakespeare):
    words = Counter(shakespeare[:100_000].split())
    pieces = learn_pieces(words, 1500)
    assert len(pieces) == len(set(pieces)) == 1500
    assert pieces[:120] == train_wordpiece(words, 120)
