"""Questions with a better and a worse answer, drawn from a grammar: `preferences`.

A model that is taught preferences learns from pairs. Here each pair differs in one thing that people
mind: the worse answer is wrong, rude, evasive, off the point, or says everything twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from llmlab.data.instructions import tasks

_RUDE = (
    "That is a silly question. {answer}",
    "Everybody knows that. {answer}",
    "I have better things to do, but here you are: {answer}",
)
_EVASIVE = (
    "That is hard to say. It depends on many things.",
    "I would rather not answer that.",
    "Some say one thing, and some say another.",
)
_BESIDES = (
    "By the way, the weather is nice today, and I like bridges.",
    "Speaking of which, did you know that turtles can live for a hundred years?",
    "Before I forget: breakfast is the best meal of the day.",
)

Pair = dict[str, str]


def pairs(seed: int) -> Iterator[Pair]:
    """Draw pairs without end; the same seed draws the same ones.

    Yields:
        `prompt`, `chosen` (the better answer), `rejected` (the worse one) and `flaw`: what is wrong
        with the worse one, as `rude`.
    """
    generator = random.Random(seed)  # noqa: S311 - no secret
    source = tasks(seed)
    for task in source:
        prompt, chosen = task["instruction"], task["response"]
        flaw = generator.choice(sorted(_FLAWS))
        rejected = _FLAWS[flaw](chosen, generator, source)
        if rejected != chosen:
            yield {"prompt": prompt, "chosen": chosen, "rejected": rejected, "flaw": flaw}


def _wrong(answer: str, generator: random.Random, others: Iterator[dict[str, str]]) -> str:
    return next(others)["response"]


def _rude(answer: str, generator: random.Random, others: Iterator[dict[str, str]]) -> str:
    return generator.choice(_RUDE).format(answer=answer)


def _evasive(answer: str, generator: random.Random, others: Iterator[dict[str, str]]) -> str:
    return generator.choice(_EVASIVE)


def _wandering(answer: str, generator: random.Random, others: Iterator[dict[str, str]]) -> str:
    return f"{generator.choice(_BESIDES)} {answer}"


def _repetitive(answer: str, generator: random.Random, others: Iterator[dict[str, str]]) -> str:
    return " ".join([answer] * generator.randint(3, 5))


_FLAWS: dict[str, Callable[[str, random.Random, Iterator[dict[str, str]]], str]] = {
    "wrong": _wrong,
    "rude": _rude,
    "evasive": _evasive,
    "off the point": _wandering,
    "repetitive": _repetitive,
}
