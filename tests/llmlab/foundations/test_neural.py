import pytest
import torch
from torch.nn import functional

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.foundations import (
    AdamW,
    BigramModel,
    NeuralLanguageModel,
    context_windows,
    cross_entropy,
    encode,
    names,
)


def test_contexts_are_the_letters_before_filled_up_on_the_left():
    contexts, targets = context_windows([encode("abe")], 3)
    assert contexts.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 5]]
    assert targets.tolist() == [1, 2, 5, 0]


def test_no_context_reaches_into_another_sequence():
    together = context_windows([encode("ab"), encode("c")], 2)
    alone = [context_windows([encode(name)], 2) for name in ("ab", "c")]
    for part in (0, 1):
        assert torch.equal(together[part], torch.cat([one[part] for one in alone]))


def test_a_context_of_one_letter_gives_the_pairs_of_a_bigram_model():
    sequence = encode("anna")
    contexts, targets = context_windows([sequence], 1)
    assert contexts[:, 0].tolist() == sequence[:-1]
    assert targets.tolist() == sequence[1:]


def test_no_sequences_give_no_examples():
    contexts, targets = context_windows([], 3)
    assert contexts.shape == (0, 3)
    assert targets.shape == (0,)
    with pytest.raises(ConfigurationError, match="A context of 0 tokens"):
        context_windows([[0, 1, 0]], 0)


def test_the_scores_are_those_of_the_formula():
    torch.manual_seed(0)
    model = NeuralLanguageModel(7, 3, 2, 5)
    context = torch.tensor([4, 4, 1])
    vectors = torch.cat([model.table[4], model.table[4], model.table[1]])
    hidden = torch.tanh(model.hidden.weight @ vectors + model.hidden.bias)
    expected = model.output.weight @ hidden + model.output.bias
    torch.testing.assert_close(model(context), expected)
    batch = model(context.repeat(2, 4, 1))
    assert batch.shape == (2, 4, 7)
    torch.testing.assert_close(batch[1, 2], expected)


def test_contexts_of_another_length_are_told():
    with pytest.raises(ShapeError, match="contexts have 4 tokens, and this model was made for 3"):
        NeuralLanguageModel(7, 3, 2, 5)(torch.zeros(2, 4, dtype=torch.long))


def test_three_letters_of_context_beat_the_bigram_on_names_that_neither_has_seen():
    drawn = names(2_500)
    training, held_out = drawn[:2_000], drawn[2_000:]
    contexts, targets = context_windows(map(encode, training), 3)
    torch.manual_seed(0)
    model = NeuralLanguageModel(27, 3, 8, 64)
    optimizer = AdamW(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(1)
    for _ in range(400):
        batch = torch.randint(len(targets), (128,), generator=generator)
        optimizer.zero_grad()
        functional.cross_entropy(model(contexts[batch]), targets[batch]).backward()
        optimizer.step()
    with torch.no_grad():
        contexts, targets = context_windows(map(encode, held_out), 3)
        loss = cross_entropy(model(contexts), targets).item()
    assert loss < BigramModel.fit(training).loss(held_out) - 0.2
