"""`data.unique_documents`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Generator

from autograder.exercises.data import LAB
from autograder.exercises.data._shared import as_list, drawn
from llmlab import data

exercise = LAB.exercise(
    "unique_documents",
    reference=data.unique_documents,
    hints=(
        "What has to be remembered of the texts that have been seen? Not the texts themselves.",
        "Give each text a key that is the same for the same words, and keep the keys in a set.",
        "For each index and text: make the key of `content_words(text)`; if it is not in the set, put "
        "it in and keep the index.",
    ),
)


@exercise.probe
def copies_apart(implementation: Any, generator: Generator) -> Any:
    """Six texts, of which some come again later, word for word."""
    one, two, three = (" ".join(drawn(generator, 6)) + f" {n}" for n in range(3))
    return as_list(implementation([one, two, one, three, two, one]))


@exercise.probe
def other_case_and_spaces(implementation: Any, generator: Generator) -> Any:
    """The same words with other capitals, spaces and punctuation, and the same words in another order."""
    words = [*drawn(generator, 4), "first", "second"]
    text = " ".join(words)
    return as_list(
        implementation(
            [f"{text}.", " ".join(words[::-1]), text.upper(), f"  {', '.join(words)}\n", "end"]
        )
    )


def _first_of(keys: Iterable[Any]) -> list[int]:
    return sorted({key: index for index, key in reversed([*enumerate(keys)])}.values())


@exercise.misconception(
    "Texts are compared as they stand, so a capital or a second blank makes a copy look new. What "
    "counts are the words. Reread 'The same text again'."
)
def as_they_stand(texts: Iterable[str]) -> list[int]:
    return _first_of(texts)


@exercise.misconception(
    "Of equal texts the last one stays. The first one is as good, and it can be kept before the "
    "others are seen, which a stream needs. Reread 'The same text again'."
)
def last_stays(texts: Iterable[str]) -> list[int]:
    return sorted({data.content_hash(text): n for n, text in enumerate(texts)}.values())


@exercise.misconception(
    "A text that comes more than once goes altogether. One copy of it is to stay: it is no worse for "
    "having been copied. Reread 'The same text again'."
)
def none_stays(texts: Iterable[str]) -> list[int]:
    keys = [data.content_hash(text) for text in texts]
    return [index for index, key in enumerate(keys) if keys.count(key) == 1]


@exercise.misconception(
    "Each text is compared with the one before it alone. Copies stand anywhere in a corpus. Reread "
    "'The same text again'."
)
def neighbors_only(texts: Iterable[str]) -> list[int]:
    keys = [data.content_hash(text) for text in texts]
    return [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]


@exercise.misconception(
    "The key forgets the order of the words, so *dog bites man* is a copy of *man bites dog*. Reread "
    "'The same text again'."
)
def order_forgotten(texts: Iterable[str]) -> list[int]:
    return _first_of(tuple(sorted(data.content_words(text))) for text in texts)
