"""`data.unique_documents`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from autograder.exercises.data._shared import WORDS, different, drawn
from llmlab import data

exercise = LAB.exercise(
    "unique_documents",
    reference=data.unique_documents,
    matters="C4 (2020) had one sentence of 61 words more than 60,000 times; trained without copies, a model recited "
    "ten times less of its text (Lee et al., 2022). Read llmlab/data/duplicates.py.",
    hints=(
        "What has to be remembered of the texts that have been seen? Not the texts themselves.",
        "Give each text a key that is the same for the same words, and keep the keys in a set.",
        "For each index and text: make the key of `content_words(text)`; if it is not in the set, put "
        "it in and keep the index.",
    ),
)


def copies(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Give texts of which some come again later, word for word."""
    one, two, three = (" ".join(drawn(generator, 2, words)) + f" {n}" for n in range(3))
    return [
        implementation([one, two, one, three, two, one]),
        implementation([one, one, two, two, three]),
        implementation([three, two]),
    ]


def writing(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Give the same words with other capitals, spaces and signs."""
    one, two, three = different(generator, 3, words)
    text = f"{one} {two} {three}"
    return [
        implementation([text, text.upper(), text.title(), f"{three} end"]),
        implementation([text, f" {text}\n", f"{one}\t{two}  {three}", one]),
        implementation([f"{one}, {two}: {three}!", text, f"({one} {two}) {three}...", two]),
    ]


def others(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Give texts that look like copies and are none."""
    one, two, three = different(generator, 3, words)
    return [
        implementation([f"{one} {two} {three}", f"{three} {two} {one}", f"{two} {one} {three}"]),
        implementation([f"{one} {two}", f"{one} {one} {two}", f"{one} {two} {two}"]),
        implementation([f"{one} {two} {three}", f"{one} {two}", f"{two} {three}", three]),
        implementation(
            [f"{one}{two}", f"{one} {two}", f"{one} {two} {three}", f"{one} {two}{three}"]
        ),
        implementation([f"{one} {two} 1 2", f"{one} {two} 1 3", f"{one} {two} 2 2"]),
    ]


def few(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Give no texts, one, and several without words."""
    one = drawn(generator, 1, words)[0]
    return [implementation(texts) for texts in ([], [one], ["", "!", one, " ", one.upper()])]


@exercise.probe
def copies_apart(implementation: Any, generator: Generator) -> Any:
    """Texts of which some come again later, word for word."""
    return copies(implementation, generator, WORDS)


@exercise.probe
def capitals_spaces_and_signs(implementation: Any, generator: Generator) -> Any:
    """The same words with other capitals, spaces and punctuation."""
    return writing(implementation, generator, WORDS)


@exercise.probe
def no_copies(implementation: Any, generator: Generator) -> Any:
    """Texts of the same words in another order or number, and texts that begin or end alike."""
    return others(implementation, generator, WORDS)


@exercise.probe
def few_texts(implementation: Any, generator: Generator) -> Any:
    """No texts, one text, and texts without words."""
    return few(implementation, generator, WORDS)


_AGAIN = "Reread 'The same text again'."
_NO_MEMORY = (
    "Copies stay: no text is taken for one that came before. Is the key written down when it is new, and does what is "
    f"written down last until the next text? {_AGAIN}"
)
_INDICES = f"Their indices are asked for, so that the texts can stay where they are. {_AGAIN}"
_SIGNS = f"What counts are the words: a comma or a full stop makes no other text. {_AGAIN}"


def _key(on: Switches, text: str) -> Any:
    """Make the key of a text, with its faults."""
    words = data.content_words(text)
    keys: dict[str, Any] = {
        "as_they_stand": text,
        "only_small": text.lower(),
        "only_stripped": text.strip(),
        "small_and_stripped": text.lower().strip(),
        "small_and_split": tuple(text.lower().split()),
        "only_split": tuple(text.split()),
        "capitals_kept": tuple(re.findall(r"\w+", text)),
        "joined_without_blank": "".join(words),
        "order_forgotten": tuple(sorted(words)),
        "set_of_words": frozenset(words),
        "count_of_words": len(words),
        "length_of_text": len(" ".join(words)),
        "first_word": tuple(words[:1]),
        "first_two_words": tuple(words[:2]),
        "first_three_words": tuple(words[:3]),
        "last_word": tuple(words[-1:]),
    }
    return next((key for name, key in keys.items() if on(name)), tuple(words))


def _kept(on: Switches, texts: Sequence[str]) -> list[int]:
    """Choose the indices that stay, with the faults of choosing."""
    keys = [_key(on, text) for text in texts]
    if on("last_stays"):
        return sorted({key: index for index, key in enumerate(keys)}.values())
    if on("none_stays"):
        return [index for index, key in enumerate(keys) if keys.count(key) == 1]
    if on("only_repeated"):
        return [i for i, key in enumerate(keys) if keys.count(key) > 1 and keys.index(key) == i]
    if on("neighbors_only"):
        return [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
    if on("first_text_only"):
        return [i for i, key in enumerate(keys) if i == 0 or key != keys[0]]
    if on("contained"):
        parts = [f" {' '.join(data.content_words(text))} " for text in texts]
        return [i for i, part in enumerate(parts) if not any(part in one for one in parts[:i])]
    if on("no_memory") or on("memory_in_the_loop"):
        return [*range(len(keys))]
    seen = {(): 0} if on("no_words_left_out") else {}
    for index, key in enumerate(keys):
        seen.setdefault(key, index)
    indices = sorted({*seen.values()})
    if on("no_words_left_out"):
        indices = [index for index in indices if keys[index]]
    if on("copies_named"):
        return [index for index in range(len(keys)) if index not in indices]
    return [*range(len(indices))] if on("renumbered") else indices


@exercise.faults(
    as_they_stand="Texts are compared as they stand, so a capital or a second blank makes a copy look new. What "
    f"counts are the words. {_AGAIN}",
    only_small="Capitals make no difference, but a second blank or a comma makes a copy look new. What counts are the "
    f"words. {_AGAIN}",
    only_stripped="Only the spaces at the ends of a text make no difference: capitals, other spaces and signs make a "
    f"copy look new. What counts are the words. {_AGAIN}",
    small_and_stripped="Capitals and spaces at the ends make no difference, but other spaces and signs make a copy "
    f"look new. What counts are the words. {_AGAIN}",
    small_and_split=f"Punctuation makes a copy look new. {_SIGNS}",
    only_split=f"Capitals and punctuation make a copy look new. {_SIGNS}",
    capitals_kept="Capitals make a copy look new. The same words in capitals are the same text: do they come from "
    f"`content_words`? {_AGAIN}",
    joined_without_blank="The words are joined without anything between them, so *the re* and *there* get one key. "
    f"Other words need another key. {_AGAIN}",
    order_forgotten="The key forgets the order of the words, so *dog bites man* is a copy of *man bites dog*. "
    f"{_AGAIN}",
    set_of_words="The key is a set of words: it forgets their order, and how often each comes. Both belong to the "
    f"text. {_AGAIN}",
    count_of_words=f"Texts with the same number of words are taken for copies. The words have to be the same. {_AGAIN}",
    length_of_text=f"Texts of the same length are taken for copies. The words have to be the same. {_AGAIN}",
    first_word=f"Texts that begin with the same word are taken for copies. All words count. {_AGAIN}",
    first_two_words=f"Texts that begin with the same two words are taken for copies. All words count. {_AGAIN}",
    first_three_words=f"Texts that begin with the same three words are taken for copies. All words count. {_AGAIN}",
    last_word=f"Texts that end with the same word are taken for copies. All words count. {_AGAIN}",
    last_stays="Of equal texts the last one stays. The first one is as good, and it can be kept before the "
    f"others are seen, which a stream needs. {_AGAIN}",
    none_stays="A text that comes more than once goes altogether. One copy of it is to stay: it is no worse for "
    f"having been copied. {_AGAIN}",
    only_repeated="Only texts that come more than once are kept. Those that come once are to stay as well. "
    f"{_AGAIN}",
    neighbors_only=f"Each text is compared with the one before it alone. Copies stand anywhere in a corpus. {_AGAIN}",
    first_text_only=f"Each text is compared with the first one alone. It may be a copy of any before it. {_AGAIN}",
    contained="A text goes when its words stand inside an earlier one. It is a copy only when it has the same words, "
    f"all of them. {_AGAIN}",
    no_memory=_NO_MEMORY,
    memory_in_the_loop=_NO_MEMORY,
    no_words_left_out=f"Texts without words are all left out. The first of them stays, as of any other kind. {_AGAIN}",
    copies_named=f"Your indices are those of the copies. Those of the documents to keep are asked for. {_AGAIN}",
    renumbered="Your indices count what is kept, 0, 1, 2 and so on. The places of the documents in the list that came "
    f"in are asked for. {_AGAIN}",
    from_one=f"Your indices count from 1. Python's lists count from 0. {_AGAIN}",
    the_texts=f"Your code returns the texts. {_INDICES}",
    the_keys=f"Your code returns the keys of the texts. {_INDICES}",
    marks=f"Your code returns a mark, True or False, for each document. {_INDICES}",
    how_many=f"Your code returns how many documents there are to keep. {_INDICES}",
    as_a_set=f"Your code returns a set. A list in rising order is asked for. {_AGAIN}",
    backwards=f"Your indices come in falling order. A list in rising order is asked for. {_AGAIN}",
    first_only=f"Your code returns at the first document. Is the `return` inside the loop? {_AGAIN}",
    first_lost=f"The first document is lost. It has no copy before it, and stays. {_AGAIN}",
    last_lost=f"The last document is lost, even when it is new. {_AGAIN}",
)
def choosing(on: Switches) -> Any:
    """Choose, and return what is asked for or something else."""

    def unique_documents(texts: Sequence[str]) -> Any:
        kept = _kept(on, texts)
        if on("from_one"):
            return [index + 1 for index in kept]
        if on("the_texts"):
            return [texts[index] for index in kept]
        if on("the_keys"):
            return [" ".join(data.content_words(texts[index])) for index in kept]
        if on("marks"):
            return [index in kept for index in range(len(texts))]
        if on("how_many"):
            return len(kept)
        if on("as_a_set"):
            return {*kept}
        if on("first_only"):
            return kept[:1]
        if on("first_lost"):
            return kept[1:]
        if on("last_lost"):
            return [index for index in kept if index < len(texts) - 1]
        return kept[::-1] if on("backwards") else kept

    return unique_documents
