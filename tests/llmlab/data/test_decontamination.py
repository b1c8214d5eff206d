from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.data import Decontaminator, contaminated_by, ngrams

QUESTION = "Ada has three apples and gives two of them to Ben; how many apples are left for her?"


def test_runs_of_words_are_collected_and_short_texts_have_none() -> None:
    assert ngrams(["a", "b", "c"], 2) == {("a", "b"), ("b", "c")}
    assert ngrams(["a"], 2) == set()


def test_a_quoted_question_is_found_in_spite_of_case_and_punctuation() -> None:
    quoted = f"I saw this: {QUESTION.upper().replace(';', ' --')} Strange!"
    assert contaminated_by(quoted, ["Something else entirely.", QUESTION]) == [1]
    found = Decontaminator([QUESTION]).find(quoted)
    assert found == "ada has three apples and gives two of them to ben how many"


def test_a_run_of_one_word_less_is_none() -> None:
    words = QUESTION.split()
    assert contaminated_by(" ".join(words[:13]), [QUESTION]) == [0]
    assert contaminated_by(" ".join(words[:12]), [QUESTION]) == []
    assert Decontaminator([QUESTION]).find(" ".join(words[:12])) is None


def test_a_short_evaluation_text_is_never_found() -> None:
    assert contaminated_by("What is an owl? A bird.", ["What is an owl?"]) == []
    assert len(Decontaminator(["What is an owl?"])) == 0
    assert Decontaminator([]).find(QUESTION) is None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_fast_search_finds_what_the_plain_one_finds(one: list[str], two: list[str]) -> None:
    text, other = " ".join(one), " ".join(two)
    found = Decontaminator([other], size=3).find(text)
    assert (found is not None) is bool(contaminated_by(text, [other], size=3))
    if found is not None:
        assert found in text
        assert found in other
