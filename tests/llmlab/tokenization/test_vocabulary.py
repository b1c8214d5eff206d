from llmlab.tokenization import vocabulary
from llmlab.tokenization.vocabulary import WordCache


def test_a_word_is_worked_out_once():
    asked = []

    def encode_word(word):
        asked.append(word)
        return [len(word)]

    cache = WordCache(encode_word)
    assert [cache[word] for word in ("a", "bb", "a")] == [[1], [2], [1]]
    assert asked == ["a", "bb"]


def test_no_more_words_are_held_than_the_limit(monkeypatch):
    monkeypatch.setattr(vocabulary, "CACHED_WORDS", 10)
    cache = WordCache(lambda word: [len(word)])
    for number in range(100):
        assert cache[str(number)] == [len(str(number))]
        assert len(cache) <= 10


def test_long_words_are_not_held():
    cache = WordCache(lambda word: [len(word)])
    assert cache["a" * 1000] == [1000]
    assert not cache
