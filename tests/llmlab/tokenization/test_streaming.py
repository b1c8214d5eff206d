import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import GPT2_PATTERN, split_by_pattern
from llmlab.tokenization.pretokenization import SAFE_CUTS
from llmlab.tokenization.special import SpecialTokens
from llmlab.tokenization.streaming import safe_segments
from tests.llmlab.tokenization.texts import HARD_TEXTS, property_test

SPECIAL = SpecialTokens({"<|a|>": 0, "<|a|><|b|>": 1, "aa": 2})
TELLING = st.text(st.sampled_from("ab<|>1 \n'."), max_size=40)
SAFE_CUT = SAFE_CUTS[GPT2_PATTERN]


def words(text):
    return [
        [part] if place % 2 else split_by_pattern(part)
        for place, part in enumerate(SPECIAL.split(text))
        if part
    ]


@property_test
@given(TELLING, st.integers(1, 9))
def test_segments_have_the_words_and_special_tokens_of_the_whole(text, size):
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    segments = list(safe_segments(chunks, SAFE_CUT, SPECIAL))
    assert "".join(segments) == text
    found = [word for segment in segments for part in words(segment) for word in part]
    assert found == [word for part in words(text) for word in part]


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_hard_texts_have_the_words_of_the_whole(text):
    segments = safe_segments(text, SAFE_CUT, SpecialTokens({}))
    assert [word for s in segments for word in split_by_pattern(s)] == split_by_pattern(text)


def test_no_more_is_held_than_a_chunk_and_a_word():
    chunk = "some words, and some more " * 100
    segments = list(safe_segments([chunk] * 50, SAFE_CUT, SPECIAL))
    assert len(segments) >= 50
    assert max(map(len, segments)) <= 2 * len(chunk)


def test_where_no_place_is_known_a_text_is_cut_after_special_tokens():
    chunks = ["some words", "<|a|> and some words", " more"]
    assert list(safe_segments(chunks, None, SPECIAL)) == ["some words<|a|>", " and some words more"]


def test_a_text_without_a_safe_place_is_searched_few_times():
    class Counting(SpecialTokens):
        searches = 0

        def spans(self, text):
            self.searches += 1
            return super().spans(text)

    special = Counting({})
    assert list(safe_segments(["a"] * 1000, SAFE_CUT, special)) == ["a" * 1000]
    assert special.searches < 15
