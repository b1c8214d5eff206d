import itertools
import math
from collections import Counter, defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import (
    UNKNOWN_SCORE,
    backward,
    expected_counts,
    forward,
    n_best,
    sample,
    viterbi,
)
from tests.llmlab.tokenization.texts import property_test

WORD = st.text("abc", max_size=7)
SCORES = st.dictionaries(st.text("ab", min_size=1, max_size=4), st.floats(-9, -0.1), max_size=9)


def all_ways(word, scores):
    """Cut a word in every way that there is: each way with its score."""
    ways = []
    for cuts in itertools.product([False, True], repeat=max(0, len(word) - 1)):
        places = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), len(word)]
        pieces = [word[i:j] for i, j in itertools.pairwise(places)] if word else []
        if all(piece in scores or len(piece) == 1 for piece in pieces):
            ways.append((pieces, sum(scores.get(piece, UNKNOWN_SCORE) for piece in pieces)))
    return ways


def test_the_most_probable_way_wins_over_the_greedy_one():
    scores = {"ab": -1.0, "abc": -2.0, "cd": -1.0, "d": -9.0, "a": -9.0, "b": -9.0, "c": -9.0}
    assert viterbi("abcd", scores) == ["ab", "cd"]


def test_an_unknown_character_stands_alone():
    assert viterbi("axa", {"a": -1.0}) == ["a", "x", "a"]


def test_of_equal_ways_the_one_with_the_longest_last_piece_wins():
    assert viterbi("abc", {"ab": -1.0, "c": -1.0, "a": -1.0, "bc": -1.0}) == ["a", "bc"]


def test_nothing_is_cut_into_nothing():
    assert viterbi("", {"a": -1.0}) == []
    assert n_best("", {"a": -1.0}, 3) == [([], 0.0)]


@property_test
@given(WORD, SCORES)
def test_the_best_way_is_the_best_of_all(word, scores):
    best = max(score for _, score in all_ways(word, scores))
    found = viterbi(word, scores)
    assert "".join(found) == word
    assert sum(scores.get(piece, UNKNOWN_SCORE) for piece in found) == pytest.approx(best)
    assert viterbi(word, scores, longest=4) == found


@property_test
@given(WORD, SCORES, st.integers(1, 9))
def test_the_n_best_ways_are_the_best_of_all(word, scores, n):
    ways = sorted((score for _, score in all_ways(word, scores)), reverse=True)
    found = n_best(word, scores, n)
    assert [score for _, score in found] == pytest.approx(ways[:n])
    assert len({tuple(pieces) for pieces, _ in found}) == len(found)


@property_test
@given(WORD, SCORES)
def test_forward_and_backward_sum_over_all_ways(word, scores):
    total = math.log(math.fsum(math.exp(score) for _, score in all_ways(word, scores)) or 1e-300)
    if total > -600:  # beyond that the sum itself is lost, and only logarithms can tell
        assert forward(word, scores)[-1] == pytest.approx(total)
    assert forward(word, scores)[-1] == pytest.approx(backward(word, scores)[0])


@property_test
@given(WORD.filter(lambda word: "c" not in word), SCORES)
def test_expected_counts_are_the_mean_over_all_ways(word, scores):
    scores = {"a": -3.0, "b": -4.0, **scores}
    ways = all_ways(word, scores)
    total = sum(math.exp(score) for _, score in ways)
    means = defaultdict(float)
    for pieces, score in ways:
        for piece in pieces:
            means[piece] += math.exp(score) / total
    assert expected_counts(word, scores) == pytest.approx(dict(means))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0])
def test_ways_are_drawn_in_proportion_to_their_tempered_probability(alpha):
    scores = {"a": -1.0, "b": -2.0, "ab": -2.0, "ba": -1.5}
    generator = Random(0)
    draws = 20_000
    drawn = Counter(tuple(sample("abab", scores, alpha, generator)) for _ in range(draws))
    ways = {tuple(way): math.exp(alpha * score) for way, score in all_ways("abab", scores)}
    total = sum(ways.values())
    assert drawn.keys() == ways.keys()
    for way, weight in ways.items():
        assert drawn[way] / draws == pytest.approx(weight / total, abs=0.02)


def test_the_same_seed_draws_the_same_way():
    scores = {"a": -1.0, "aa": -1.0}
    draws = [[sample("aaaaaa", scores, 0.5, Random(3)) for _ in range(5)] for _ in range(2)]
    assert draws[0] == draws[1]
