"""Attention with a past, beside attention that reads everything at once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.model import MultiHeadAttention, attend_with_past

property_test = settings(derandomize=True, deadline=None, max_examples=10, database=None)


@pytest.mark.parametrize("rotary_base", [None, 10_000.0])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@property_test
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_parts_give_what_the_whole_gives(
    sizes: list[int], kv_heads: int, rotary_base: float | None
) -> None:
    torch.manual_seed(0)
    attention = MultiHeadAttention(16, 4, kv_heads, rotary_base=rotary_base)
    x = torch.randn(2, sum(sizes), 16)
    past, outputs = None, []
    for part in x.split(sizes, dim=1):
        output, past = attend_with_past(attention, part, past)
        outputs.append(output)
    torch.testing.assert_close(torch.cat(outputs, dim=1), attention(x, causal=True))


def test_only_the_shared_heads_are_kept() -> None:
    attention = MultiHeadAttention(16, 4, 2)
    _, past = attend_with_past(attention, torch.randn(3, 5, 16))
    assert [part.shape for part in past] == [(3, 2, 5, 4)] * 2


def test_a_past_can_be_continued_in_two_ways() -> None:
    attention = MultiHeadAttention(8, 2, rotary_base=10_000.0)
    x = torch.randn(1, 6, 8)
    _, past = attend_with_past(attention, x[:, :4])
    before = [part.clone() for part in past]
    first, _ = attend_with_past(attention, x[:, 4:5], past)
    again, _ = attend_with_past(attention, x[:, 4:5], past)
    torch.testing.assert_close(first, again)
    torch.testing.assert_close(list(past), before)
