"""When two results agree, and what is said about the first place where they do not."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.exercise.comparison import Comparison, at_most, close, describe, same_set

NAN, INF = math.nan, math.inf
RULES: dict[str, Comparison] = {"close": close(), "at most": at_most(1.5), "same set": same_set()}


TENSORS = [
    torch.tensor(2.0),
    torch.empty(0, 3),
    torch.tensor([1.0, NAN, INF, -INF]),
    torch.tensor([[1e4, -2.5]], dtype=torch.float64),
    torch.tensor([0.5, -0.25], dtype=torch.float16),
    torch.tensor([2**62, -1]),
    torch.tensor([True, False]),
    torch.tensor([1 + 2j, complex(NAN, INF)]),
    torch.ones(2, device="meta"),
    torch.ones(2, dtype=torch.uint8).view(torch.bits8),
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**290, 10**299),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(TENSORS[:-2]),
)
# By their place: Hypothesis shows what it chooses from, and PyTorch cannot show raw bits.
ANY_TENSOR = st.integers(0, len(TENSORS) - 1).map(lambda place: TENSORS[place])


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw plain data as a probe returns it."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=3)
        ),
        max_leaves=5,
    )


@settings(max_examples=80, derandomize=True, deadline=None)
@given(nested(LEAVES))
def test_whatever_a_result_is_it_agrees_with_itself(value: Any) -> None:
    assert close()(value, value) is None
    assert same_set()([value], [value, value]) is None


@settings(max_examples=80, derandomize=True, deadline=None)
@given(nested(LEAVES), nested(LEAVES | ANY_TENSOR))
def test_two_results_of_any_kind_are_compared_without_an_error(left: Any, right: Any) -> None:
    mismatch = close()(left, right)
    # Which of the two is the reference changes the words, and not whether they agree in kind.
    if mismatch and mismatch.kind in ("type", "shape", "dtype", "device", "missing"):
        assert close()(right, left) is not None
    for rule, expected in (("at most", 3), ("same set", [1, "a"])):
        said = RULES[rule](expected, right)
        assert said is None or said.sentence


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_what_is_allowed_to_rounding_grows_with_the_largest_number(
    zero: float, size: float
) -> None:
    expected = torch.tensor([size, 0.0], dtype=torch.float64)
    allowed = 1e-5 * max(1.0, size)
    inside, outside = expected.clone(), expected.clone()
    inside[1], outside[1] = 0.9 * allowed, 1.1 * allowed
    assert close()(expected, inside) is None
    mismatch = close()(expected, outside)
    assert mismatch is not None
    assert "at [1]" in mismatch.sentence


def test_an_infinite_number_does_not_widen_the_tolerance() -> None:
    expected = torch.tensor([INF, 0.0])
    assert close()(expected, torch.tensor([INF, 0.01])) is not None


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.0, 1.00001),
        (1.0, 1),
        (3, 3.0),
        (NAN, NAN),
        (-INF, -INF),
        ("text", "text"),
        (None, None),
        (True, True),
        ([1, (2.0, "a")], (1, [2.0, "a"])),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (torch.ones(2), torch.ones(2, dtype=torch.float64)),
        (torch.ones(2), torch.ones(2, dtype=torch.bfloat16)),
        (torch.arange(3), torch.arange(3, dtype=torch.uint8)),
        (torch.empty(0, 3), torch.empty(0, 3)),
        (torch.tensor(2.0), torch.tensor(2.0)),
        (torch.tensor([NAN, INF, -INF]), torch.tensor([NAN, INF, -INF])),
        (torch.tensor([1 + 2j, complex(NAN, 0)]), torch.tensor([1 + 2j, complex(NAN, 0)])),
        (torch.tensor([1e308], dtype=torch.float64), torch.tensor([1e308], dtype=torch.float64)),
    ],
)
def test_results_that_agree(expected: Any, got: Any) -> None:
    assert close()(expected, got) is None


@pytest.mark.parametrize(
    ("expected", "got", "kind", "said"),
    [
        (1.0, 1.01, "value", "gives 1.01, and 1 was expected"),
        (10**20, 10**20 + 1, "value", "was expected"),
        (1, NAN, "value", "gives nan, and 1 was expected"),
        (INF, -INF, "value", "gives -inf, and inf was expected"),
        (True, 1, "type", "gives a number, and a truth value was expected"),
        (1, True, "type", "gives a truth value, and a number was expected"),
        (True, False, "value", "gives False, and True was expected"),
        (1.0, None, "type", "gives None, and a number was expected"),
        ("a", "b", "value", "gives 'b', and 'a' was expected"),
        (torch.ones(1), [1.0], "type", "gives a list, and a tensor was expected"),
        ([1], {"a": 1}, "type", "gives a dictionary, and a list was expected"),
        ([1, 2], [1], "shape", "gives 1 item, and 2 were expected"),
        ([1], [1, 2], "shape", "gives 2 items, and 1 was expected"),
        (torch.ones(2, 3), torch.ones(3, 2), "shape", "gives a tensor of shape (3, 2), and (2, 3)"),
        (
            torch.empty(0, 3),
            torch.empty(0, 4),
            "shape",
            "gives a tensor of shape (0, 4), and (0, 3)",
        ),
        (torch.ones(2), torch.ones(2).int(), "dtype", "gives whole numbers, and real numbers"),
        (torch.ones(2).bool(), torch.ones(2).int(), "dtype", "gives whole numbers, and truth"),
        (torch.ones(2), torch.ones(2).cfloat(), "dtype", "gives complex numbers, and real"),
        (
            torch.ones(2),
            torch.ones(2, device="meta"),
            "device",
            "gives a tensor on device `meta`, and `cpu`",
        ),
        (torch.tensor([1.0, NAN]), torch.tensor([1.0, 2.0]), "value", "nan was expected, 2 came"),
        (torch.tensor([1.0, 2.0]), torch.tensor([NAN, 9.0]), "nan", "gives NaN"),
        (torch.tensor([1j]), torch.tensor([complex(0, NAN)]), "nan", "gives NaN"),
        (
            torch.tensor([INF, 1]),
            torch.tensor([-INF, 1]),
            "value",
            "at [0]: inf was expected, -inf",
        ),
        (
            torch.tensor([1 + 1j]),
            torch.tensor([1 - 1j]),
            "value",
            "gives (1-1j), and (1+1j) was expected",
        ),
        (torch.tensor(1.0), torch.tensor(2.0), "value", "gives 2, and 1 was expected"),
        (
            torch.tensor([True]),
            torch.tensor([False]),
            "value",
            "gives False, and True was expected",
        ),
        (torch.ones(3), torch.tensor([1.0, 1.002, 1.0]), "value", "(1 of 3)"),
    ],
)
def test_results_that_part_are_told_how(expected: Any, got: Any, kind: str, said: str) -> None:
    mismatch = close()(expected, got)
    assert mismatch is not None
    assert mismatch.kind == kind
    assert said in mismatch.sentence


def test_numbers_that_look_equal_are_written_out() -> None:
    mismatch = close()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0004]))
    assert mismatch is not None
    assert "at [1]: 2 was expected, 2.0004" in mismatch.sentence


def test_the_largest_error_is_named_among_several() -> None:
    expected = torch.zeros(2, 3)
    got = expected.clone()
    got[0, 1], got[1, 2] = 0.5, -4.0
    mismatch = close()(expected, got)
    assert mismatch is not None
    assert "(2 of 6); the largest error is at [1, 2]: 0 was expected, -4 came" in mismatch.sentence


def test_whole_numbers_too_large_for_a_float_differ_where_they_differ() -> None:
    mismatch = close()(torch.tensor([0, 2**53]), torch.tensor([0, 2**53 + 1]))
    assert mismatch is not None
    assert "at [1]" in mismatch.sentence


def test_numbers_that_pytorch_cannot_compute_with_are_told_by_their_type() -> None:
    raw = torch.ones(2, dtype=torch.uint8).view(torch.bits8)
    mismatch = close()(torch.ones(2), raw)
    assert mismatch is not None
    assert mismatch.sentence == "gives numbers of type bits8, and real numbers were expected"


@pytest.mark.parametrize(
    ("expected", "got", "where"),
    [
        ({"output": torch.ones(1)}, {"output": torch.zeros(1)}, " for 'output'"),
        (
            {"output": [1, {"grad": 2}]},
            {"output": [1, {"grad": 3}]},
            " for 'grad' in the 2nd of 2 for 'output'",
        ),
        ([[1], [2, 3]], [[1], [2, 4]], " in the 2nd of 2 in the 2nd of 2 results"),
    ],
)
def test_the_part_of_a_nested_result_is_named(expected: Any, got: Any, where: str) -> None:
    mismatch = close()(expected, got)
    assert mismatch is not None
    assert mismatch.where == where


def test_names_that_are_missing_or_too_many_are_listed() -> None:
    mismatch = close()({"weight": 1, "bias": 2}, {"weight": 1, "bais": 2})
    assert mismatch is not None
    assert (mismatch.kind, mismatch.sentence) == (
        "missing",
        "lacks 'bias' and has 'bais' too many",
    )


def test_the_tolerance_can_be_given() -> None:
    expected, got = torch.tensor([1.0]), torch.tensor([1.05])
    assert close(relative=0.1)(expected, got) is None
    assert close(relative=0.01)(expected, got) is not None
    assert close(relative=0, absolute=0)(1.0, 1.0) is None
    assert close(relative=0, absolute=0)(1.0, math.nextafter(1.0, 2)) is not None


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (1500, ""),
        (-INF, ""),
        (1500.5, "needs 1,500.5, and at most 1.5 times 1,000 is allowed"),
        (NAN, "needs nan"),
        (True, "gives a truth value, and a number was expected"),
        (None, "gives None, and a number was expected"),
        (torch.tensor(5), "gives a tensor, and a number was expected"),
    ],
)
def test_at_most_bounds_a_number_from_above(got: Any, said: str) -> None:
    mismatch = at_most(1.5)(1000, got)
    assert said in (mismatch.sentence if mismatch else "")
    assert bool(mismatch) == bool(said)


def test_the_bound_is_written_without_the_rounding_of_floats() -> None:
    mismatch = at_most(1.1)(1000, 2000)
    assert mismatch is not None
    assert (mismatch.kind, mismatch.expected, mismatch.got) == ("limit", "at most 1,100", "2,000")


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1), st.randoms(use_true_random=False))
def test_a_set_is_the_same_in_any_order_and_however_often(items: list[int], order: Any) -> None:
    mixed = [*items, order.choice(items)]
    order.shuffle(mixed)
    assert same_set()(items, mixed) is None
    assert same_set()(items, [*mixed, 6]) is not None
    assert same_set()([*items, 6], mixed) is not None


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ([torch.ones(2), [1, "a"]], ""),
        ([[1, "a"]], "lacks 1 of 2 items"),
        ([torch.ones(2) + 1e-6, [1, "a"]], "lacks 1 of 2 items and has 1 too many"),
        ({"a": 1}, "gives a dictionary, and a list was expected"),
        (None, "gives None, and a list was expected"),
    ],
)
def test_a_set_may_hold_anything_and_is_exact(got: Any, said: str) -> None:
    mismatch = same_set()([[1, "a"], torch.ones(2)], got)
    assert said in (mismatch.sentence if mismatch else "")
    assert bool(mismatch) == bool(said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.tensor([0.123456, 2]), "[0.1235, 2] (tensor of shape (2,), float32)"),
        (torch.tensor([[True]]), "[[True]] (tensor of shape (1, 1), bool)"),
        (torch.ones(2, 2), "[[1, 1],\n [1, 1]]\n(tensor of shape (2, 2), float32)"),
        (torch.ones(5, 5), "tensor of shape (5, 5), float32"),
        (torch.ones(1, device="meta"), "tensor of shape (1,), float32"),
        ("x" * 500, "text of 500 characters"),
        ([0] * 500, "list of 500 items"),
        ([1, "a"], "[1, 'a']"),
        ({"a": (1, torch.ones(1))}, "{'a': [1, [1] (tensor of shape (1,), float32)]}"),
        ([TENSORS[-1]], "[tensor of shape (2,), bits8]"),
        (0.5, "0.5"),
    ],
)
def test_a_result_is_described_by_its_values_or_its_size(value: Any, said: str) -> None:
    assert describe(value) == said
