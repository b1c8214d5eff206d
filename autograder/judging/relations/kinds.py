"""Results of another kind with the right content: a list for a tensor, several results for one, text for a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from autograder.judging.relations.parts import Part, ordinal, right, shared
from autograder.judging.relations.values import as_tensor, same


def another_kind(parts: Sequence[Part]) -> str:
    """The content is right, and stands in something else than was expected."""
    return shared(list(_relations(part.expected, part.got)) for part in parts)


def _relations(expected: Any, got: Any) -> Iterator[str]:
    if isinstance(expected, Tensor) and isinstance(got, Tensor):
        yield from _number_kinds(expected, got)
    elif isinstance(expected, Tensor) and isinstance(got, list):
        yield from _list_for_tensor(expected, got)
    elif isinstance(got, Tensor) and got.dim() == 0 and isinstance(expected, (int, float)):
        if right(float(expected), float(got)):
            yield "the value is right, and it is a tensor where a number of Python was expected"
    elif isinstance(expected, Tensor) and isinstance(got, (int, float)):
        value = as_tensor(expected)
        if value is not None and value.numel() == 1 and right(float(value), float(got)):
            yield "the value is right, and it is a number of Python where a tensor was expected"
    elif isinstance(expected, list) and isinstance(got, Tensor):
        numbers = as_tensor(got)
        if numbers is not None and right(expected, numbers.tolist()):
            yield "the content is right, and it is a tensor where a list was expected"
    elif isinstance(expected, dict) and isinstance(got, list):
        yield from _list_for_dictionary(expected, got)
    elif isinstance(expected, list):
        yield from _other_for_list(expected, got)
    elif isinstance(got, list):
        yield from _list_for_other(expected, got)
    elif got is None:
        yield "yours is None"
    elif isinstance(expected, str) and isinstance(got, (int, float)) and expected == str(got):
        yield "the content is right, and it is a number where text was expected"
    elif isinstance(got, str) and isinstance(expected, (int, float)) and got == str(expected):
        yield "the content is right, and it is text where a number was expected"


def _number_kinds(expected: Tensor, got: Tensor) -> Iterator[str]:
    kinds = [_kind(side) for side in (expected, got)]
    if (
        kinds[0] == kinds[1]
        or expected.shape != got.shape
        or expected.is_complex()
        or got.is_complex()
    ):
        return
    if same(expected.double().cpu(), got.double().cpu()):
        yield f"the values are right, and they are {kinds[1]} where {kinds[0]} were expected"


def _kind(tensor: Tensor) -> str:
    if tensor.dtype == torch.bool:
        return "truth values"
    return "real numbers" if tensor.is_floating_point() else "whole numbers"


def _list_for_tensor(expected: Tensor, got: list[Any]) -> Iterator[str]:
    numbers = as_tensor(expected)
    if numbers is not None and right(numbers.tolist(), got):
        yield "the numbers are right, and they are in a list where a tensor was expected"
    yield from _one_of(expected, got)
    if not 0 < len(got) <= 64 or not all(isinstance(item, Tensor) for item in got):
        return
    if len({(item.shape, item.dtype) for item in got}) > 1:
        return
    stacked = [torch.stack(got, axis) for axis in range(got[0].dim() + 1)]
    joined = [torch.cat(got, axis) for axis in range(got[0].dim())]
    for whole in (*stacked, *joined):
        if right(expected, whole):
            yield "yours is a list of tensors: put together into one, they are what was expected"


def _one_of(expected: Any, got: list[Any]) -> Iterator[str]:
    fits = [place for place, item in enumerate(got[:8]) if right(expected, item)]
    if len(fits) == 1 and 1 < len(got) <= 8:
        yield f"yours holds {len(got)} results, and the {ordinal(fits[0] + 1)} of them alone was expected"
    elif len(got) == 1 and fits:
        yield "yours is a list that holds what was expected"


def _list_for_dictionary(expected: dict[str, Any], got: list[Any]) -> Iterator[str]:
    if expected and got == list(expected):
        yield "yours is a list of the keys of the dictionary that was expected"
    if expected and right(list(expected.values()), got):
        yield "yours is a list of the values of the dictionary that was expected"
    if expected and right([[key, value] for key, value in expected.items()], got):
        yield "yours is a list of keys with their values, where a dictionary was expected"
    if len(expected) > 2 and str(tuple(got)) in expected:
        yield "yours is a single key of the dictionary that was expected"
    yield from _one_of(expected, got)


def _other_for_list(expected: list[Any], got: Any) -> Iterator[str]:
    if isinstance(got, str):
        if expected == list(got):
            yield "yours is text, and a list of its characters was expected"
        elif expected and expected == got.split():
            yield "yours is text, and a list of its words was expected"
    if isinstance(got, dict) and expected and expected == list(got):
        yield "yours is a dictionary, and a list of its keys was expected"
    if isinstance(got, (str, int, float)) and len(expected) == 1 and right(expected[0], got):
        yield "the item is right, and it does not stand in a list"
    elif isinstance(got, list):
        letters = [letter for item in expected if isinstance(item, str) for letter in item]
        if got == letters and len(letters) > len(expected):
            yield "yours holds the characters one by one, where whole pieces of text were expected"
    elif isinstance(got, (int, float)) and len(expected) > 1:
        yield from _single(expected, got)


def _single(expected: list[Any], got: float) -> Iterator[str]:
    if not all(isinstance(item, (int, float)) for item in expected) or len(set(expected)) < 2:
        return
    if len(expected) == got:
        yield "yours is how many items there are, and the items were expected"
    for name, value in (
        ("smallest", min(expected)),
        ("largest", max(expected)),
        ("last", expected[-1]),
        ("first", expected[0]),
        ("sum", sum(expected)),
        ("mean", sum(expected) / len(expected)),
    ):
        if right(value, got):
            yield f"yours is one number, the {name} of the values that were expected"


def _list_for_other(expected: Any, got: list[Any]) -> Iterator[str]:
    if isinstance(expected, str) and got and all(isinstance(item, str) for item in got):
        if len(got) > 1 and expected == "".join(got):
            yield "yours is a list: its items joined are the text that was expected"
        elif len(got) > 1 and expected == " ".join(got):
            yield "yours is a list: its items joined by spaces are the text that was expected"
    yield from _one_of(expected, got)


def gradient(parts: Sequence[Part]) -> str:
    """No gradient came, or one of nothing but zeros."""
    wanted = [as_tensor(part.expected) for part in parts]
    if not all(one is not None and bool((one != 0).any()) for one in wanted):
        return ""
    if not all("gradient" in str(key) for key in map(_key, parts)):
        return ""
    if all(part.got is None for part in parts):
        return "no gradient came"
    found = [as_tensor(part.got) for part in parts]
    if all(one is not None and not bool((one != 0).any()) for one in found):
        return "the gradient is 0 everywhere"
    return ""


def _key(part: Part) -> str:
    return next((step for step in reversed(part.path) if isinstance(step, str)), "")
