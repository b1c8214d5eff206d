"""What is said of how results relate: each relation where it holds, and silence where chance could have made it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from autograder.judging import relations
from autograder.judging.relations import Pair, only_difference, relation
from autograder.judging.relations.parts import levels

INF, NAN = math.inf, math.nan


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def shares(seed: int, *shape: int) -> Tensor:
    return (2 * normal(seed, *shape)).softmax(-1)


A, B, SQUARE, CUBE = normal(1, 3, 5), normal(2, 2, 4), normal(3, 4, 4), normal(4, 2, 3, 4)
ROWS, MORE_ROWS = shares(5, 4, 4), shares(6, 3, 3)
LINE, LONG = normal(7, 5), normal(8, 8)
MASK, MASK_7 = torch.ones(4, 4).bool().tril(), torch.ones(7, 7).bool().tril()
FILTERED = torch.tensor([-INF, -0.7, -INF, -1.2, -0.9])
GRADIENT = "gradient of the query"

# Each of these holds of one pair of results.
SINGLE: dict[str, tuple[Any, Any, str]] = {
    "transpose": (A, A.mT, "Yours is the transpose of what was expected."),
    "transposed mask": (MASK_7, MASK_7.mT, "Yours is the transpose of what was expected."),
    "last axes": (CUBE, CUBE.mT, "The last two axes of yours are exchanged."),
    "outer axes": (CUBE, CUBE.transpose(0, 2), "Axes 0 and 2 of yours are exchanged."),
    "reversed": (LINE, LINE.flip(0), "The elements of yours stand in reverse order."),
    "late": (LONG, LONG.roll(1), "The elements of yours stand one place too late."),
    "early rows": (
        SQUARE,
        torch.cat([SQUARE[1:], torch.ones(1, 4)]),
        "The rows of yours stand one place too early.",
    ),
    "halves": (
        LONG,
        LONG.roll(4),
        "The first and the second half of the elements are exchanged in yours.",
    ),
    "even first": (
        LONG,
        torch.cat([LONG[::2], LONG[1::2]]),
        "Yours has the elements with even index first and those with odd index after them.",
    ),
    "pairs": (
        LONG,
        LONG.view(4, 2).flip(1).flatten(),
        "The elements of yours are exchanged in pairs.",
    ),
    "sorted": (
        A,
        A.sort(-1, descending=True).values,
        "Yours holds the right values sorted along the last axis, largest first.",
    ),
    "flat": (A, A.flatten(), "The values of yours are right and in order, and laid out flat."),
    "axis of one": (
        A,
        A[None],
        "The values of yours are right, and the shape has an axis of size 1 too many.",
    ),
    "axis lost": (
        A[:, None],
        A,
        "The values of yours are right, and the shape lacks an axis of size 1.",
    ),
    "last row": (A, A[:-1], "Yours lacks the last row; the others are right."),
    "first column more": (
        A[:, 1:],
        A,
        "Yours has one column too many at the beginning; the others are right.",
    ),
    "sum": (A, A.sum(0), "Yours is the sum of what was expected over axis 0."),
    "total": (A, A.sum(), "Yours is the sum of what was expected."),
    "not summed": (A.mean(1), A, "What was expected is the mean of yours over axis 1."),
    "running": (
        LINE,
        LINE.cumsum(0),
        "Yours holds the running sums of what was expected: each value adds up all before it.",
    ),
    "repeated along an axis": (
        LINE,
        LINE.expand(3, 5),
        "Yours repeats what was expected: its shape is (3, 5), and (5,) was expected.",
    ),
    "one hot": (
        A,
        torch.nn.functional.one_hot(A.argmax(-1), 5).float(),
        "Yours is 1 where the expected values are largest and 0 elsewhere.",
    ),
    "places": (
        A,
        A.argmax(-1),
        "Yours holds the places of the largest expected values, not the values.",
    ),
    "twice": (A, 2 * A, "Every value of yours is twice the expected one."),
    "percent": (A, 100 * A, "Every value of yours is 100 times the expected one."),
    "bits": (A, A / math.log(2), "Every value of yours is 1/ln 2 (1.443) times the expected one."),
    "negative": (A, -A, "Every value of yours is minus the expected one."),
    "signs": (
        A,
        A.abs(),
        "Yours holds the absolute values of what was expected: the signs are lost.",
    ),
    "logarithm": (
        ROWS,
        ROWS.log(),
        "Every value of yours is the logarithm of the expected one.",
    ),
    "root": (
        ROWS[0],
        ROWS[0].sqrt(),
        "Every value of yours is the square root of the expected one.",
    ),
    "logits": (ROWS, ROWS.log() + 3, "What was expected is the softmax of yours."),
    "constant": (A, A + 0.5, "Every value of yours is 0.5 more than the expected one."),
    "off by one": (
        [3, 7, 9],
        [2, 6, 8],
        "Every value of yours is 1 less than the expected one.",
    ),
    "inverse": (
        [1.0, 2.0, 4.0, 5.0, 8.0],
        [8.0, 4.0, 2.0, 1.6, 1.0],
        "The larger the expected value, the smaller is yours: multiplied they always give 8.",
    ),
    "floor": (
        [1.7, 2.2, 5.9],
        [1, 2, 5],
        "Every value of yours is the expected one rounded down, without its fraction.",
    ),
    "clipped": (
        LONG,
        LONG.clamp(max=float(LONG.sort().values[4])),
        f"Yours has no value above {float(LONG.sort().values[4]):.4g}, and some were expected; "
        "all other values are right.",
    ),
    "not clipped": (
        LONG.clamp(min=0),
        LONG,
        "Yours has values below 0, and none was expected; all other values are right.",
    ),
    "proportions": (
        A,
        0.37 * A,
        "The values of yours stand in the right proportions to each other, and all are off by one factor.",
    ),
    "row by row": (
        A,
        A * torch.tensor([[0.3], [0.7], [1.9]]),
        "In each row of yours the proportions are right, and the scale is not.",
    ),
    "row shifted": (
        A,
        A + torch.tensor([[0.3], [0.7], [1.9]]),
        "Each row of yours is the expected one plus some number, the same for all of the row.",
    ),
    "columns add up": (
        ROWS,
        shares(9, 4, 4).mT,
        "The columns of yours add up to 1, and each row should.",
    ),
    "all add up": (
        ROWS,
        shares(9, 16).view(4, 4),
        "The values of yours add up to 1 all together, and each row should by itself.",
    ),
    "weights": (
        A,
        shares(9, 3, 4),
        "Every row of yours adds up to 1, as weights do, and those expected do not.",
    ),
    "negative shares": (
        ROWS,
        normal(9, 4, 4),
        "Some values of yours are negative, and what was expected adds up to 1 and has none below 0.",
    ),
    "rows do not add up": (
        torch.tensor([[0.1, 0.9], [0.3, 0.7]]),
        torch.tensor([[0.2, 0.3], [0.5, 0.1]]),
        "Not every row of yours adds up to 1, and each should (one adds up to 0.5).",
    ),
    "only nan": (A, A * NAN, "Every value of yours is NaN (not a number)."),
    "some nan": (
        LINE,
        torch.where(torch.arange(5) == 3, NAN, LINE),
        "The first NaN stands at [3], and what is a number in yours is right.",
    ),
    "infinity": (
        LINE,
        torch.where(torch.arange(5) > 1, INF, LINE),
        "The first infinity stands at [2], and what is a number in yours is right.",
    ),
    "rows alike": (A, normal(9, 5).expand(3, 5), "All rows of yours are the same."),
    "all the same": (A, torch.zeros(3, 5), "All values of yours are 0."),
    "zeros": (
        LONG,
        torch.where(torch.arange(8) % 3 == 0, 0.0, LONG),
        "Yours is 0 in some places where it should not be, and right everywhere else.",
    ),
    "last row right": (
        A,
        torch.cat([normal(9, 2, 5), A[2:]]),
        "Only the last row of yours is right.",
    ),
    "first column wrong": (
        A,
        torch.cat([normal(9, 3, 1), A[:, 1:]], 1),
        "Only the first column of yours is wrong.",
    ),
    "block": (
        [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
        [0.5, 1.5, 7.0, 8.1, 1.3, 5.5],
        "The values of yours are wrong from the 3rd to the 5th, and all others are right.",
    ),
    "opposite mask": (
        MASK,
        ~MASK,
        "Yours is the opposite: it is True exactly where it should not.",
    ),
    "mask with more": (
        MASK,
        torch.ones(4, 4).bool().tril(1),
        "Yours is True wherever it should, and in other places too: on the first diagonal above the main one.",
    ),
    "all let through": (MASK, torch.ones(4, 4).bool(), "Yours is True everywhere."),
    "filter keeps more": (
        FILTERED,
        torch.tensor([-2.0, -0.7, -INF, -1.2, -0.9]),
        "Yours keeps a number wherever it should, and in other places too.",
    ),
    "list for tensor": (
        A,
        A.tolist(),
        "The numbers are right, and they are in a list where a tensor was expected.",
    ),
    "one of two": (A, [A, B], "Yours holds 2 results, and the 1st of them alone was expected."),
    "list of tensors": (
        A,
        list(A),
        "Yours is a list of tensors: put together into one, they are what was expected.",
    ),
    "whole numbers": (
        torch.tensor([1, 2, 3]),
        torch.tensor([1.0, 2.0, 3.0]),
        "The values are right, and they are real numbers where whole numbers were expected.",
    ),
    "tensor for number": (
        4.5,
        torch.tensor(4.5),
        "The value is right, and it is a tensor where a number of Python was expected.",
    ),
    "number for tensor": (
        torch.tensor(4.5),
        4.5,
        "The value is right, and it is a number of Python where a tensor was expected.",
    ),
    "smallest": (
        [3.5, 1.5, 2.5],
        1.5,
        "Yours is one number, the smallest of the values that were expected.",
    ),
    "characters": (
        ["[UNK]"],
        list("[UNK]"),
        "Yours holds the characters one by one, where whole pieces of text were expected.",
    ),
    "keys alone": (
        {"a": 1, "b": 2},
        ["a", "b"],
        "Yours is a list of the keys of the dictionary that was expected.",
    ),
    "last item": ([4, 8, 15], [4, 8], "Yours lacks the last item; the others are right."),
    "item more": (
        ["a", "b"],
        ["z", "a", "b"],
        "Yours has one item too many at the beginning; the others are right.",
    ),
    "empty": (["a", "b"], [], "Yours is empty."),
    "not empty": ([], ["a"], "Something came where the result should be empty."),
    "items reversed": (
        ["a", "b", "c"],
        ["c", "b", "a"],
        "The items of yours stand in reverse order.",
    ),
    "items sorted": (
        ["c", "a", "d", "b"],
        ["a", "b", "c", "d"],
        "Yours holds the right items, but sorted.",
    ),
    "items elsewhere": (
        ["c", "a", "d", "b"],
        ["a", "d", "b", "c"],
        "The items of yours stand one place too early.",
    ),
    "other order": (
        ["c", "a", "d", "b"],
        ["d", "b", "a", "c"],
        "Yours holds the right items in another order.",
    ),
    "too often": (
        ["ab", "c"],
        ["ab", "c", "ab"],
        "Yours has one item too many at the end; the others are right.",
    ),
    "repeated inside": (
        [1, 2, 3],
        [1, 2, 1, 3],
        "Yours holds the right items, some of them too often.",
    ),
    "between": (
        [1, 2, 3],
        [1, 9, 2, 8, 3],
        "All the items that were expected are in yours, in their order, and others between them.",
    ),
    "lacking": (
        [1, 2, 3, 4],
        [1, 3, 4],
        "All the items of yours are right and in order, and some are missing.",
    ),
    "rows between": (
        torch.tensor([[1, 2], [3, 4]]),
        torch.tensor([[1, 2], [9, 9], [3, 4]]),
        "All the rows that were expected are in yours, in their order, and others between them.",
    ),
    "grouped": (
        [1, 2, 3],
        [[1], [2, 3]],
        "The items of yours are right, and they are grouped in lists of their own.",
    ),
    "growing": (
        [5, 6, 7],
        [[4, 5], [4, 5, 6], [4, 5, 6, 7]],
        "Each item of yours is a list that ends with what was expected in its place.",
    ),
    "pieces": (
        ["un", "##able"],
        ["una", "##b", "##le"],
        "Yours cuts the same text into more pieces.",
    ),
    "one piece": (
        ["ab", "c"],
        ["abc"],
        "Yours is the text in one piece, and it was to be cut.",
    ),
    "inverted dictionary": (
        {"(1, 2)": 256, "(3, 4)": 257},
        {"256": [1, 2], "257": [3, 4]},
        "The keys and the values of yours are exchanged.",
    ),
    "keys turned": (
        {"(1, 2)": 5, "(3, 4)": 6},
        {"(2, 1)": 5, "(4, 3)": 6},
        "The two halves of each key are exchanged in yours.",
    ),
    "key more": (
        {"a": 1},
        {"a": 1, "b": 3},
        "Yours has keys too many; all that was expected is there and right.",
    ),
    "zero keys": (
        {"a": 1},
        {"a": 1, "b": 0},
        "Yours has keys with nothing under them (0 or empty), and they were to be left out.",
    ),
    "key missing": (
        {"a": 1, "b": 2},
        {"a": 1},
        "Keys are missing in yours; what is there is right.",
    ),
    "moved between groups": (
        [{"params": ["a", "b"]}, {"params": ["c", "d"]}],
        [{"params": ["a"]}, {"params": ["b", "c", "d"]}],
        "All that was expected is in yours, and some of it stands in another place.",
    ),
    "exchanged parts": (
        {"inputs": LINE, "targets": LINE.exp()},
        {"inputs": LINE.exp(), "targets": LINE},
        "`inputs` and `targets` of yours are exchanged.",
    ),
    "later ones wrong": (
        [A, A + 1, A + 2],
        [A, normal(10, 3, 5), normal(11, 3, 5)],
        "The first result is right, and all that come after it are wrong.",
    ),
    "results alike": (
        [A, A + 1, A * 3],
        [B, B, B],
        "All results of yours are the same.",
    ),
    "case": ("An Owl", "an owl", "Yours is right but for capital and small letters."),
    "ends": ("owl", " owl\n", "Yours is right but for white space at the ends."),
    "inside": ("an owl", "an  owl", "Yours is right but for white space."),
    "text cut": (
        "an owl flies",
        "an owl",
        "Something is missing at the end of yours; the rest is right.",
    ),
    "backwards": ("owls", "slwo", "Yours reads backwards."),
    "no gradient": (
        {"output": A, GRADIENT: B},
        {"output": A, GRADIENT: None},
        "In the gradient of the query, no gradient came.",
    ),
}


@pytest.mark.parametrize(("expected", "got", "sentence"), SINGLE.values(), ids=list(SINGLE))
def test_a_relation_is_said_where_it_holds(expected: Any, got: Any, sentence: str) -> None:
    assert relation([Pair(expected, got)]) == sentence


@pytest.mark.parametrize(("expected", "got", "sentence"), SINGLE.values(), ids=list(SINGLE))
def test_it_is_kept_back_where_another_probe_shows_something_else(
    expected: Any, got: Any, sentence: str
) -> None:
    other = Pair({"w": "north", "v": "south"}, {"w": "tree", "v": "hill"})
    assert relation([Pair(expected, got), other]) == ""


def test_every_relation_is_among_the_cases() -> None:
    spoken = {
        find
        for expected, got, _ in SINGLE.values()
        for parts in levels([Pair(expected, got)])
        for find in (*relations._EXACT, *relations._PARTIAL)
        if find(parts)
    }
    silent = [
        find.__name__ for find in (*relations._EXACT, *relations._PARTIAL) if find not in spoken
    ]
    assert silent == ["whole_multiple"]  # it takes two probes


def test_a_factor_that_differs_is_named_by_the_size_that_it_follows() -> None:
    pairs = [Pair(one, math.sqrt(one.shape[-1]) * one) for one in (A, CUBE)]
    assert relation(pairs) == (
        "Every value of yours is the root of n times the expected one, where n is the size of the last axis."
    )
    pairs = [Pair(one, one / one.numel()) for one in (A, CUBE)]
    assert relation(pairs) == (
        "Every value of yours is one nth of the expected one, where n is the number of elements."
    )


def test_whole_multiples_that_differ_are_told_as_they_are() -> None:
    pairs = [Pair(0.5108, 0.5108 / 2), Pair([1.024, 0.189], [1.024 / 3, 0.189 / 3])]
    assert relation(pairs) == "What was expected is 2 and 3 times yours: a whole number each time."


def test_a_single_number_needs_two_probes() -> None:
    assert relation([Pair(2.539, math.exp(2.539))]) == ""
    pairs = [Pair(loss, math.exp(loss)) for loss in (2.539, 2.949)]
    assert relation(pairs) == "Yours is the exponential of what was expected."


UNRELATED: dict[str, tuple[Any, Any]] = {
    "other numbers": (A, normal(20, 3, 5)),
    "a factor without a name that differs": (
        LINE,
        LINE * torch.tensor([0.31, 0.32, 0.33, 0.34, 0.35]),
    ),
    "two small numbers": ([1, 2], [2, 4]),
    "two places exchanged": (LINE[:2], LINE[:2].flip(0)),
    "any permutation": (LINE, LINE[torch.tensor([2, 0, 1, 4, 3])]),
    "one place wrong": (A, torch.where(torch.arange(15).view(3, 5) == 0, 7.5, A)),
    "one truth value": (True, False),
    "one number": (24, 17),
    "other text": ("an owl", "a tree"),
    "other items": (["a", "b", "c"], ["a", "x", "y"]),
    "two items exchanged": (["a", "b"], ["b", "a"]),
    "calls that agree by chance": ([[], ["a"], ["b"]], [["a"], [], ["b"]]),
    "constant data": (torch.full((3, 3), 2.0), torch.full((3, 3), 4.0)),
    "zeros and ones": (torch.eye(2), torch.eye(2).flip(0)),
}


@pytest.mark.parametrize(("expected", "got"), UNRELATED.values(), ids=list(UNRELATED))
def test_nothing_is_said_where_chance_could_have_made_it(expected: Any, got: Any) -> None:
    assert relation([Pair(expected, got)]) == ""


@pytest.mark.parametrize("shape", [(6,), (3, 4), (4, 4), (2, 3, 4), (8, 2)])
def test_independent_numbers_are_never_related(shape: tuple[int, ...]) -> None:
    for seed in range(40):
        pairs = [Pair(normal(2 * seed, *shape), normal(2 * seed + 1, *shape))]
        assert relation(pairs) == ""


def test_what_differs_is_named_and_what_is_right_is_left_out() -> None:
    expected = {"output": A, GRADIENT: B}
    assert relation([Pair(expected, {"output": A, GRADIENT: 2 * B})]) == (
        "In the gradient of the query, every value of yours is twice the expected one."
    )
    assert relation([Pair(expected, {"output": 2 * A, GRADIENT: 2 * B})]) == (
        "Every value of yours is twice the expected one."
    )
    assert relation([Pair([A, B, A], [A, 2 * B, A])]) == (
        "In the 2nd of 3 results, every value of yours is twice the expected one."
    )
    assert relation([Pair({"after each step": [A, B]}, {"after each step": [2 * A, 2 * B]})]) == (
        "Every value of yours is twice the expected one."
    )
    some = relation([Pair({"gradients": [A, B, A]}, {"gradients": [2 * A, B, 2 * A]})])
    assert some == "Wherever the two differ, every value of yours is twice the expected one."


def test_the_part_that_a_probe_looks_at_first_is_told_when_the_others_follow_from_it() -> None:
    pairs = [
        Pair(
            {"output": one, "gradient": normal(30, 3)},
            {"output": 2 * one, "gradient": normal(31, 3)},
        )
        for one in (A, B)
    ]
    assert relation(pairs) == "In the output, every value of yours is twice the expected one."


def test_the_only_part_that_differs_is_named_when_nothing_else_holds() -> None:
    pairs = [Pair({"length before": 3.5, "order": "ab"}, {"length before": 1.2, "order": "ab"})]
    assert (
        only_difference(pairs) == "The only difference is in the length before; the rest is right."
    )
    pairs = [Pair({"a.weight": 3.5, "order": "ab"}, {"a.weight": 1.2, "order": "ab"})]
    assert only_difference(pairs) == "The only difference is in `a.weight`; the rest is right."
    pairs = [Pair([1.5, 2.5, 7.5], [1.5, 9.1, 7.5])]
    assert (
        only_difference(pairs)
        == "The only difference is in the 2nd of 3 results; the rest is right."
    )


def test_nothing_is_said_of_results_that_agree_or_of_none() -> None:
    assert relation([]) == ""
    assert relation([Pair(A, A)]) == ""
    assert relation([Pair(A, 2 * A), Pair(B, B)]) == ""


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(10**290, 10**299),
    st.floats(),
    st.text(max_size=3),
    st.integers(0, 9).map(
        lambda place: [
            torch.tensor(2.0),
            torch.empty(0, 3),
            torch.tensor([1.0, NAN, INF, -INF]),
            torch.tensor([[1e4, -2.5], [0.0, 1.0]], dtype=torch.float64),
            torch.tensor([0.5, -0.25, 3.0], dtype=torch.float16),
            torch.tensor([2**62, -1]),
            torch.tensor([True, False]),
            torch.tensor([1 + 2j, complex(NAN, INF)]),
            torch.tensor([[-INF, 1.0, 2.0]]),
            torch.tensor([[3, 1, 2]]),
        ][place]
    ),
)
DATA = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(st.tuples(DATA, DATA), max_size=2))
def test_whatever_results_are_it_never_fails(results: list[tuple[Any, Any]]) -> None:
    sentence = relation([Pair(*sides) for sides in results])
    assert sentence == "" or sentence.endswith(".")


def test_a_flood_costs_little() -> None:
    flood = list(range(100_000))
    assert relation([Pair([1, 2, 3], flood)]) == ""
    assert relation([Pair(A, [A] * 10_000)]) == ""
    assert relation([Pair("ab", "ab" * 100_000)]) == (
        "Yours has something too many at the end; the rest is right."
    )
