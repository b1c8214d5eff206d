import pytest

from llmlab.tokenization import SpecialTokenError
from llmlab.tokenization.special import SpecialTokens


def test_of_several_that_fit_the_longest_wins():
    special = SpecialTokens({"<a>": 0, "<a><b>": 1, "<b>": 2})
    assert special.split("x<a><b><a>y") == ["x", "<a><b>", "", "<a>", "y"]


def test_signs_of_regular_expressions_are_taken_as_they_are():
    assert SpecialTokens({"[a|.*": 0}).split("a[a|.*") == ["a", "[a|.*", ""]


def test_without_special_tokens_a_text_stays_whole():
    assert SpecialTokens({}).split("<a>") == ["<a>"]
    assert SpecialTokens({}).spans("<a>") == []


def test_an_empty_special_token_is_refused():
    with pytest.raises(SpecialTokenError, match="A special token is empty"):
        SpecialTokens({"<a>": 0, "": 1})


def test_a_special_token_that_is_given_twice_is_refused():
    with pytest.raises(SpecialTokenError, match="'<a>' is given 2 times"):
        SpecialTokens.numbered(["<a>", "<b>", "<a>"], 0)
