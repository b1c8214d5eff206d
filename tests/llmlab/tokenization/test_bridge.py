import io

import pytest
import sentencepiece
import tokenizers
import transformers

from llmlab.errors import OutOfRangeError
from llmlab.tokenization import (
    ByteLevelBPE,
    HuggingFaceTokenizer,
    SentencePieceTokenizer,
    Tokenizer,
    TransformersTokenizer,
    load_tokenizer,
)
from tests.llmlab.tokenization.texts import HARD_TEXTS


@pytest.fixture(scope="module")
def ours():
    return ByteLevelBPE.train(HARD_TEXTS, 400, special_tokens=["<|endoftext|>"])


@pytest.fixture(scope="module")
def piece_model():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat"] * 20),
        model_writer=model,
        vocab_size=15,
        minloglevel=2,
    )
    return SentencePieceTokenizer(
        sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    )


@pytest.fixture(scope="module", params=["tokenizers", "transformers"])
def bridge(request, ours, tmp_path_factory):
    path = ours.save(tmp_path_factory.mktemp("bridge"))
    if request.param == "tokenizers":
        return HuggingFaceTokenizer(tokenizers.Tokenizer.from_file(str(path)))
    return TransformersTokenizer(transformers.PreTrainedTokenizerFast(tokenizer_file=str(path)))


def test_a_bridge_gives_the_ids_of_our_tokenizer(bridge, ours):
    assert isinstance(bridge, Tokenizer)
    assert bridge.encode_batch(HARD_TEXTS) == ours.encode_batch(HARD_TEXTS)
    for text in [*HARD_TEXTS, "half a pair \ud83d"]:
        ids = ours.encode(text)
        assert bridge.encode(text) == ids
        assert list(bridge.encode_iterable(text)) == ids
        assert bridge.decode(ids) == ours.decode(ids)


def test_a_bridge_has_the_vocabulary_of_our_tokenizer(bridge, ours):
    assert bridge.vocab_size == ours.vocab_size
    assert bridge.vocabulary() == ours.vocabulary()
    assert bridge.token_to_id("Ġt") == ours.token_to_id("Ġt")
    assert bridge.token_to_id("no such token") is None
    assert bridge.tokens("it's") == ours.tokens("it's")


def test_special_tokens_in_text_from_strangers_stay_text(bridge, ours):
    text = "a<|endoftext|>"
    assert bridge.encode(text)[-1] == ours.special_tokens["<|endoftext|>"]
    assert bridge.encode(text, parse_special=False) == ours.encode(text, parse_special=False)
    assert bridge.encode(text)[-1] == ours.special_tokens["<|endoftext|>"]


def test_the_library_tells_its_special_tokens(ours, tmp_path):
    bridge = HuggingFaceTokenizer.from_file(ours.save(tmp_path))
    assert bridge.special_tokens == ours.special_tokens
    named = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bridge.tokenizer, eos_token="<|endoftext|>"
    )
    assert TransformersTokenizer(named).special_tokens == ours.special_tokens


@pytest.mark.parametrize("token_id", [-1, 400])
def test_an_id_out_of_range_is_refused(bridge, token_id):
    for look_up in (bridge.id_to_token, lambda i: bridge.decode([i])):
        with pytest.raises(OutOfRangeError, match=f"There is no token {token_id}"):
            look_up(token_id)


def test_what_a_bridge_saves_opens_again(bridge, ours, tmp_path):
    bridge.save(tmp_path)
    assert load_tokenizer(tmp_path).encode(HARD_TEXTS[7]) == ours.encode(HARD_TEXTS[7])


def test_a_model_of_sentencepiece_has_the_same_interface(piece_model, tmp_path):
    text = "the cat sat"
    ids = piece_model.encode(text)
    assert piece_model.decode(ids) == text
    assert piece_model.tokens(text) == piece_model.processor.encode(text, out_type=str)
    assert piece_model.special_tokens == {"<unk>": 0, "<s>": 1, "</s>": 2}
    assert len(piece_model.vocabulary()) == piece_model.vocab_size == 15
    assert piece_model.token_to_id("no such piece") is None
    assert piece_model.token_to_id("<unk>") == 0
    with pytest.raises(OutOfRangeError, match="There is no token 15"):
        piece_model.decode([15])
    saved = piece_model.save(tmp_path)
    assert saved == tmp_path / "tokenizer.model"
    assert load_tokenizer(saved).encode(text) == ids
