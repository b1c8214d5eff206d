"""`data.normalize_text`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from autograder.exercises.data._shared import WORDS, drawn
from llmlab import data

exercise = LAB.exercise(
    "normalize_text",
    reference=data.normalize_text,
    matters="A tokenizer spends other tokens on café and cafe\u0301, and a search for copies misses one of them; "
    "CCNet (2020), behind the web text of Llama (2023), normalized before it looked for copies. Read "
    "llmlab/data/cleaning.py.",
    hints=(
        "Take the rules one by one. Each is one line, with `unicodedata`, `str.replace` or `re.sub`.",
        r"In a pattern, `\s` is every kind of space, the line end among them. Which class has all of "
        "them but the line end?",
        "Compose with the form NFC; delete the three invisible characters; replace each run of spaces "
        "that are no line ends by one blank; delete the blanks around line ends; replace three and "
        "more line ends by two; strip.",
    ),
)

SOFT_HYPHEN, ZERO_WIDTH, BYTE_ORDER, JOINER = "\u00ad", "\u200b", "\ufeff", "\u200d"


def accents(implementation: Any, generator: Generator, words: tuple[str, ...]) -> Any:
    """Normalize accents that stand apart, and characters that only look special."""
    first, second, third = drawn(generator, 3, words)
    return [
        implementation(f"{first} cafe\u0301 {second} nin\u0303o"),
        implementation(f"½ {third}, ﬁne x² ①"),
        implementation(f"The {first.title()}, 5 €: naïve?"),
    ]


def spaces(implementation: Any, generator: Generator, words: tuple[str, ...]) -> Any:
    """Normalize runs of blanks, tabs and no-break spaces."""
    first, second, third = drawn(generator, 3, words)
    return [
        implementation(f"{first}   {second}\t{third}\u00a0\u00a0end"),
        implementation(f"{second} \t\u00a0 {third}    {first}"),
        implementation(f"   {third} "),
    ]


def invisible(implementation: Any, generator: Generator, words: tuple[str, ...]) -> Any:
    """Normalize what nobody sees: in a word, between blanks, at the front, and a joiner, which stays."""
    first, second, third = drawn(generator, 3, words)
    return [
        implementation(f"so{SOFT_HYPHEN}ft {first}"),
        implementation(f"{first}{ZERO_WIDTH}{second} {third}"),
        implementation(f"{BYTE_ORDER} {second}{BYTE_ORDER}{third}"),
        implementation(f"{first} {SOFT_HYPHEN} {third}"),
        implementation(f"👩{JOINER}💻 {third}"),
    ]


def lines(implementation: Any, generator: Generator, words: tuple[str, ...]) -> Any:
    """Normalize lines with blanks at their ends, and one, two and more line ends in a row."""
    first, second, third, fourth = drawn(generator, 4, words)
    return [
        implementation(f"{first}\n{second} {third}\n{fourth}"),
        implementation(f"{first}  \n  {second}\n\n{third}"),
        implementation(f"{second}\n\n\n\n\n{third}\n\n\n{fourth}"),
        implementation(f"{third}\n \n\n \n\n{fourth}"),
        implementation(f"\n\n{first}\n\n{second} \n\n\n"),
    ]


@exercise.probe
def one_letter_in_two_ways(implementation: Any, generator: Generator) -> Any:
    """Accents that stand apart, characters that only look special, and capitals and signs, which stay."""
    return accents(implementation, generator, WORDS)


@exercise.probe
def kinds_of_spaces(implementation: Any, generator: Generator) -> Any:
    """Runs of blanks, tabs and no-break spaces."""
    return spaces(implementation, generator, WORDS)


@exercise.probe
def what_nobody_sees(implementation: Any, generator: Generator) -> Any:
    """The three invisible characters in a word, between blanks and at the front, and a joiner, which stays."""
    return invisible(implementation, generator, WORDS)


@exercise.probe
def lines_and_paragraphs(implementation: Any, generator: Generator) -> Any:
    """Lines with blanks at their ends, and one, two and more line ends in a row."""
    return lines(implementation, generator, WORDS)


@exercise.probe
def nothing_to_mend(implementation: Any, generator: Generator) -> Any:
    """A text that needs nothing, one of spaces alone, and an empty one."""
    first, second = drawn(generator, 2)
    return [implementation(text) for text in (f"{first}\n\n{second}", " \n \t\n", "")]


_AGAIN = "Reread 'One text, written in many ways'."
_NOT_ALL_INVISIBLE = (
    f"stays in your text. It is one of the three that nobody sees, and all three go. {_AGAIN}"
)
_LATE_INVISIBLE = (
    "The invisible characters go too late. When one of them stood between two blanks, or before the first word, the "
    f"blanks that are left behind come together after you have mended the spaces. {_AGAIN}"
)
_PRINTABLE = (
    "Characters are dropped by their kind, and more go than the three of the rule: tabs, before they can become "
    f"blanks, and the joiner in 👩‍💻. {_AGAIN}"
)
_ONE_LINE = (
    "Line ends are treated as any other space, so all paragraphs become one long line. Where a line "
    f"ends is something that the author said. {_AGAIN}"
)
_NO_EMPTY = (
    "Empty lines are taken out altogether, so a reader can no longer see where a paragraph ends. One "
    f"empty line may stay. {_AGAIN}"
)


def _spaced(on: Switches, text: str) -> str:
    """Mend the spaces within lines."""
    if on("spaces_not_touched"):
        return text
    if on("one_line"):
        return re.sub(r"\s+", " ", text)
    if on("pairs_of_blanks"):
        return re.sub(r"[^\S\n]", " ", text).replace("  ", " ")
    if on("blank_first"):
        text = re.sub(r"\s*[^\S\n]\s*", " ", text)
    patterns = {
        "only_blanks": " +",
        "tabs_kept": "[ \u00a0]+",
        "no_break_kept": "[ \t]+",
        "each_space": r"[^\S\n]",
        "only_runs": r"[^\S\n]{2,}",
    }
    pattern = next((pattern for name, pattern in patterns.items() if on(name)), r"[^\S\n]+")
    return re.sub(pattern, "" if on("no_spaces") else " ", text)


def _squeezed(on: Switches, text: str) -> str:
    """Take the empty lines that are too many."""
    if on("all_empty_lines"):
        return text
    if on("halved_once"):
        return text.replace("\n\n\n", "\n\n")
    if on("always_empty"):
        return re.sub(r"\n+", "\n\n", text)
    if on("no_empty_lines"):
        return re.sub(r"\n+", "\n", text)
    if on("two_empty_lines"):
        return re.sub(r"\n{4,}", "\n\n\n", text)
    text = re.sub(r"\n{3,}", "\n" if on("no_empty_where_many") else "\n\n", text)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text) if on("lines_joined") else text


def _lined(on: Switches, text: str) -> str:
    """Take the blanks at the ends of lines."""
    if on("lines_not_stripped"):
        return text
    if not on("line_starts_kept"):
        text = re.sub(r"\n[^\S\n]+", "\n", text)
    return text if on("line_ends_kept") else re.sub(r"[^\S\n]+\n", "\n", text)


def _with_lines(on: Switches, composed: Any, seen: Any) -> Any:
    """Put the steps together."""

    def ended(text: str) -> str:
        if on("not_stripped") or on("stripped_first"):
            return text
        if on("end_not_stripped"):
            return text.lstrip()
        return text.rstrip() if on("start_not_stripped") else text.strip()

    def normalize_text(text: str) -> str:
        if on("nothing_done"):
            return text
        if on("stripped_first"):
            text = text.strip()
        late = on("invisible_after_spaces") or on("invisible_at_the_end")
        text = composed(text) if late else seen(composed(text))
        if on("small_letters"):
            text = text.lower()
        if on("no_signs"):
            text = re.sub(r"[^\w\s\u00ad\u200b\ufeff\u200d\u0300-\u036f👩💻½²①]", "", text)
        text = _squeezed(on, text) if on("empty_too_early") else text
        text = _lined(on, _spaced(on, text))
        text = text if on("empty_too_early") else _squeezed(on, text)
        if on("invisible_after_spaces"):
            text = seen(text)
        text = ended(text)
        if on("invisible_at_the_end"):
            text = seen(text)
        return text.split("\n")[0] if on("first_line_only") else text

    return normalize_text


@exercise.faults(
    not_composed="Accents that stand behind their letter stay apart: your text is not composed. If you call "
    f"`normalize`, is what it returns used? {_AGAIN}",
    taken_apart="Letters and accents are taken apart, as the form NFD does, instead of being put together. Nearly all "
    f"text on the web is composed, and that is the form to agree on. {_AGAIN}",
    compatible="Your code uses the form NFKC, which also rewrites what only looks special: ½ becomes 1⁄2, and "
    f"a small raised 2 becomes a plain one, so x² reads x2. The text no longer says what it said. {_AGAIN}",
    compatible_apart="Your code uses the form NFKD: it takes letters and accents apart, and rewrites what only looks "
    f"special, such as ½ and x². One of the four forms composes and changes nothing else. {_AGAIN}",
    ascii_only="Your code drops every character that is not ASCII. Names, other languages and the euro sign go "
    f"with it. {_AGAIN}",
    accents_dropped="Your letters have lost their accents: café has become cafe. That is another word. An accent is to "
    f"be joined to its letter. {_AGAIN}",
    small_letters=f"Your text is in small letters. Capitals carry meaning, and none of the rules takes them. {_AGAIN}",
    no_signs="Punctuation and signs are gone from your text. A model should learn them, and none of the rules takes "
    f"them. {_AGAIN}",
    invisible_kept=f"The invisible characters stay in your text: none of the three goes. {_AGAIN}",
    soft_hyphen_kept=f"The soft hyphen {_NOT_ALL_INVISIBLE}",
    zero_width_kept=f"The zero-width space {_NOT_ALL_INVISIBLE}",
    mark_kept=f"The byte order mark {_NOT_ALL_INVISIBLE}",
    mark_only_in_front="The byte order mark goes only at the front of the text. Where files were joined, it stands in "
    f"the middle. {_AGAIN}",
    invisible_to_blank="Invisible characters are replaced by a blank, which cuts a word in two: a soft hyphen stands "
    f"in the middle of a word. {_AGAIN}",
    invisible_after_spaces=_LATE_INVISIBLE,
    invisible_at_the_end=_LATE_INVISIBLE,
    hyphen_shown="The soft hyphen has become one that everybody sees. It only marks where a word may be cut at the end "
    f"of a line, and is no part of the word. {_AGAIN}",
    joiners_dropped="Your code also deletes invisible characters that the rules do not name. The joiner in 👩‍💻 is "
    f"one: without it there are two pictures in place of one. {_AGAIN}",
    printable_only=_PRINTABLE,
    no_control_characters=_PRINTABLE,
    no_empty_where_many="Where many empty lines stood there is none at all. One may stay, so that a reader sees where "
    f"a paragraph ends. {_AGAIN}",
    only_blanks="Only the ordinary blank is taken for a space. Tabs and no-break spaces look like it, and stay. "
    f"{_AGAIN}",
    tabs_kept=f"Tabs stay in your text. Within a line they are spaces like any other. {_AGAIN}",
    no_break_kept=f"The no-break space stays in your text. Within a line it is a space like any other. {_AGAIN}",
    spaces_not_touched=f"The spaces within a line are as they were: runs are not shortened, and tabs stay. {_AGAIN}",
    each_space="Each space becomes a blank of its own, so a run of three is a run of three blanks. It is the whole run "
    f"that becomes one blank. {_AGAIN}",
    pairs_of_blanks="Two blanks become one, but a longer run keeps more than one: replacing pairs once does not finish "
    f"it. {_AGAIN}",
    only_runs="Runs of two and more spaces become a blank, and a single tab or no-break space stays as it is. A run "
    f"can have one space. {_AGAIN}",
    no_spaces=f"The spaces between words are deleted, so the words run together. Each run becomes one blank. {_AGAIN}",
    one_line=_ONE_LINE,
    blank_first="Line ends are lost where blanks stand beside them: two lines become one. A space may be mended only "
    f"if it is no line end. {_AGAIN}",
    lines_joined="A single line end becomes a blank, so the lines of a paragraph become one. A poem would suffer; "
    f"lines only lose the blanks at their ends. {_AGAIN}",
    lines_not_stripped=f"Lines keep the blanks at their beginning and end. {_AGAIN}",
    line_starts_kept=f"Lines lose the blanks at their end, and keep those at their beginning. {_AGAIN}",
    line_ends_kept=f"Lines lose the blanks at their beginning, and keep those at their end. {_AGAIN}",
    no_empty_lines=_NO_EMPTY,
    all_empty_lines=f"Any number of empty lines stays between two lines. At most one may. {_AGAIN}",
    two_empty_lines="Two empty lines stay where there were more. Count line ends: an empty line has one before it and "
    f"one that ends it. {_AGAIN}",
    halved_once="Of many empty lines some are taken, but more than one is left: replacing three line ends by two once "
    f"does not finish it. {_AGAIN}",
    empty_too_early="Empty lines are counted before the lines lose their blanks, so a line that holds only blanks is "
    f"taken for text, and several of them stay. {_AGAIN}",
    always_empty=f"Every line end becomes an empty line. One is there only where the author put it. {_AGAIN}",
    not_stripped=f"The text keeps empty lines or blanks at its beginning and its end. {_AGAIN}",
    end_not_stripped=f"The text keeps empty lines or blanks at its end. {_AGAIN}",
    start_not_stripped=f"The text keeps empty lines or blanks at its beginning. {_AGAIN}",
    stripped_first="The text is stripped before invisible characters go, so a blank behind a byte order mark comes to "
    f"stand at the front, and stays there. {_AGAIN}",
    first_line_only=f"Your code returns the first line alone. A text has many, and all of them stay. {_AGAIN}",
    nothing_done=f"Your code returns the text as it was. A string is never changed: each step gives a new one. "
    f"{_AGAIN}",
)
def normalizing(on: Switches) -> Any:
    """Take the rules one by one, each with its faults."""

    def composed(text: str) -> str:
        if on("not_composed"):
            return text
        if on("ascii_only"):
            return unicodedata.normalize("NFC", text).encode("ascii", "ignore").decode()
        if on("accents_dropped"):
            apart = unicodedata.normalize("NFD", text)
            return "".join(character for character in apart if not unicodedata.combining(character))
        names = {"taken_apart": "NFD", "compatible": "NFKC", "compatible_apart": "NFKD"}
        form = next((form for name, form in names.items() if on(name)), "NFC")
        return unicodedata.normalize(form, text)  # type: ignore[arg-type]

    def seen(text: str) -> str:
        if on("invisible_kept"):
            return text
        if on("printable_only"):
            return "".join(one for one in text if one.isprintable() or one == "\n")
        if on("no_control_characters"):
            return "".join(
                one for one in text if unicodedata.category(one)[0] != "C" or one == "\n"
            )
        if on("joiners_dropped"):
            return "".join(one for one in text if unicodedata.category(one) != "Cf")
        if on("hyphen_shown"):
            text = text.replace(SOFT_HYPHEN, "-")
        if on("mark_only_in_front"):
            text = text.removeprefix(BYTE_ORDER)
        kept = {
            SOFT_HYPHEN: on("soft_hyphen_kept"),
            ZERO_WIDTH: on("zero_width_kept"),
            BYTE_ORDER: on("mark_kept") or on("mark_only_in_front"),
        }
        pattern = "[" + "".join(one for one, stays in kept.items() if not stays) + "]"
        return re.sub(pattern, " " if on("invisible_to_blank") else "", text)

    return _with_lines(on, composed, seen)
