"""`data.gopher_quality`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
import statistics
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from autograder.exercises.data._shared import WORDS, drawn
from llmlab import data

exercise = LAB.exercise(
    "gopher_quality",
    reference=data.gopher_quality,
    matters="FineWeb (2024) and Dolma (2024) still apply Gopher's rules of 2021, since they cost next to nothing for "
    "a page. Read llmlab/data/filters.py.",
    hints=(
        "Each rule needs one number. Write the seven numbers first, each under a name of its own.",
        "A dictionary of names and truth values keeps the order; the answer is the list of those names "
        "whose value is true.",
        "Words: `text.split()`. Lines: those of `text.splitlines()` that hold more than spaces, "
        "stripped. A share is a count over the number of words or of lines; stop words are counted "
        "as a set of small letters.",
    ),
)

MOST = 100_000


def lengths(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Judge texts of 49 to 52, 100,000 and 100,001 words."""
    prose = ["the", "and", *drawn(generator, 47, words)]
    return [
        implementation(" ".join(prose)),
        implementation(" ".join([*prose, "end"])),
        implementation("\n".join([*prose, "to", "end"])),
        implementation(" ".join([*prose, "to", "the", "end"])),
        implementation(f"the and{' tree' * (MOST - 2)}"),
        implementation(f"the and{' tree' * (MOST - 1)}"),
    ]


