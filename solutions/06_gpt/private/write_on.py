"""`gpt.write_on`: hidden probes, and right answers written differently."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

import llmlab.model as library
from autograder.exercise import Private, fill_parameters
from llmlab.model import MultiHeadAttention, TransformerConfig

private = Private()


class _Counted:
    """A model whose next token is the sum of all tokens so far, and one more, modulo 10."""

    def __call__(self, ids: Tensor) -> Tensor:
        nexts = (ids.cumsum(dim=-1) + 1) % 10
        return torch.nn.functional.one_hot(nexts, 10).float()


def _largest(logits: Tensor) -> int:
    return int(logits.argmax())


@private.probe
def ends_of_the_writing(implementation: Any, generator: Generator) -> Any:
    """No round at all, one round, a stop token at once, and a stop token that the prompt holds."""
    model = _Counted()
    first = int(torch.randint(1, 9, (), generator=generator))
    return [
        list(implementation(model, [first], 0, _largest)),
        list(implementation(model, [first], 1, _largest)),
        list(implementation(model, [first], 9, _largest, [(first + 1) % 10])),
        list(implementation(model, [first, 3], 5, _largest, stop=(first,))),
    ]


@private.probe
def drawn_tokens(implementation: Any, generator: Generator) -> Any:
    """Tokens drawn by a chooser that keeps a state of its own: it is asked once a token."""
    draws: Iterator[int] = iter(torch.randint(0, 10, (50,), generator=generator).tolist())
    tokens = list(implementation(_Counted(), [1, 2], 12, lambda logits: next(draws)))
    return {"tokens": tokens, "next draw": next(draws)}


@private.variant
def write_with_tensors(
    model: Any,
    prompt: Sequence[int],
    max_new_tokens: int,
    choose: Callable[[Tensor], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Keep the text as a tensor, and break out of a loop without end."""
    ids = torch.tensor(prompt).unsqueeze(0)
    written = 0
    while written < max_new_tokens:
        token = choose(model(ids)[:, -1, :].squeeze(0))
        if token in stop:
            break
        ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        written += 1
        yield token


@private.variant
def write_by_recursion(
    model: Any,
    prompt: Sequence[int],
    max_new_tokens: int,
    choose: Callable[[Tensor], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Give one token, and then what follows the longer prompt."""
    if max_new_tokens == 0:
        return
    token = choose(model(torch.as_tensor([list(prompt)]))[0][-1])
    if token not in set(stop):
        yield token
        yield from write_by_recursion(model, [*prompt, token], max_new_tokens - 1, choose, stop)


class _Writing:
    """An iterator that is a class."""

    def __init__(
        self, model: Any, ids: list[int], left: int, choose: Any, stop: Collection[int]
    ) -> None:
        self.model, self.ids, self.left, self.choose, self.stop = model, ids, left, choose, stop

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        token = int(self.choose(self.model(torch.tensor(self.ids)[None])[0, len(self.ids) - 1]))
        if token in self.stop:
            self.left = 0
            raise StopIteration
        self.ids.append(token)
        return token


@private.variant
def write_by_class(
    model: Any,
    prompt: Sequence[int],
    max_new_tokens: int,
    choose: Callable[[Tensor], int],
    stop: Collection[int] = (),
) -> Iterator[int]:
    """Hand out an iterator."""
    return _Writing(model, list(prompt), max_new_tokens, choose, stop)
