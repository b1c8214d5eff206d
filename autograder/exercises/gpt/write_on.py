"""`gpt.write_on`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import whole
from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "write_on",
    reference=model.write_on,
    hints=(
        "Say aloud what one round does. What has the model to read, and which of its rows counts?",
        "Keep a list of your own that begins as a copy of the prompt. Each round reads the whole list, "
        "chooses from the row of the last token, and looks whether to stop before it gives anything.",
        "For each of the rounds: run the model on a tensor of one row; choose from the last row of its "
        "logits; return if the token is a stop token; otherwise yield it, and append it to your list.",
    ),
)


class _Chain:
    """Stands for a model in the probes: logits from all tokens so far, by which none comes back at once."""

    vocabulary = 12

    def __init__(self, generator: Generator) -> None:
        self.table = torch.randn(self.vocabulary, self.vocabulary, generator=generator)
        self.table -= 4 * torch.eye(self.vocabulary)
        self.calls = 0

    def __call__(self, ids: Tensor) -> Tensor:
        self.calls += 1
        if ids.dim() != 2:
            raise ValueError(
                f"the model reads a batch of ids, (1, length), and was given {tuple(ids.shape)}"
            )
        return self.table[ids].cumsum(dim=1)


def _likeliest(logits: Tensor) -> int:
    return int(logits.argmax())


@exercise.probe
def six_tokens(implementation: Any, generator: Generator) -> Any:
    """Six tokens after a prompt of three, the likeliest each time; and the prompt afterwards."""
    prompt = [whole(generator, 0, 11) for _ in range(3)]
    tokens = list(implementation(_Chain(generator), prompt, 6, _likeliest))
    return {"tokens": tokens, "prompt": prompt}


@exercise.probe
def until_a_stop_token(implementation: Any, generator: Generator) -> Any:
    """At most 40 tokens, and four of the twelve tokens end the text."""
    stop = {whole(generator, 0, 2) + 3 * third for third in range(4)}
    return list(implementation(_Chain(generator), [0], 40, _likeliest, stop))


@exercise.probe
def as_soon_as_chosen(implementation: Any, generator: Generator) -> Any:
    """The first two of twenty tokens, and how often the model was called for them."""
    chain = _Chain(generator)
    tokens = list(islice(iter(implementation(chain, [4, 7], 20, _likeliest)), 2))
    return {"tokens": tokens, "calls": chain.calls}


Choose = Callable[[Tensor], int]


def _written(
    chain: Any,
    ids: list[int],
    rounds: int,
    choose: Choose,
    stop: Collection[int] = (),
    *,
    place: int = -1,
    seen: slice = slice(None),
    append: bool = True,
    give_stop: bool = False,
) -> Iterator[int]:
    for _ in range(rounds):
        token = int(choose(chain(torch.tensor([ids[seen]]))[0, place]))
        if token in stop and not give_stop:
            return
        yield token
        if token in stop:
            return
        if append:
            ids.append(token)


@exercise.misconception(
    "You choose from the first row of the logits, which guesses the second token of the prompt. The row of "
    "the last token is the one that guesses what comes next. Reread 'One token after the other'."
)
def first_row(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, place=0)


@exercise.misconception(
    "What was written is never read: each round begins from the prompt again and says the same token. Reread "
    "'One token after the other'."
)
def never_appended(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, append=False)


@exercise.misconception(
    "The model reads the last token alone, and has forgotten all that came before. It has no memory: each "
    "round has to show it the whole text. Reread 'One token after the other'."
)
def last_token_alone(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, seen=slice(-1, None))


@exercise.misconception(
    "The stop token is given too. It is a sign to whoever writes, and no part of the text. Reread 'When to stop'."
)
def stop_given(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose, stop, give_stop=True)


@exercise.misconception(
    "Nothing stops the writing before its last round: when the model says that it has finished, your code "
    "goes on. Reread 'When to stop'."
)
def never_stopped(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens, choose)


@exercise.misconception(
    "Your code writes the whole text before it gives its first token, and a reader would wait for all of it. "
    "Reread 'Giving tokens as they come'."
)
def all_at_once(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> list[int]:
    return list(_written(model, list(prompt), max_new_tokens, choose, stop))


@exercise.misconception(
    "You count the prompt's tokens among the new ones, so a long prompt leaves no room for an answer. Reread "
    "'When to stop'."
)
def prompt_counted(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, list(prompt), max_new_tokens - len(prompt), choose, stop)


@exercise.misconception(
    "Your code appends to the list that it was given: whoever called it finds the prompt changed, and the "
    "next answer begins where this one ended. Reread 'One token after the other'."
)
def prompt_extended(
    model: Any, prompt: list[int], max_new_tokens: int, choose: Choose, stop: Collection[int] = ()
) -> Iterator[int]:
    return _written(model, prompt, max_new_tokens, choose, stop)
