"""Choosing the next token, and handing text on as it comes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from llmlab.errors import ConfigurationError, ShapeError
from llmlab.model import (
    Sampling,
    Transformer,
    apply_temperature,
    generate,
    min_p,
    pad_left,
    penalize_repetition,
    stream,
    stream_text,
    top_k,
    top_p,
)
from llmlab.model.config import TransformerConfig

LOGITS = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
CONFIG = TransformerConfig(20, 32, 8, 1, 2)


def kept(logits: Tensor) -> list[int]:
    return (logits > -math.inf).nonzero().flatten().tolist()


@pytest.fixture
def model() -> Transformer:
    return Transformer(CONFIG).eval()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_temperature_stretches_the_differences_of_logits() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, -1.0, 3.0]])
    for temperature in (0.5, 1.0, 2.0):
        ratio = apply_temperature(logits, temperature).softmax(dim=-1)
        assert torch.allclose(
            ratio[:, 0] / ratio[:, 1], torch.tensor([1.0, 1.0]).div(temperature).exp()
        )


def test_at_temperature_zero_one_token_of_each_row_is_left() -> None:
    logits = torch.tensor([[2.0, 5.0, 5.0], [-1.0, -3.0, -2.0]])
    left = apply_temperature(logits, 0.0)
    assert left.softmax(dim=-1).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert left[0, 1] == 5


def test_the_probabilities_of_a_sampling_are_those_that_it_draws_from() -> None:
    sampling = Sampling(0.7, top_k=4, top_p=0.9, min_p=0.1)
    logits = torch.randn(12, generator=generator())
    chances = sampling.probabilities(logits)
    draws = sampling.choose(logits.expand(4000, -1), generator())
    assert torch.allclose(draws.bincount(minlength=12) / 4000, chances, atol=0.03)
    assert set(draws.tolist()) == set(kept(chances.log()))
    assert Sampling().probabilities(logits).argmax() == logits.argmax()


def test_top_k_keeps_the_k_likeliest() -> None:
    assert kept(top_k(LOGITS, 2)) == [0, 1]
    assert kept(top_k(LOGITS, 99)) == [0, 1, 2, 3]


@pytest.mark.parametrize(("p", "expected"), [(0.4, [0]), (0.51, [0, 1]), (1.0, [0, 1, 2, 3])])
def test_top_p_keeps_the_token_that_crosses_the_line(p: float, expected: list[int]) -> None:
    assert kept(top_p(LOGITS, p)) == expected


def test_top_p_does_not_depend_on_the_order() -> None:
    order = torch.tensor([2, 0, 3, 1])
    assert kept(top_p(LOGITS[order], 0.51)) == [1, 3]


def test_min_p_is_measured_by_the_likeliest() -> None:
    assert kept(min_p(LOGITS, 0.25)) == [0, 1, 2]


@given(
    st.lists(st.floats(-20, 20), min_size=2, max_size=30, unique=True),
    st.floats(0.01, 1.0),
    st.integers(1, 30),
)
def test_every_filter_keeps_the_likeliest_token(numbers: list[float], p: float, k: int) -> None:
    logits = torch.tensor(numbers)
    for filtered in (top_k(logits, k), top_p(logits, p), min_p(logits, p)):
        # Of several that are the likeliest alike, one at least is kept.
        assert filtered.max() == logits.max()
        assert torch.equal(filtered[filtered > -math.inf], logits[filtered > -math.inf])


def test_what_has_occurred_becomes_less_likely_whatever_the_sign() -> None:
    logits = torch.tensor([[2.0, -2.0, 2.0, -2.0]])
    ids, real = torch.tensor([[3, 0, 1]]), torch.tensor([[False, True, True]])
    assert penalize_repetition(logits, ids, 2.0, real).tolist() == [[1.0, -4.0, 2.0, -2.0]]


def test_draws_follow_the_probabilities() -> None:
    rows = LOGITS.expand(20_000, 4)
    drawn = Sampling(temperature=1.0).choose(rows, generator())
    shares = torch.bincount(drawn, minlength=4) / 20_000
    assert torch.allclose(shares, LOGITS.exp(), atol=0.015)
    cool = Sampling(temperature=0.5).choose(rows, generator())
    shares = torch.bincount(cool, minlength=4) / 20_000
    assert torch.allclose(shares, (2 * LOGITS).softmax(dim=0), atol=0.015)


def test_filters_hold_in_the_draw() -> None:
    rows = LOGITS.expand(1000, 4)
    for sampling in (
        Sampling(1.0, top_k=2),
        Sampling(1.0, top_p=0.6),
        Sampling(1.0, min_p=0.5),
    ):
        assert set(sampling.choose(rows, generator()).tolist()) == {0, 1}


def test_the_same_seed_writes_the_same_text(model: Transformer) -> None:
    texts = [
        generate(model, [[1, 2]], 20, Sampling(1.0), generator=generator(seed))
        for seed in (0, 0, 1)
    ]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_a_stop_token_ends_its_own_sequence_alone(model: Transformer) -> None:
    free = generate(model, [[1], [2]], 12, Sampling(1.0), generator=generator())
    stop = free[0][3]
    ended = generate(model, [[1], [2]], 12, Sampling(1.0), stop=[stop], generator=generator())
    for before, after in zip(free, ended, strict=True):
        end = before.index(stop) + 1 if stop in before else 12
        assert after == before[:end]


def test_the_prompts_are_padded_on_the_left() -> None:
    ids, real = pad_left([[1, 2, 3], [4]], pad=9)
    assert ids.tolist() == [[1, 2, 3], [9, 9, 4]]
    assert real.tolist() == [[True] * 3, [False, False, True]]


@pytest.mark.parametrize("prompts", [[], [[]], [[1], []]])
def test_an_empty_prompt_is_refused(model: Transformer, prompts: list[list[int]]) -> None:
    with pytest.raises(ShapeError, match="at least one token"):
        next(stream(model, prompts, 3))


def test_drawing_without_a_generator_is_refused(model: Transformer) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("manual_seed(0)")):
        next(stream(model, [[1]], 3, Sampling(1.0)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"min_p": 0.0},
        {"repetition_penalty": 0.0},
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_named(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ConfigurationError, match=f"{name} is {wrong[name]}"):
        Sampling(**wrong)


def steps(data: bytes) -> Iterator[list[int | None]]:
    yield from ([byte] for byte in data)


def decode(tokens: list[int]) -> str:
    return bytes(tokens).decode("utf-8", "replace")


@given(st.text())
def test_pieces_of_text_join_to_the_whole_and_none_is_taken_back(text: str) -> None:
    assert "".join(stream_text(steps(text.encode()), decode)) == text


def test_a_character_is_given_when_it_is_complete() -> None:
    assert list(stream_text(steps("aé€".encode()), decode)) == ["a", "é", "€"]


def test_bytes_that_never_become_a_character_are_given_at_the_end() -> None:
    assert list(stream_text(steps(b"a\xe2"), decode)) == ["a", "\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        ("one. two", [". "], "one"),
        ("one .two", [". "], "one .two"),
        ("aab", ["ab"], "a"),
        ("stop", ["stop"], ""),
        ("abc|xyz", ["xyz", "c|"], "ab"),
        ("no end of", ["of it"], "no end of"),
    ],
)
def test_a_stop_string_ends_the_text_and_no_part_of_it_is_given(
    text: str, stops: list[str], expected: str
) -> None:
    assert "".join(stream_text(steps(text.encode()), decode, stops)) == expected


def test_a_sequence_that_has_ended_ends_its_text() -> None:
    assert list(stream_text(iter([[97], [None], [98]]), decode)) == ["a"]
