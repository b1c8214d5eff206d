import io
import math

import numpy as np
import pytest
import sentencepiece
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmlab.tokenization import (
    UNKNOWN_SCORE,
    count_unigram_corpus,
    expected_counts,
    seed_pieces,
    train_unigram,
    viterbi,
)
from llmlab.tokenization.unigram_training import _digamma, _final, _Lattices
from tests.llmlab.tokenization.texts import property_test

WORDS = st.lists(st.text("ab", min_size=1, max_size=6), min_size=1, max_size=6)
SCORES = st.dictionaries(st.text("ab", min_size=2, max_size=4), st.floats(-9, -0.1), max_size=9)


def paragraphs(text):
    """Give lines as SentencePiece reads them: it takes spaces together and skips empty lines."""
    lines = [" ".join(line.replace("<unk>", "").split()) for line in text.split("\n")]
    return [line for line in lines if line]


def peer_model(lines, vocab_size, **options):
    """Train with `sentencepiece`; the vocabulary holds `<unk>` besides the pieces."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        model_type="unigram",
        vocab_size=vocab_size,
        normalization_rule_name="identity",
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        max_sentence_length=100_000,
        minloglevel=2,
        **options,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


@pytest.mark.parametrize(
    ("corpus", "vocab_size", "coverage"),
    [("shakespeare", 2000, 1.0), ("wikitext", 4000, 1.0), ("wikitext", 1000, 0.999)],
)
def test_vocabulary_and_cuts_agree_with_sentencepiece(request, corpus, vocab_size, coverage):
    lines = paragraphs(request.getfixturevalue(corpus)[:400_000])
    counted = count_unigram_corpus(lines, coverage)
    ours = train_unigram(counted, vocab_size - 1, margin=1)
    peer = peer_model(lines, vocab_size, character_coverage=coverage)
    theirs = {peer.id_to_piece(i): peer.get_score(i) for i in range(1, vocab_size)}

    assert len(ours) == len(theirs) == vocab_size - 1
    assert len(ours.keys() & theirs.keys()) >= 0.95 * len(theirs)
    words = {word: count for word, count in counted.words.items() if "▅" not in word}
    agree = [
        viterbi(word, ours) == peer.encode(word.removeprefix("▁"), out_type=str)
        for word in words
        if word.startswith("▁")
    ]
    assert np.mean(agree) >= 0.95
    counts = [count for word, count in words.items() if word.startswith("▁")]
    assert np.average(agree, weights=counts) >= 0.95


def test_seeds_are_characters_and_substrings_that_branch():
    # 'low' goes on in two ways, 'lo' in one only, and a text's end is a way to go on.
    corpus = count_unigram_corpus(["lower", "lowest", "low"])
    assert "▁low" in seed_pieces(corpus)
    assert "▁lo" not in seed_pieces(corpus)
    assert set("▁lowerst") <= seed_pieces(corpus).keys()


def test_seeds_are_weighed_by_what_they_cover():
    seeds = seed_pieces(count_unigram_corpus(["aab", "aac"]), limit=1)
    # 'aa' after '▁' covers 2 times 3 characters, and each character what it covers by itself.
    assert seeds.keys() == {"▁aa", "▁", "a", "b", "c"}
    weights = {"▁aa": 6, "a": 4, "▁": 2, "b": 1, "c": 1}
    assert seeds == pytest.approx({piece: math.log(w / 14) for piece, w in weights.items()})


def test_no_piece_mixes_scripts_or_has_a_space_inside():
    text = ["ab12 ab12 абв1 абвx", "ab13 ab13 абв2 абвy", "カな漢 カな漢字"]
    for piece in seed_pieces(count_unigram_corpus(text)):
        assert "▁" not in piece[1:]
        assert not (set(piece) & set("ab") and set(piece) & set("12абв"))
    assert "▁カな漢" in seed_pieces(count_unigram_corpus(text))


def test_the_rarest_characters_stay_without_a_piece():
    corpus = count_unigram_corpus(["a"] * 999 + ["az"], character_coverage=0.99)
    assert corpus.alphabet == {"a": 1000, "▁": 1000}
    assert corpus.words == {"▁a": 999, "▁a▅": 1}


def test_all_characters_are_kept_even_when_pruning_lost_them():
    left = {"ab": -1.0, "a": -2.0, "aa": -3.0}
    final = _final(left, {"b": 5, "a": 3, "c": 2}, 4)
    # The lost ones get the lowest score, the more frequent the lower, and 'ab' is the last to fit.
    assert list(final) == ["ab", "a", "c", "b"]
    assert (final["b"], final["c"]) == pytest.approx((-3.0, -2.9999))


def test_probabilities_stand_in_falling_order():
    scores = list(train_unigram(count_unigram_corpus(["the cat the hat"] * 50), 12).values())
    assert scores == sorted(scores, reverse=True)


@property_test
@given(WORDS, SCORES)
def test_all_words_at_once_give_the_counts_and_cuts_of_each(words, scores):
    scores = {"a": -3.0, **scores}  # 'b' alone is unknown, and counts as the first piece
    pieces = {piece: place for place, piece in enumerate(scores)}
    lattices = _Lattices(words, pieces)
    values = np.array(list(scores.values()))
    unknown = values.min() - 10
    frequencies = np.arange(1.0, len(words) + 1)

    wanted = np.zeros(len(pieces))
    uses = np.zeros(len(pieces))
    for word, frequency in zip(words, frequencies, strict=True):
        for piece, count in expected_counts(word, scores, unknown).items():
            wanted[pieces.get(piece, 0)] += frequency * count
        for piece in viterbi(word, scores, unknown):
            uses[pieces.get(piece, 0)] += 1
    assert lattices.expected_counts(values, frequencies) == pytest.approx(wanted)
    _, arcs = lattices.best_paths(values)
    found = np.bincount(lattices.counted_as()[arcs], minlength=len(pieces))
    assert found == pytest.approx(uses)


@property_test
@given(WORDS, SCORES, st.data())
def test_dropped_pieces_leave_what_would_be_there_without_them(words, scores, data):
    scores = {"a": -3.0, "b": -2.0, **scores}
    kept = sorted(data.draw(st.sets(st.integers(0, len(scores) - 1), min_size=1)))
    dropped = _Lattices(words, {piece: place for place, piece in enumerate(scores)})
    dropped.keep_pieces(np.array(kept))
    rest = [list(scores)[place] for place in kept]
    anew = _Lattices(words, {piece: place for place, piece in enumerate(rest)})
    values = np.array([scores[piece] for piece in rest])
    ones = np.ones(len(words))
    assert dropped.expected_counts(values, ones) == pytest.approx(
        anew.expected_counts(values, ones)
    )


def test_a_word_that_has_no_way_left_has_none():
    lattices = _Lattices(["a", "ab"], {"a": 0, "b": 1, "ab": 2})
    lattices.drop_whole_words()
    best, arcs = lattices.best_paths(np.array([-1.0, -2.0, -0.5]))
    assert best.tolist() == [-np.inf, -3.0]
    assert sorted(lattices.piece[arcs].tolist()) == [0, 1]


def test_digamma_is_that_of_pytorch():
    x = np.array([0.5, 0.7, 1.0, 3.3, 6.99, 7.0, 50.0, 1e6])
    assert _digamma(x) == pytest.approx(torch.digamma(torch.tensor(x)).numpy(), abs=1e-8)


def test_unknown_characters_score_below_all_pieces():
    assert min(train_unigram(count_unigram_corpus(["the cat"] * 9), 9).values()) > UNKNOWN_SCORE
