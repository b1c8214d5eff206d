"""`gpt.write_on`: hidden probes, and right answers written differently."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private, whole
from autograder.exercises.gpt.write_on import Chain, alternating, drawn, likeliest, shown, taken

private = Private()


class _Counted:
    """A model whose next token is the sum of all tokens so far, and one more, modulo 10."""

    def __call__(self, ids: Tensor) -> Tensor:
        nexts = (ids.cumsum(dim=-1) + 1) % 10
        return torch.nn.functional.one_hot(nexts, 10).float()


@private.probe
def ends_of_the_writing(implementation: Any, generator: Generator) -> Any:
    """No round at all, one round, a stop token at once, and a stop token that the prompt holds."""
    model = _Counted()
    first = whole(generator, 1, 8)
    return [
        taken(implementation(model, [first], 0, likeliest)),
        taken(implementation(model, [first], 1, likeliest)),
        taken(implementation(model, [first], 9, likeliest, [(first + 1) % 10])),
        taken(implementation(model, [first, 3], 5, likeliest, stop=(first,))),
    ]


@private.probe
def drawn_tokens(implementation: Any, generator: Generator) -> Any:
    """Tokens drawn beforehand, with and without a stop token among them."""
    draws = torch.randint(0, 7, (9,), generator=generator).tolist()
    chain = Chain(generator)
    return [
        drawn(implementation, chain, [1, 2], draws, stop) for stop in ((), {draws[4]}, [draws[0]])
    ]


@private.probe
def longer_texts(implementation: Any, generator: Generator) -> Any:
    """What the chooser is shown after a longer prompt, two texts in turns, and a text of twelve tokens."""
    prompt = torch.randint(0, 7, (6,), generator=generator).tolist()
    chain = Chain(generator)
    return [
        shown(implementation, chain, list(prompt)),
        alternating(implementation, chain, list(prompt)),
        taken(implementation(chain, list(prompt), 12, likeliest)),
    ]


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
    end = ids.shape[1] + max_new_tokens
    while ids.shape[1] < end:
        token = choose(model(ids).squeeze(0)[-1])
        if token in stop:
            break
        ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
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
    if not max_new_tokens:
        return
    token = choose(model(torch.as_tensor([prompt])).flatten(0, 1)[-1])
    if token not in stop:
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
