from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.errors import ConfigurationError, OutOfRangeError
from llmlab.foundations import ALPHABET, BigramModel, count_pairs, decode, encode, names

property_test = settings(derandomize=True, deadline=None, max_examples=50, database=None)


def test_equal_seeds_draw_equal_names():
    assert names(50, seed=1) == names(50, seed=1) != names(50, seed=2)


def test_a_longer_list_begins_with_the_shorter_one():
    assert names(300)[:100] == names(100)
    assert names(0) == []


def test_no_name_comes_twice_and_all_are_small_letters():
    drawn = names(5_000)
    assert len(set(drawn)) == len(drawn) == 5_000
    assert all(set(name) <= set(ALPHABET[1:]) and len(name) >= 2 for name in drawn)


def test_two_letters_of_context_guess_new_names_better_than_one():
    drawn = [encode(name) for name in names(5_000)]
    known, new = drawn[:4_000], drawn[4_000:]
    # A pair of letters as one token makes a trigram model of a bigram model.
    size = len(ALPHABET)

    def in_pairs(ids):
        return [size * first + second for first, second in zip([0, *ids], ids, strict=False)]

    counts = count_pairs(map(in_pairs, known), size**2).reshape(size**2, size, size).sum(dim=1)
    smoothed = counts + 0.1
    table = (smoothed / smoothed.sum(dim=-1, keepdim=True)).log()
    surprises = [
        -table[current, following % size].item()
        for ids in map(in_pairs, new)
        for current, following in pairwise(ids)
    ]
    bigram = BigramModel.fit(map(decode, known), smoothing=0.1).loss(map(decode, new))
    assert sum(surprises) / len(surprises) < bigram - 0.2


@property_test
@given(st.text(alphabet=ALPHABET[1:], max_size=12))
def test_ids_give_the_name_back(name):
    ids = encode(name)
    assert ids[0] == ids[-1] == 0
    assert decode(ids) == name


@pytest.mark.parametrize("count", [-1, 50_001])
def test_more_names_than_the_grammar_can_serve_are_refused(count):
    with pytest.raises(ConfigurationError, match=f"{count} names cannot be drawn"):
        names(count)


@pytest.mark.parametrize(("name", "strange"), [("Ann", "A"), ("zoë", "ë"), ("a.b", r"\.")])
def test_other_letters_are_refused(name, strange):
    with pytest.raises(OutOfRangeError, match=f"contains '{strange}'"):
        encode(name)


@pytest.mark.parametrize("strange", [-1, 27])
def test_ids_that_are_no_letter_are_refused(strange):
    with pytest.raises(OutOfRangeError, match=f"no letter with the id {strange}"):
        decode([0, strange, 0])
