import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.errors import ConfigurationError, DomainError, OutOfRangeError
from llmlab.foundations import BigramModel, bigram_probabilities, count_pairs, names

property_test = settings(derandomize=True, deadline=None, max_examples=25, database=None)
sequences = st.lists(
    st.lists(st.integers(1, 4), max_size=5).map(lambda ids: [0, *ids, 0]), min_size=1, max_size=6
)
TOY = [[0, 1, 1, 2, 0], [0, 2, 0]]


def test_pairs_are_counted_within_a_sequence_and_not_across():
    assert count_pairs(TOY, 3).tolist() == [[0, 1, 1], [0, 1, 1], [2, 0, 0]]
    assert count_pairs([], 2).tolist() == [[0, 0], [0, 0]]
    assert count_pairs([[0]], 2).tolist() == [[0, 0], [0, 0]]


def test_probabilities_are_shares_of_a_row():
    assert bigram_probabilities(TOY, 3).tolist() == [[0, 0.5, 0.5], [0, 0.5, 0.5], [1, 0, 0]]
    smooth = bigram_probabilities(TOY, 3, smoothing=1.0)
    torch.testing.assert_close(smooth, torch.tensor([[1, 2, 2], [1, 2, 2], [3, 1, 1]]) / 5)


@property_test
@given(sequences=sequences, smoothing=st.floats(0, 10))
def test_each_row_adds_up_to_1_and_a_token_never_seen_leaves_all_open(sequences, smoothing):
    table = bigram_probabilities(sequences, 6, smoothing)
    torch.testing.assert_close(table.sum(dim=-1), torch.ones(6))
    torch.testing.assert_close(table[5], torch.full((6,), 1 / 6))


@property_test
@given(sequences=sequences, seed=st.integers(0, 2**31))
def test_no_other_table_makes_the_sequences_more_probable_than_their_counts(sequences, seed):
    counts = count_pairs(sequences, 5)
    counted = bigram_probabilities(sequences, 5)
    other = torch.rand(5, 5, generator=torch.Generator().manual_seed(seed))
    other = other / other.sum(dim=-1, keepdim=True)
    for table in (other, 0.9 * counted + 0.1 * other):
        assert (
            torch.special.xlogy(counts, table).sum()
            <= torch.special.xlogy(counts, counted).sum() + 1e-4
        )


def test_a_model_of_names_guesses_new_names_far_better_than_even_odds():
    drawn = names(2_000)
    model = BigramModel.fit(drawn[:1_600])
    assert model.loss(drawn[1_600:]) < math.log(27) - 1
    assert model.perplexity(drawn[1_600:]) == pytest.approx(math.exp(model.loss(drawn[1_600:])))
    letters = sum(len(name) + 1 for name in drawn[1_600:])
    assert model.log_probabilities(drawn[1_600:]).shape == (letters,)


def test_without_smoothing_a_pair_that_was_never_seen_is_impossible():
    model = BigramModel.fit(["abba"], smoothing=0.0)
    assert model.loss(["ab"]) == math.inf
    assert model.loss(["abba"]) < 1
    assert BigramModel.fit(["abba"], smoothing=0.1).loss(["ab"]) < math.inf


def test_equal_seeds_write_equal_names():
    model = BigramModel.fit(names(500))
    first, second, third = (
        [model.write(generator) for _ in range(20)]
        for generator in (torch.Generator().manual_seed(seed) for seed in (1, 1, 2))
    )
    assert first == second != third
    assert len(set(first)) > 10


def test_a_model_of_one_name_writes_that_name():
    model = BigramModel.fit(["dor"], smoothing=0.0)
    assert model.write(torch.Generator()) == "dor"


def test_a_name_that_does_not_end_is_cut():
    endless = torch.zeros(27, 27)
    endless[:, 1] = 1
    assert BigramModel(endless).write(torch.Generator(), longest=7) == "a" * 7


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: count_pairs([[0, 3, 0]], 3),
            OutOfRangeError,
            "Token 3 is not in a vocabulary of 3",
        ),
        (lambda: count_pairs([[0, -1, 0]], 3), OutOfRangeError, "Token -1"),
        (lambda: bigram_probabilities(TOY, 3, -1.0), ConfigurationError, "smoothing is -1"),
        (lambda: BigramModel.fit(["a"]).loss([]), DomainError, "no names"),
        (lambda: BigramModel.fit(["É"]), OutOfRangeError, "contains 'É'"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_a_sentence(call, error, message):
    with pytest.raises(error, match=message):
        call()
