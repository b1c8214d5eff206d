"""The plain loop, beside the one that is used in earnest."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from torch import Tensor

from llmlab.errors import ShapeError
from llmlab.model import Transformer, TransformerConfig, generate, write_on

CONFIG = TransformerConfig(20, 64, 16, 2, 2, hidden_dim=24)
PROMPT = [3, 1, 4]


@pytest.fixture
def model() -> Transformer:
    model = Transformer(CONFIG).requires_grad_(False)
    # Fresh weights would say one token for ever.
    for parameter in model.parameters():
        parameter.mul_(10)
    return model


def greedy(logits: Tensor) -> int:
    return int(logits.argmax())


def test_it_writes_what_generate_writes(model: Transformer) -> None:
    (expected,) = generate(model, [PROMPT], 20)
    assert len(set(expected)) > 3
    assert list(write_on(model, PROMPT, 20, greedy)) == expected


def test_it_stops_before_a_stop_token(model: Transformer) -> None:
    (expected,) = generate(model, [PROMPT], 20)
    stop = expected[5]
    first = expected.index(stop)
    assert list(write_on(model, PROMPT, 20, greedy, [stop])) == expected[:first]


def test_a_token_is_given_before_the_next_is_computed(model: Transformer) -> None:
    calls = []

    def counted(ids: Tensor) -> Tensor:
        calls.append(ids.shape[-1])
        return model(ids)

    assert len(list(islice(write_on(counted, PROMPT, 20, greedy), 2))) == 2
    assert calls == [3, 4]


def test_an_empty_prompt_is_refused(model: Transformer) -> None:
    with pytest.raises(ShapeError, match="give at least one token"):
        list(write_on(model, [], 3, greedy))


def test_the_prompt_stays_as_it_was(model: Transformer) -> None:
    prompt = list(PROMPT)
    assert len(list(write_on(model, prompt, 4, greedy))) == 4
    assert prompt == PROMPT
    assert torch.is_grad_enabled()
