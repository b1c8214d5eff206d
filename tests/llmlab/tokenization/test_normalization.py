import unicodedata

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import (
    clean,
    compose,
    lowercase,
    nfc,
    nfd,
    nfkc,
    replace_surrogates,
    space_out_chinese,
    strip_accents,
)
from tests.llmlab.tokenization.texts import property_test

# Characters that every version of Unicode in use agrees about.
OLD = st.characters(codec="utf-8").filter(
    lambda c: unicodedata.ucd_3_2_0.category(c) not in ("Cn", "Co")
)


def test_composed_and_decomposed_letters_become_the_same():
    assert nfc("e\u0301") == "é"
    assert nfd("é") == "e\u0301"
    assert nfc("e\u0301") != "e\u0301"


def test_compatibility_replaces_what_only_looks_special():
    assert nfkc("ﬁ①½") == "fi11⁄2"


def test_accents_are_stripped():
    assert strip_accents("Crème Brûlée, Ångström") == "Creme Brulee, Angstrom"


def test_control_characters_go_and_spaces_become_plain():
    assert clean("a\x00b\ufffdc\td\u00a0e\u200bf") == "abc d ef"


def test_chinese_characters_stand_apart_and_kana_do_not():
    assert space_out_chinese("漢字かな") == " 漢  字 かな"


def test_steps_are_applied_from_left_to_right():
    assert compose(str.upper, lambda text: text + "a")("b") == "Ba"
    assert compose()("as it was") == "as it was"


@property_test
@given(st.text(OLD))
def test_lowercase_is_that_of_tokenizers(text):
    assert lowercase(text) == tokenizers.normalizers.Lowercase().normalize_str(text)


@property_test
@given(st.text(OLD))
@pytest.mark.parametrize("uncased", [True, False])
def test_the_steps_of_bert_together_are_those_of_tokenizers(uncased, text):
    peer = tokenizers.normalizers.BertNormalizer(lowercase=uncased)
    steps = [clean, space_out_chinese, *([strip_accents, lowercase] if uncased else [])]
    # Of which kind a space is does not matter, since words are cut at all of them.
    assert compose(*steps)(text).split() == peer.normalize_str(text).split()


def test_half_a_surrogate_pair_becomes_the_replacement_character():
    assert replace_surrogates("a\ud83dz\ude00") == "a\ufffdz\ufffd"


def test_two_halves_become_the_character():
    assert replace_surrogates("\ud83d\ude00") == "😀"


@property_test
@given(st.text())
def test_a_text_without_surrogates_stays(text):
    assert replace_surrogates(text) == text
