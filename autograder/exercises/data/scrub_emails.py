"""`data.scrub_emails`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
from typing import Any

from torch import Generator

from autograder.exercises.data import LAB
from autograder.exercises.data._shared import drawn
from llmlab import data

exercise = LAB.exercise(
    "scrub_emails",
    reference=data.scrub_emails,
    hints=(
        "Write the pattern in three parts: before the @, the names between dots, and the last name.",
        "The last name consists of letters alone, so the full stop of the sentence cannot be part of "
        "it. What comes before it is one or more names, each with a dot behind it.",
        "Before the @: one or more letters, digits and . _ + - characters. After it: one or more "
        "groups of letters, digits and hyphens with a dot, then at least two letters. Put the word "
        "into the place of each match with `re.sub`.",
    ),
)


_NAMES = ("ada", "ben.okri", "chidi_99", "dara+news", "emre-k")


_HOSTS = ("example.org", "mail.example.com", "cs.uni-x.edu", "shop.co.uk")


def _address(generator: Generator) -> str:
    return f"{drawn(generator, 1, _NAMES)[0]}@{drawn(generator, 1, _HOSTS)[0]}"


@exercise.probe
def in_a_sentence(implementation: Any, generator: Generator) -> Any:
    """Addresses of every form in a sentence, before a comma, a full stop and a bracket."""
    first, second, third = (drawn(generator, 1)[0] for _ in range(3))
    return [
        implementation(
            f"Write to {name}@{host}, {first} or (if it has to be) {_address(generator)}."
        )
        for name, host in zip(_NAMES, (*_HOSTS, "a-b.io"), strict=True)
    ] + [implementation(f"{second} <{_address(generator)}> {third}")]


@exercise.probe
def no_addresses(implementation: Any, generator: Generator) -> Any:
    """Signs that make no address: @home, 5 @ 3 coins, user@localhost."""
    word = drawn(generator, 1)[0]
    return implementation(f"Meet me @home, 5 @ 3 coins, @{word}, user@localhost, and no more.")


@exercise.probe
def capitals(implementation: Any, generator: Generator) -> Any:
    """Addresses in capital letters."""
    return implementation(f"{_address(generator).upper()} and {_address(generator).title()}!")


_RIGHT = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


@exercise.misconception(
    "Everything up to the next space is taken for the address, so the comma, the full stop and the "
    "bracket behind it vanish too. Reread 'What leads to a person'."
)
def up_to_the_space(text: str) -> str:
    return re.sub(r"[^\s<(]+@[^\s@]+\.[^\s@]+", data.personal.EMAIL, text)


@exercise.misconception(
    "Before the @ only letters, digits and _ are allowed for. Of ben.okri@example.org the *ben.* "
    "stays, and that is half of a name. Reread 'What leads to a person'."
)
def plain_names(text: str) -> str:
    return re.sub(r"\w+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", data.personal.EMAIL, text)


@exercise.misconception(
    "Behind the @ one dot is allowed for, so of mail.example.com the *.com* stays. There can be any "
    "number of names. Reread 'What leads to a person'."
)
def one_dot(text: str) -> str:
    return re.sub(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}", data.personal.EMAIL, text)


@exercise.misconception(
    "The first address is replaced, and all others stay. Reread 'What leads to a person'."
)
def only_the_first(text: str) -> str:
    return _RIGHT.sub(data.personal.EMAIL, text, count=1)


@exercise.misconception(
    "Addresses are taken out, and nothing stands in their place. Then *Write to or call* is what the "
    "model learns to say. Reread 'What leads to a person'."
)
def nothing_in_place(text: str) -> str:
    return _RIGHT.sub("", text)


@exercise.misconception(
    "Addresses are found in small letters only. Reread 'What leads to a person'."
)
def small_letters(text: str) -> str:
    return re.sub(r"[a-z0-9._%+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}", data.personal.EMAIL, text)


@exercise.misconception(
    "What has no dot behind the @ is replaced as well: @home and user@localhost lead to nobody. "
    "Reread 'What leads to a person'."
)
def every_at(text: str) -> str:
    return re.sub(r"[A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", data.personal.EMAIL, text)
