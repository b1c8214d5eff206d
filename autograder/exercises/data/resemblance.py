"""`data.resemblance`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from autograder.exercises.data._shared import WORDS, different, drawn
from llmlab import data

exercise = LAB.exercise(
    "resemblance",
    reference=data.resemblance,
    matters="RefinedWeb (2023) and FineWeb (2024) call two pages near copies by this measure, over runs of 5 words. "
    "Read llmlab/data/duplicates.py.",
    hints=(
        "Two sets, then one fraction. Which two operations of sets does the formula name?",
        "How many runs of 5 words are there in 7 words? Try it on paper, then write the range.",
        "Collect `tuple(words[i : i + size])` for i from 0 to the number of words minus size, both "
        "included, but at least for i = 0; divide the size of the sets' `&` by that of their `|`.",
    ),
)


def changes(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Compare texts that differ in a word, in length, and in all."""
    text = different(generator, 9, words)
    whole = " ".join(text)
    changed = " ".join([*text[:3], "other", *text[4:]])
    return [
        *(implementation(whole, changed, size) for size in (1, 2, 3, 5)),
        implementation(whole, " ".join(text[:6]), 2),
        implementation(" ".join(text[2:]), whole, 3),
        implementation(" ".join(["first", *text]), whole, 2),
        implementation(whole, " ".join([*text, "last"]), 3),
        implementation(whole, "nothing of all this", 2),
        implementation(whole, changed),
    ]


