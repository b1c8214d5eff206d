import json

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers, trainers

from llmlab.tokenization import GPT2_PATTERN, GPT4_PATTERN, ByteLevelBPE, learn_merges, train_bpe
from llmlab.tokenization import bpe_training as training
from llmlab.tokenization.bpe_training import count_corpus
from llmlab.tokenization.pretokenization import count_words
from llmlab.tokenization.special import SpecialTokens
from tests.llmlab.tokenization.texts import HARD_TEXTS, property_test

# Few different bytes, so that pairs repeat, overlap and tie.
WORDS = st.dictionaries(
    st.text(st.sampled_from("abc"), min_size=1, max_size=10), st.integers(1, 3), max_size=8
)


@property_test
@given(WORDS, st.integers(0, 40))
def test_the_merges_are_those_of_the_plain_algorithm(words, num_merges):
    by_bytes = {word.encode(): count for word, count in words.items()}
    by_ids = {tuple(word): count for word, count in by_bytes.items()}
    assert learn_merges(by_ids, num_merges) == list(train_bpe(by_bytes, num_merges))


def test_a_pair_that_is_too_rare_is_not_merged():
    assert learn_merges({(1, 2): 5, (3, 4): 2}, 10, min_frequency=3) == [(1, 2)]


def test_the_ids_of_merges_count_on_from_the_first():
    assert learn_merges({(0, 1, 2): 1}, 2, first_new_id=3) == [(0, 1), (3, 2)]


def peer_merges(texts, vocab_size, pattern=None):
    """Train with `tokenizers`, on the 256 bytes and nothing else."""
    peer = tokenizers.Tokenizer(tokenizers.models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    if pattern is None:
        peer.pre_tokenizer = byte_level
    else:
        split = pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="isolated")
        peer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator(texts, trainer)
    return [tuple(merge) for merge in json.loads(peer.to_str())["model"]["merges"]]


@property_test
@given(st.lists(st.text(st.sampled_from("ab é\n"), max_size=30), min_size=1, max_size=5))
def test_small_texts_full_of_ties_give_the_merges_of_tokenizers(texts):
    if any(texts):
        assert list(ByteLevelBPE.train(texts, 300).merges) == peer_merges(texts, 300)


@pytest.mark.parametrize("pattern", [None, GPT4_PATTERN])
def test_half_a_megabyte_of_text_gives_the_merges_of_tokenizers(wikitext, pattern):
    text = wikitext[:500_000]
    ours = ByteLevelBPE.train(text, 2000, pattern=pattern or GPT2_PATTERN)
    assert len(ours.merges) == 2000 - 256
    assert list(ours.merges) == peer_merges([text], 2000, pattern)


def test_several_processes_count_what_one_counts(shakespeare, monkeypatch):
    monkeypatch.setattr(training, "BATCH", 100_000)
    special = SpecialTokens({"<|a|>": 0})
    corpus = [shakespeare, "<|a|>".join(HARD_TEXTS)]
    one = count_corpus(corpus, GPT2_PATTERN, special, workers=1)
    assert one == count_corpus(corpus, GPT2_PATTERN, special, workers=2)
    assert one[b" the"] == count_words([shakespeare, *HARD_TEXTS])[b" the"]


def test_long_texts_are_cut_where_their_words_stay_whole(monkeypatch):
    monkeypatch.setattr(training, "BATCH", 7)
    whole = "".join(HARD_TEXTS)
    counted = count_corpus([whole], GPT2_PATTERN, SpecialTokens({}))
    assert counted == count_words([whole])


def test_special_tokens_are_not_counted_and_nothing_crosses_them():
    counted = count_corpus(["ab<|x|>cd<|x|>"], GPT2_PATTERN, SpecialTokens({"<|x|>": 0}))
    assert counted == {b"ab": 1, b"cd": 1}
