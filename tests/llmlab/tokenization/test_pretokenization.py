import unicodedata

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from llmlab.errors import ConfigurationError
from llmlab.tokenization import (
    GPT2_PATTERN,
    GPT4_PATTERN,
    SMOLLM2_PATTERN,
    ByteLevelBPE,
    count_words,
    split_at_punctuation,
    split_by_metaspace,
    split_by_pattern,
)
from llmlab.tokenization.pretokenization import SAFE_CUTS, compile_pattern, without_gaps
from tests.llmlab.tokenization.texts import HARD_TEXTS, property_test

# The characters between which the patterns decide.
TELLING = st.text(
    st.sampled_from("aAéstdmlvreſ中1٣½'. !-_\t\n\r\x0b\u00a0\u3000\u0301😀"), max_size=20
)
PATTERNS = [GPT2_PATTERN, GPT4_PATTERN, SMOLLM2_PATTERN]


def peer_split(pattern, text):
    split = pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="isolated")
    return [word for word, _ in split.pre_tokenize_str(text)]


def test_a_word_carries_the_space_before_it():
    assert split_by_pattern("the cat's 22 lives!") == ["the", " cat", "'s", " 22", " lives", "!"]


def test_of_a_run_of_spaces_the_last_goes_with_the_word():
    assert split_by_pattern("a    b  ") == ["a", "   ", " b", "  "]


def test_gpt4_cuts_numbers_into_threes_and_knows_contractions_in_capitals():
    assert split_by_pattern("IT'S 12345", GPT4_PATTERN) == ["IT", "'S", " ", "123", "45"]


def test_smollm2_makes_each_digit_a_word():
    assert split_by_pattern("in  12", SMOLLM2_PATTERN) == ["in", "  ", "1", "2"]


@pytest.mark.parametrize("text", HARD_TEXTS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_hard_texts_are_cut_as_tokenizers_cuts_them(pattern, text):
    assert split_by_pattern(text, pattern) == peer_split(pattern, text)


@property_test
@given(TELLING)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_are_cut_as_tokenizers_cuts_them(pattern, text):
    assert split_by_pattern(text, pattern) == peer_split(pattern, text)


@property_test
@given(TELLING)
def test_the_pattern_of_smollm2_is_digits_apart_and_then_gpt2(text):
    steps = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
    peer = pre_tokenizers.Sequence(steps).pre_tokenize_str(text)
    assert split_by_pattern(text, SMOLLM2_PATTERN) == [text[i:j] for _, (i, j) in peer]


@property_test
@given(st.text())
@pytest.mark.parametrize("pattern", PATTERNS)
def test_joined_words_are_the_text(pattern, text):
    assert "".join(split_by_pattern(text, pattern)) == text


@property_test
@given(before=TELLING, after=TELLING)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_can_be_cut_at_every_safe_place_of_its_pattern(pattern, before, after):
    text = before + after
    for match in compile_pattern(SAFE_CUTS[pattern]).finditer(text):
        left, right = text[: match.start()], text[match.start() :]
        halves = split_by_pattern(left, pattern) + split_by_pattern(right, pattern)
        assert halves == split_by_pattern(text, pattern)


@property_test
@given(TELLING)
def test_what_a_pattern_leaves_becomes_words_as_in_tokenizers(text):
    pattern = r"[a-z]+|\s"
    assert split_by_pattern(text, without_gaps(pattern)) == peer_split(pattern, text)


def test_a_pattern_that_captures_is_refused():
    with pytest.raises(ConfigurationError, match=r"groups that capture; write \(\?:...\)"):
        ByteLevelBPE.train("text", 300, pattern=r"(a)|b")


def test_a_pattern_that_is_no_regular_expression_is_refused():
    with pytest.raises(ConfigurationError, match="is no regular expression"):
        ByteLevelBPE.train("text", 300, pattern=r"[a")


def test_punctuation_stands_apart_and_spaces_go():
    assert split_at_punctuation(" don't pay $5.00\n") == [
        "don",
        "'",
        "t",
        "pay",
        "$",
        "5",
        ".",
        "00",
    ]


@property_test
@given(st.text(st.characters(codec="utf-8").filter(lambda c: unicodedata.category(c)[0] != "C")))
def test_words_are_those_of_bert_in_tokenizers(text):
    # Characters that are younger than one of the two libraries are left out above all else.
    text = "".join(c for c in text if unicodedata.ucd_3_2_0.category(c) != "Cn")
    peer = [word for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text)]
    assert split_at_punctuation(text) == peer


def test_metaspace_makes_spaces_visible_and_puts_one_in_front():
    assert split_by_metaspace("the cat  sat\nhere") == ["▁the", "▁cat", "▁", "▁sat", "\n", "here"]


def test_a_text_that_goes_on_gets_no_metaspace_in_front():
    assert split_by_metaspace("cat sat", inside=True) == ["cat", "▁sat"]


def test_an_empty_text_has_no_words():
    assert split_by_metaspace("") == []


def test_words_are_counted_as_bytes():
    assert count_words(["a é é", "a"]) == {b"a": 2, " é".encode(): 2}