def word_lengths(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Judge ten words of 2.9, 3, 10 and 10.1 characters in the mean."""
    one, two = drawn(generator, 2, [word for word in words if len(word) == 6])
    short = "the to of and be of to be it elephants"
    long = f"the and {one}{two} {two}{one} constantly windowsill sometimes, everything misunderstanding"
    return [
        implementation(short),
        implementation(f"{short}!"),
        implementation(f"{long} responsibility"),
        implementation(f"{long} responsibility!"),
        implementation(f"{long} {one}responsibility{two}"),
        implementation(f"it is I an a{' elephants' * 5}"),
    ]


def signs(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Judge ten words with one symbol, and with two in various ways."""
    one, two, three, four, five, six = drawn(generator, 6, words)
    start = f"The {one} and {two}"
    return [
        implementation(f"{start}... {three} {four}. {five}. {six} to go."),
        implementation(f"{start}... {three} {four}... {five}. {six} to go."),
        implementation(f"{start}… {three} #{four} {five}. {six} to go."),
        implementation(f"{start} {three} ##{four} {five}. {six} to go."),
        implementation(f"{start}… {three} {four}… {five}. {six} to go."),
        implementation(f"{start} # {three} {four} # {five}. {six}."),
        implementation(
            f"{start} to {three}… {four},\n{five} of {six} and {one} to {two} of {three}."
        ),
    ]


def lists(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Judge ten lines of which nine or ten begin with a bullet, empty lines, and lines with a bullet inside."""
    lines = drawn(generator, 10, words)
    marked = list(zip("-*•‣·●-*•‣", lines, strict=True))
    listed = [f"{mark} {line}" for mark, line in marked]
    return [
        implementation("\n".join([*listed[:9], lines[9]])),
        implementation("\n".join(listed)),
        implementation("\n\n\n".join(listed[:4])),
        implementation("\n".join(f"  {one}" for one in listed)),
        implementation("\n".join(f"{line} - {line}" for line in lines[:4])),
        implementation("\n".join(f"{mark}{line}" for mark, line in marked)),
        implementation("\n".join([*listed[:3], *lines[:3]])),
        implementation("\n".join(listed[:2])),
    ]


def teasers(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Judge lines of which some end with an ellipsis, with spaces behind it, or hold one inside."""
    lines = [f"The {word}" for word in drawn(generator, 10, words)]
    return [
        implementation("\n".join([*(f"{line}…" for line in lines[:3]), *lines[3:]])),
        implementation("\n".join([*(f"{line}…" for line in lines[:4]), *lines[4:]])),
        implementation("\n".join([f"{lines[0]}...  ", *lines[1:3]])),
        implementation("\n\n\n".join([f"{lines[0]}...", f"{lines[1]}…", *lines[2:5]])),
        implementation("\n".join([f"{lines[0]}... to", f"{lines[1]}… to", lines[2]])),
        implementation("\n".join([f"{lines[0]}.", f"{lines[1]}.."])),
        implementation("\n".join([*lines[:4], f"{lines[4]}..."])),
    ]


def letters(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Judge words of which eight or seven of ten hold a letter, some with signs or digits, or at the ends of lines."""
    one, two, three, four = drawn(generator, 4, words)
    return [
        implementation(f"The {one} and {two} to {three} of {four} 1984 42"),
        implementation(f"The {one} and {two} to {three} of 1984 -- 42."),
        implementation(f'The {one}, and don\'t: 3rd 2nd "{two}" ({three}) {four}.'),
        implementation(f"The {one} and {two} 1999-2004 12:30:55 7"),
        implementation(f"The {one}, and {two}. {three}; {four}!"),
        implementation(f"The {one} and {two} to {three} of {four} it 42"),
        implementation(f"{one} 42...\n1984 -- {two}…"),
    ]


def stop_words(implementation: Any, generator: Generator, words: Sequence[str]) -> Any:
    """Judge texts with one stop word twice, two in capitals, some inside other words, and three."""
    one, two, three = drawn(generator, 3, words)
    return [
        implementation(f"{one} the {two} the {three}"),
        implementation(f"The {one} {two} AND {three}"),
        implementation(f"other {one} often hands {two} without"),
        implementation(f"to be {one} of {two} {three}"),
        implementation(f"{one} have {two} with {three}"),
        implementation(f"that {one} {two} {three}"),
        implementation(f"{one} the, {two} and. {three} (of)"),
    ]


@exercise.probe
def fifty_words(implementation: Any, generator: Generator) -> Any:
    """Texts of 49 to 52, 100,000 and 100,001 words, one of them with each word on a line of its own."""
    return lengths(implementation, generator, WORDS)


@exercise.probe
def short_and_long_words(implementation: Any, generator: Generator) -> Any:
    """Ten words of 2.9, 3, 10 and 10.1 characters in the mean."""
    return word_lengths(implementation, generator, WORDS)


@exercise.probe
def number_signs_and_ellipses(implementation: Any, generator: Generator) -> Any:
    """Ten words with one symbol, and with two."""
    return signs(implementation, generator, WORDS)


@exercise.probe
def bullets_before_lines(implementation: Any, generator: Generator) -> Any:
    """Ten lines of which nine or all begin with a bullet, empty lines between, and bullets inside lines."""
    return lists(implementation, generator, WORDS)


@exercise.probe
def lines_that_trail_off(implementation: Any, generator: Generator) -> Any:
    """Lines that end with an ellipsis, three and four of ten, with spaces behind it, and lines with one inside."""
    return teasers(implementation, generator, WORDS)


@exercise.probe
def words_without_letters(implementation: Any, generator: Generator) -> Any:
    """Ten words of which eight or seven hold a letter, some of them an apostrophe or a digit; a text of two lines."""
    return letters(implementation, generator, WORDS)


@exercise.probe
def the_and_with(implementation: Any, generator: Generator) -> Any:
    """Stop words: one of them twice, two in capitals, some inside other words, three different ones."""
    return stop_words(implementation, generator, WORDS)


_AGAIN = "Reread 'Rules of thumb'."
_STOPS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})
_BOUND = f"The bounds belong to what is kept. {_AGAIN}"

_LENGTH = {
    "characters_for_words": "The length is counted in characters. The rule asks for words: 50 characters are a "
    f"heading, and 100,000 a long article. {_AGAIN}",
    "lines_for_words": f"The length is counted in lines. The rule asks for words. {_AGAIN}",
    "different_words": "The length counts each different word once. The rule asks how long the page is: every word "
    f"counts, as often as it comes. {_AGAIN}",
    "no_least": f"A text of fewer than 50 words passes the rule `length`: it has a least as well as a most. {_AGAIN}",
    "no_most": f"A text of more than 100,000 words passes the rule `length`: it has a most as well as a least. "
    f"{_AGAIN}",
    "least_left_out": f"A text of 50 words breaks `length` in your code. {_BOUND}",
    "most_left_out": "A text of 100,000 words breaks `length` in your code: its bound is smaller, or left out. "
    f"{_BOUND}",
    "both_left_out": f"Texts of 50 and of 100,000 words break `length` in your code. {_BOUND}",
}


def _length(on: Switches, text: str, words: list[str]) -> bool:
    count = len(words)
    if on("characters_for_words"):
        count = len(text)
    if on("lines_for_words"):
        count = len(text.splitlines())
    if on("different_words"):
        count = len({*words})
    strict = on("both_left_out")
    too_few = count <= 50 if strict or on("least_left_out") else count < 50
    too_many = count >= MOST if strict or on("most_left_out") else count > MOST
    return (too_few and not on("no_least")) or (too_many and not on("no_most"))


_WORD_LENGTH = {
    "spaces_counted": "The mean word length counts the spaces between the words as well, and so is too large by about "
    f"one. {_AGAIN}",
    "punctuation_left": "The mean word length leaves punctuation out. Words are what stands between spaces, with their "
    f"punctuation. {_AGAIN}",
    "median": "You take the median of the word lengths: one very long word then changes nothing. The rule asks for "
    f"the mean. {_AGAIN}",
    "means_of_different": "The mean word length counts each different word once. A word that comes often weighs as "
    f"often. {_AGAIN}",
    "floored": f"The mean word length loses what stands behind the point, so a mean of 10.1 passes for 10. {_AGAIN}",
    "rounded": f"The mean word length is rounded, so a mean of 2.9 passes for 3 and one of 10.1 for 10. {_AGAIN}",
    "each_word": "A text breaks `word length` in your code as soon as one of its words is very short or very long. The "
    f"rule asks for the mean of all words. {_AGAIN}",
    "no_least_mean": f"A text of very short words passes the rule `word length`, which has a least mean too. {_AGAIN}",
    "no_most_mean": f"A text of very long words passes the rule `word length`, which has a largest mean too. {_AGAIN}",
    "means_left_out": f"Means of just 3 or 10 characters break `word length` in your code. {_BOUND}",
}


def _word_length(on: Switches, text: str, words: list[str]) -> bool:
    if on("each_word"):
        return any(not 3 <= len(word) <= 10 for word in words)
    counted: Sequence[str] = [*{*words}] if on("means_of_different") else words
    mean = len("".join(counted)) / len(counted)
    if on("spaces_counted"):
        mean = len(text) / len(words)
    if on("punctuation_left"):
        mean = sum(len(word.strip(string.punctuation)) for word in words) / len(words)
    if on("median"):
        mean = statistics.median(map(len, words))
    if on("floored"):
        mean = int(mean)
    if on("rounded"):
        mean = round(mean)
    if on("means_left_out"):
        return mean <= 3 or mean >= 10
    return (mean < 3 and not on("no_least_mean")) or (mean > 10 and not on("no_most_mean"))


_SYMBOLS = {
    "only_number_signs": "Of the symbols only the number sign is counted. Pages that trail off again and again are "
    f"what the rule is for as well. {_AGAIN}",
    "only_ellipses": f"Of the symbols only ellipses are counted. Number signs are symbols too. {_AGAIN}",
    "no_three_dots": f"The rule `symbols` misses the ellipsis that is written as three dots. {_AGAIN}",
    "no_one_sign": f"The rule `symbols` misses the ellipsis that is one character, `…`. {_AGAIN}",
    "every_dot": "Every full stop of `...` is counted as a symbol of its own. The three together are one ellipsis, "
    f"and a single full stop is none. {_AGAIN}",
    "any_three": "Any three characters count as an ellipsis: in a pattern, a dot stands for every character. "
    f"{_AGAIN}",
    "each_kind": f"Each kind of symbol is held against the bound alone. It is all symbols together that count. "
    f"{_AGAIN}",
    "words_with_symbols": "Your code counts words that hold a symbol. It is symbols that count: `##` is two of them. "
    f"{_AGAIN}",
    "symbols_alone": "A symbol counts in your code only when it stands alone. Most of them hang on a word, as in "
    f"`now...`. {_AGAIN}",
    "over_characters": f"The symbols are divided by the number of characters. The rule divides by words. {_AGAIN}",
    "symbols_over_lines": f"The symbols are divided by the number of lines. The rule divides by words. {_AGAIN}",
    "symbols_left_out": f"One symbol for ten words breaks `symbols` in your code. {_BOUND}",
}


def _symbols(on: Switches, text: str, words: list[str], lines: list[str]) -> bool:
    signs = [sign for sign in ("#", "...", "…") if not _ignored(on, sign)]
    counts = [text.count(sign) for sign in signs]
    if on("every_dot"):
        counts = [text.count(sign) for sign in "#.…"]
    if on("any_three"):
        counts = [len(re.findall("#|...|…", text))]
    if on("words_with_symbols"):
        counts = [sum(any(sign in word for sign in signs) for word in words)]
    if on("symbols_alone"):
        counts = [sum(word in signs for word in words)]
    count = max(counts) if on("each_kind") else sum(counts)
    whole: Sequence[str] = lines if on("symbols_over_lines") else words
    share = count / len(text if on("over_characters") else whole)
    return share >= 0.1 if on("symbols_left_out") else share > 0.1


def _ignored(on: Switches, sign: str) -> bool:
    return {
        "#": on("only_ellipses"),
        "...": on("only_number_signs") or on("no_three_dots"),
        "…": on("only_number_signs") or on("no_one_sign"),
    }[sign]


_LINES = {
    "empty_bullets": "Empty lines count as lines, so a list with empty lines between its points passes for prose. "
    f"Shares are taken of the lines that hold something. {_AGAIN}",
    "only_hyphens": f"Only the hyphen is taken for a bullet. The table names six signs. {_AGAIN}",
    "three_bullets": f"Some of the six bullets are not found: only `-`, `*` and `•` are. {_AGAIN}",
    "blank_behind": f"A bullet counts in your code only with a blank behind it. `-tea` is a point of a list too. "
    f"{_AGAIN}",
    "bullets_anywhere": "A line counts as a bullet wherever the sign stands in it. It has to *begin* with one: prose "
    f"has hyphens inside. {_AGAIN}",
    "bullets_indented": "Bullets behind spaces are not found. A line counts without the spaces at its ends. "
    f"{_AGAIN}",
    "bullets_over_words": f"The bullets are divided by the number of words. The rule asks for a share of lines. "
    f"{_AGAIN}",
    "any_bullet": f"One bullet is enough to break `bullets` in your code. Nine lines of ten may have one. {_AGAIN}",
    "bullets_left_out": f"Nine bullets for ten lines break `bullets` in your code. {_BOUND}",
    "empty_ellipses": "Empty lines count as lines in the rule `ellipses`, which makes the share too small. Shares are "
    f"taken of the lines that hold something. {_AGAIN}",
    "empty_both": "Empty lines count as lines in both rules about lines, which makes the shares too small. Shares are "
    f"taken of the lines that hold something. {_AGAIN}",
    "no_dots_at_end": f"The rule `ellipses` misses lines that end with three dots. {_AGAIN}",
    "no_sign_at_end": f"The rule `ellipses` misses lines that end with the single character `…`. {_AGAIN}",
    "full_stops": "A line that ends with a full stop counts as one that trails off. Only three dots together are an "
    f"ellipsis. {_AGAIN}",
    "ellipses_anywhere": "A line counts in `ellipses` wherever the ellipsis stands in it. It has to *end* with one. "
    f"{_AGAIN}",
    "ellipses_spaces": "An ellipsis with spaces behind it is not found. A line counts without the spaces at its ends. "
    f"{_AGAIN}",
    "not_stripped": "Lines keep the spaces at their ends, so a bullet behind spaces and an ellipsis before spaces are "
    f"not found. {_AGAIN}",
    "ellipses_over_words": f"The lines that trail off are divided by the number of words. The rule asks for a share of "
    f"lines. {_AGAIN}",
    "any_ellipsis": f"One line that trails off is enough to break `ellipses` in your code. Three lines of ten may. "
    f"{_AGAIN}",
    "ellipses_left_out": f"Three lines of ten that trail off break `ellipses` in your code. {_BOUND}",
}


def _bullets(on: Switches, text: str, words: list[str], lines: list[str]) -> bool:
    if on("bullets_indented") or on("not_stripped"):
        lines = [line for line in text.splitlines() if line.strip()]
    marks = "-" if on("only_hyphens") else "-*•" if on("three_bullets") else "-*•‣·●"
    ends = " " if on("blank_behind") else ""
    if on("bullets_anywhere"):
        count = sum(any(mark in line for mark in marks) for line in lines)
    else:
        count = sum(line.startswith(tuple(mark + ends for mark in marks)) for line in lines)
    every = text.splitlines() if on("empty_bullets") or on("empty_both") else lines
    share = count / len(words if on("bullets_over_words") else every)
    if on("any_bullet"):
        return count > 0
    return share >= 0.9 if on("bullets_left_out") else share > 0.9


def _ellipses(on: Switches, text: str, words: list[str], lines: list[str]) -> bool:
    if on("ellipses_spaces") or on("not_stripped"):
        lines = [line for line in text.splitlines() if line.strip()]
    ends = ("…",) if on("no_dots_at_end") else ("...",) if on("no_sign_at_end") else ("...", "…")
    ends = (".", "…") if on("full_stops") else ends
    if on("ellipses_anywhere"):
        count = sum(any(end in line for end in ends) for line in lines)
    else:
        count = sum(line.endswith(ends) for line in lines)
    every = text.splitlines() if on("empty_ellipses") or on("empty_both") else lines
    share = count / len(words if on("ellipses_over_words") else every)
    if on("any_ellipsis"):
        return count > 0
    return share >= 0.3 if on("ellipses_left_out") else share > 0.3


_WORDS = {
    "letters_throughout": "A word counts only when all of it is letters, so *doesn't*, *3rd* and every word before a "
    f"comma are held against a text. The rule asks for one letter at least. {_AGAIN}",
    "first_letters": "A word counts only when it begins with a letter, so *3rd* and a word in quotation marks are held "
    f"against a text. The letter may stand anywhere. {_AGAIN}",
    "digits_too": f"A number counts as a word with a letter. Digits are no letters: the rule looks for tables. "
    f"{_AGAIN}",
    "digits_throughout": "A word counts when all of it is letters or digits: numbers pass, and every word before a "
    f"comma does not. The rule asks for one letter at least. {_AGAIN}",
    "share_of_characters": "The rule `letters` compares letters with characters. It asks for a share of words. "
    f"{_AGAIN}",
    "without_letters": "The rule `letters` is the wrong way round: it counts the words without a letter, and asks for "
    f"many of them. {_AGAIN}",
    "every_word": f"One word without a letter is enough to break `letters` in your code. One of five may have none. "
    f"{_AGAIN}",
    "letters_left_out": f"Eight words of ten with a letter break `letters` in your code. {_BOUND}",
    "repeated_stop_words": "Stop words are counted as often as they come, so *the* twice is enough. The rule asks for "
    f"two different ones: spam often has one of them. {_AGAIN}",
    "small_stop_words": f"Stop words are found in small letters only. *The* at the beginning of a sentence is one too. "
    f"{_AGAIN}",
    "stop_words_inside": "Stop words are found inside other words: *other* has *the* in it, and is none. Compare whole "
    f"words. {_AGAIN}",
    "one_stop_word": f"One stop word is enough in your code. The rule asks for two different ones. {_AGAIN}",
    "three_stop_words": f"Two different stop words break the rule in your code. Two are enough. {_AGAIN}",
    "all_stop_words": f"A text needs all eight stop words in your code. Two different ones are enough. {_AGAIN}",
    "no_stop_words": "The rule `stop words` is the wrong way round: texts that have two of them break it. Prose has "
    f"them, lists of keywords do not. {_AGAIN}",
}


def _letters(on: Switches, text: str, words: Counter[str]) -> bool:
    has = {
        "letters_throughout": str.isalpha,
        "first_letters": lambda word: word[0].isalpha(),
        "digits_too": lambda word: any(map(str.isalnum, word)),
        "digits_throughout": str.isalnum,
        "without_letters": lambda word: not any(map(str.isalpha, word)),
    }
    chosen = next((one for name, one in has.items() if on(name)), None)
    chosen = chosen or (lambda word: any(map(str.isalpha, word)))
    share = sum(count for word, count in words.items() if chosen(word)) / words.total()
    if on("share_of_characters"):
        share = sum(map(str.isalpha, text)) / len(text)
    if on("every_word"):
        return share < 1
    return share <= 0.8 if on("letters_left_out") else share < 0.8


def _stop_words(on: Switches, text: str, words: Counter[str]) -> bool:
    found = Counter[str]()
    for word, times in words.items():
        found[word if on("small_stop_words") else word.lower()] += times
    count = len(_STOPS & {*found})
    if on("repeated_stop_words"):
        count = sum(found[word] for word in _STOPS)
    if on("stop_words_inside"):
        count = sum(word in text.lower() for word in _STOPS)
    if on("no_stop_words"):
        return count >= 2
    least = 1 if on("one_stop_word") else 3 if on("three_stop_words") else 2
    return count < (8 if on("all_stop_words") else least)


def _named(on: Switches, broken: dict[str, bool]) -> Any:
    if on("truth_values"):
        return [*broken.values()]
    if on("dictionary"):
        return broken
    names = [name for name, is_broken in broken.items() if is_broken != on("names_of_kept")]
    if on("truth_value"):
        return bool(names)
    if on("whether_kept"):
        return not names
    if on("names_joined"):
        return ", ".join(names)
    if on("underscores"):
        return [name.replace(" ", "_") for name in names]
    if on("none_for_good"):
        return names or None
    if on("first_broken"):
        return names[:1]
    if on("last_broken"):
        return names[-1:]
    return sorted(names) if on("by_alphabet") else names


@exercise.faults(
    **_WORD_LENGTH,
    **_SYMBOLS,
    **_WORDS,
    **_LINES,
    **_LENGTH,
    names_of_kept=f"Your code names the rules that a text keeps. The broken ones are asked for. {_AGAIN}",
    first_broken=f"Your code stops at the first broken rule. A page may break several, and all are named. {_AGAIN}",
    last_broken=f"Your code names the last broken rule alone. A page may break several, and all are named. {_AGAIN}",
    by_alphabet=f"The names come in the order of the alphabet. They are asked for in the order of the table. {_AGAIN}",
    names_joined=f"Your names are joined into one text. A list of names is asked for. {_AGAIN}",
    truth_values=f"Your list holds a truth value for each rule. The names of the broken rules are asked for. {_AGAIN}",
    truth_value="Your code only says whether a text breaks a rule, or whether it is kept. The names of the broken "
    f"rules are asked for, so that a report can say why a page went. {_AGAIN}",
    whether_kept="Your code only says whether a text breaks a rule, or whether it is kept. The names of the broken "
    f"rules are asked for, so that a report can say why a page went. {_AGAIN}",
    dictionary="Your code returns a dictionary of all rules. A list with the names of the broken ones is asked for. "
    f"{_AGAIN}",
    none_for_good=f"For a page that breaks no rule your code returns None. The list of its broken rules is empty. "
    f"{_AGAIN}",
    underscores="The names are not those of the table: `word length` and `stop words` are written with a blank. "
    f"{_AGAIN}",
)
def rules(on: Switches) -> Any:
    """Judge by all rules, and name the broken ones."""

    def gopher_quality(text: str) -> Any:
        too_long = _length(on, text, text.split())
        # Very long texts are alike throughout, so that the other rules need their beginning alone.
        text = text[:5_000]
        words, lines = text.split(), [line.strip() for line in text.splitlines() if line.strip()]
        counted = Counter(words)
        broken = {
            "length": too_long,
            "word length": _word_length(on, text, words),
            "symbols": _symbols(on, text, words, lines),
            "bullets": _bullets(on, text, words, lines),
            "ellipses": _ellipses(on, text, words, lines),
            "letters": _letters(on, text, counted),
            "stop words": _stop_words(on, text, counted),
        }
        return _named(on, broken)

    return gopher_quality