def repeats(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Compare texts that say words again, and that have the same words in another order."""
    one, two, three, four = different(generator, 4, words)
    often = f"{one} {two} {three} {one} {two} {three} {one} {two}"
    return [
        implementation(often, f"{one} {two} {four} {three} {one}", 2),
        implementation(f"{one} {two} {four} {three} {one}", often, 1),
        implementation(f"{one} {two} {three} {four}", f"{two} {one} {four} {three}", 2),
        implementation(f"{one} {two} {three}", f"{one}{two} {three}", 1),
        implementation("a bc d a", "ab c d a", 2),
        implementation(f"{one} {one} {two}", f"{one} {two} {two}", 3),
    ]


def short(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Compare texts with other capitals and signs, and texts shorter than the run."""
    text = " ".join(different(generator, 3, words))
    return [
        implementation(text, f"{text.title()}!", 3),
        implementation(text, text.upper(), 2),
        implementation(text, ", ".join(text.split()), 2),
        implementation(text, text, 5),
        implementation(text, f"{text} more", 5),
        implementation(text, f"{text} and some more words", 5),
        implementation(drawn(generator, 1, words)[0], "another", 2),
    ]


@exercise.probe
def some_words_changed(implementation: Any, generator: Generator) -> Any:
    """Texts that differ in one word, in their length, and in everything, with runs of 1, 2, 3 and 5 words."""
    return changes(implementation, generator, WORDS)


@exercise.probe
def repeated_words(implementation: Any, generator: Generator) -> Any:
    """Texts that say words again, or in another order, or with the blank at another place."""
    return repeats(implementation, generator, WORDS)


@exercise.probe
def short_texts(implementation: Any, generator: Generator) -> Any:
    """Texts with other capitals and punctuation, and texts shorter than the run."""
    return short(implementation, generator, WORDS)


_AGAIN = "Reread 'Nearly the same text'."
_SHORT = f"A text of fewer words than a run has one shingle: all its words. {_AGAIN}"
_NOTHING = (
    "When one of the texts is shorter than a run, your code gives 0: either it has no shingle there, or it returns at "
    f"once. {_SHORT}"
)
_CHARACTERS = (
    "The runs are runs of characters. Nearly all English texts share runs of five letters; runs of "
    f"five words are what copies share. {_AGAIN}"
)


def _words(on: Switches, text: str) -> list[str]:
    if on("words_as_they_stand"):
        return text.split()
    if on("only_small"):
        return text.lower().split()
    return re.findall(r"\w+", text) if on("capitals_kept") else data.content_words(text)


def _runs(on: Switches, text: str, size: int) -> list[Any]:
    """List the shingles of a text, with their faults."""
    words: Sequence[str] = _words(on, text)
    if on("runs_of_characters"):
        words = text
    if on("runs_of_letters"):
        words = " ".join(words)
    size = 1 if on("single_words") else 5 if on("always_five") else size
    size += on("one_more") - on("one_less")
    if on("short_left_out") or on("short_fails"):
        starts = range(len(words) - size + 1)
    elif on("last_run_missing"):
        starts = range(max(1, len(words) - size))
    elif on("one_run_too_many"):
        starts = range(max(1, len(words) - size + 2))
    elif on("cut_runs"):
        starts = range(max(1, len(words)))
    else:
        starts = range(0, max(1, len(words) - size + 1), size if on("side_by_side") else 1)
    runs = [tuple(words[i : i + max(1, size)]) for i in starts]
    if on("first_run_missing"):
        runs = runs[1:] or runs
    if on("rests"):
        runs = [tuple(words[i:]) for i in starts]
    if on("order_forgotten"):
        return [frozenset(run) for run in runs]
    if on("order_of_run_forgotten"):
        return [tuple(sorted(run)) for run in runs]
    if on("joined_without_blank"):
        return ["".join(run) for run in runs]
    return [(i, run) for i, run in enumerate(runs)] if on("places_too") else runs


def _overlap(on: Switches, one: list[Any], two: list[Any]) -> float:
    """Compare two lists of shingles, with the faults of the fraction."""
    left, right = {*one}, {*two}
    both, either = len(left & right), len(left | right)
    if on("counted_often"):
        return (Counter(one) & Counter(two)).total() / (Counter(one) | Counter(two)).total()
    if on("lists_for_sets"):
        both = sum(run in two for run in one)
        return both / (len(one) + len(two) - both)
    if on("equal_places"):
        return sum(a == b for a, b in zip(one, two, strict=False)) / max(len(one), len(two))
    if on("short_left_out") and not either:
        return 0.0
    below = {
        "contained": min(len(left), len(right)),
        "over_the_larger": max(len(left), len(right)),
        "over_the_first": len(left),
        "over_the_second": len(right),
        "counted_twice": len(left) + len(right),
        "over_half_the_sum": (len(left) + len(right)) / 2,
        "over_what_differs": len(left ^ right) or 1,
        "over_all_runs": len(one) + len(two) - both,
        "without_fraction": 1,
    }
    return both / next((count for name, count in below.items() if on(name)), either)


@exercise.faults(
    runs_of_characters=_CHARACTERS,
    runs_of_letters=_CHARACTERS,
    side_by_side="Each run begins where the one before it ended. A word put in at the beginning then shifts all "
    f"runs, and nothing agrees any more. Runs overlap: one begins at each word. {_AGAIN}",
    last_run_missing="The last run is missing: seven words hold three runs of five, and the last begins at the third "
    f"word. {_AGAIN}",
    first_run_missing=f"The first run is missing. It begins with the first word. {_AGAIN}",
    one_run_too_many="There is one run too many: the last one has a word less than the others. The last run ends with "
    f"the last word. {_AGAIN}",
    cut_runs=f"Runs begin at the last words too, and are cut short there. The last run that is whole ends with the "
    f"last word. {_AGAIN}",
    rests=f"Each run goes on to the end of the text. Runs have a given number of words. {_AGAIN}",
    single_words=f"Single words are compared, whatever the size of the runs. Runs keep the order of words. {_AGAIN}",
    always_five=f"Your runs have five words, whatever `size` says. {_AGAIN}",
    one_more=f"Your runs have one word more than `size` says. {_AGAIN}",
    one_less=f"Your runs have one word less than `size` says. {_AGAIN}",
    short_left_out=_NOTHING,
    short_fails=f"A text of fewer words than a run has no shingle in your code, and you divide by zero. {_SHORT}",
    short_is_nothing=_NOTHING,
    shrunk_for_both="When one of the texts is shorter than a run, the runs of both become as short as it. The longer "
    f"text keeps its runs. {_SHORT}",
    short_is_equal=f"When one of the texts is shorter than a run, your code returns 1 at once. {_SHORT}",
    order_forgotten="A run is a set in your code: it forgets in which order the words stand, and how often. "
    f"Shingles are runs of words in their order. {_AGAIN}",
    order_of_run_forgotten="The words of a run are sorted in your code. Shingles are runs of words in their order. "
    f"{_AGAIN}",
    joined_without_blank="The words of a run are joined without anything between them, so *a bc* and *ab c* are one "
    f"shingle. {_AGAIN}",
    places_too="A shingle counts only at the same place in both texts. One word more at the beginning, and nothing "
    f"agrees. Sets know no places. {_AGAIN}",
    equal_places="Runs are compared place by place. One word more at the beginning, and nothing agrees. "
    f"Sets know no places. {_AGAIN}",
    contained="What both have is divided by the size of the smaller set. Then a short text that is quoted in a "
    f"long one looks like all of it. {_AGAIN}",
    over_the_larger=f"What both have is divided by the size of the larger set. What only the smaller has is in the "
    f"union too. {_AGAIN}",
    over_the_first="What both have is divided by the size of the first set, so that exchanging the texts gives another "
    f"number. {_AGAIN}",
    over_the_second="What both have is divided by the size of the second set, so that exchanging the texts gives "
    f"another number. {_AGAIN}",
    counted_twice="What both have is divided by the two sizes added up, so that a text resembles itself by a half. "
    f"What stands in both sets belongs to their union once. {_AGAIN}",
    over_half_the_sum="What both have is divided by the mean of the two sizes. That is another measure, Dice's; the "
    f"Jaccard index divides by the union. {_AGAIN}",
    over_what_differs="What both have is divided by what only one of them has. What both have belongs to the union "
    f"too. {_AGAIN}",
    over_all_runs="The size of the union counts runs as often as they come. A run is in a set once. "
    f"{_AGAIN}",
    without_fraction=f"Your code returns how many shingles both texts have. The formula is a fraction. {_AGAIN}",
    counted_often="Runs are counted as often as they come. The measure is about sets: a run is there, or it is not. "
    f"{_AGAIN}",
    lists_for_sets="Runs are kept in lists, so one that comes twice counts twice. The measure is about sets: a run is "
    f"there, or it is not. {_AGAIN}",
    words_as_they_stand="Words are compared with their capitals and punctuation, so the same sentence with a full "
    f"stop is another. {_AGAIN}",
    only_small=f"Words are compared with their punctuation, so the same sentence with a full stop is another. {_AGAIN}",
    capitals_kept=f"Words are compared with their capitals, so a sentence in capitals is another. {_AGAIN}",
    what_differs="Your number says how much the texts differ: it is 0 for equal ones. The Jaccard index is 1 for them. "
    f"{_AGAIN}",
    percent=f"Your number is in percent. The Jaccard index is a fraction from 0 to 1. {_AGAIN}",
    rounded=f"Your number is rounded. Return the fraction as it is. {_AGAIN}",
    floored="Your number is whole: 0 unless the texts are equal. `//` leaves away what stands behind the point. "
    f"{_AGAIN}",
)
def comparing(on: Switches) -> Any:
    """Cut both texts into shingles, and compare."""

    def resemblance(first: str, second: str, size: int = 5) -> float:
        short = min(len(data.content_words(first)), len(data.content_words(second))) < size
        if short and on("short_is_nothing"):
            return 0.0
        if short and on("short_is_equal"):
            return 1.0
        if on("shrunk_for_both"):
            lengths = (len(data.content_words(text)) for text in (first, second))
            size = min(size, *lengths)
        found = _overlap(on, _runs(on, first, size), _runs(on, second, size))
        if on("what_differs"):
            return 1 - found
        if on("percent"):
            return 100 * found
        if on("rounded"):
            return round(found, 2)
        return found // 1 if on("floored") else found

    return resemblance
