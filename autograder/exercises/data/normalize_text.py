"""`data.normalize_text`: its probes, and what people get wrong about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from torch import Generator

from autograder.exercises.data import LAB
from autograder.exercises.data._shared import drawn
from llmlab import data

exercise = LAB.exercise(
    "normalize_text",
    reference=data.normalize_text,
    hints=(
        "Take the rules one by one. Each is one line, with `unicodedata`, `str.replace` or `re.sub`.",
        r"In a pattern, `\s` is every kind of space, the line end among them. Which class has all of "
        "them but the line end?",
        "Compose with the form NFC; delete the three invisible characters; replace each run of spaces "
        "that are no line ends by one blank; delete the blanks around line ends; replace three and "
        "more line ends by two; strip.",
    ),
)


@exercise.probe
def one_letter_in_two_ways(implementation: Any, generator: Generator) -> Any:
    """Accents that stand apart, and characters that only look special."""
    word = drawn(generator, 1)[0]
    return [
        implementation(f"{word} cafe\u0301 {word} nin\u0303o"),
        implementation(f"½ {word}, ﬁne ① Ångström {word}"),
    ]


@exercise.probe
def kinds_of_spaces(implementation: Any, generator: Generator) -> Any:
    """Runs of blanks, tabs and no-break spaces, and characters that nobody sees."""
    first, second, third = drawn(generator, 3)
    return [
        implementation(f"  {first}   {second}\t{third}\u00a0\u00a0end "),
        implementation(f"so\u00adft {first}\u200b{second} \ufeff{third}"),
    ]


@exercise.probe
def lines_and_paragraphs(implementation: Any, generator: Generator) -> Any:
    """Lines with blanks at their ends, and one, two and five line ends in a row."""
    first, second, third, fourth = drawn(generator, 4)
    return implementation(f"\n{first}  \n  {second}\n\n{third}\n \n\n \n\n{fourth}\n\n")


_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\ufeff")


def _normalized(
    text: str,
    form: Callable[[str], str] = lambda text: unicodedata.normalize("NFC", text),
    invisible: str = "",
    spaces: str = r"[^\S\n]+",
    most: int = 2,
) -> str:
    """Normalize with one thing changed."""
    text = re.sub("[\u00ad\u200b\ufeff]", invisible, form(text))
    text = re.sub(r" *\n *", "\n", re.sub(spaces, " ", text))
    return re.sub(rf"\n{{{most + 1},}}", "\n" * most, text).strip()


@exercise.misconception(
    "Your code uses the form NFKC, which also rewrites what only looks special: ½ becomes 1⁄2, and "
    "a small raised 2 becomes a plain one, so x² reads x2. The text no longer says what it said. "
    "Reread 'One text, written in many ways'."
)
def compatibility(text: str) -> str:
    return _normalized(text, lambda text: unicodedata.normalize("NFKC", text))


@exercise.misconception(
    "Letters and accents are not put together: an é that came as two code points stays two, and the "
    "model would learn two spellings of one word. Reread 'One text, written in many ways'."
)
def not_composed(text: str) -> str:
    return _normalized(text, str)


@exercise.misconception(
    "Your code takes letters and accents apart (NFD) instead of putting them together. Nearly all "
    "text on the web is composed, and that is the form to agree on. Reread 'One text, written in "
    "many ways'."
)
def taken_apart(text: str) -> str:
    return _normalized(text, lambda text: unicodedata.normalize("NFD", text))


@exercise.misconception(
    "Your code drops every character that is not ASCII. Names, other languages and the euro sign go "
    "with it. Reread 'One text, written in many ways'."
)
def ascii_only(text: str) -> str:
    return _normalized(text, lambda text: text.encode("ascii", "ignore").decode())


@exercise.misconception(
    "Line ends are treated as any other space, so all paragraphs become one long line. Where a line "
    "ends is something that the author said. Reread 'One text, written in many ways'."
)
def one_line(text: str) -> str:
    return " ".join(_normalized(text).split())


@exercise.misconception(
    "Invisible characters are replaced by a blank, which cuts a word in two: a soft hyphen stands in "
    "the middle of a word. Reread 'One text, written in many ways'."
)
def invisible_to_blank(text: str) -> str:
    return _normalized(text, invisible=" ")


@exercise.misconception(
    "Only the ordinary blank is taken for a space. Tabs and no-break spaces look like it, and stay. "
    "Reread 'One text, written in many ways'."
)
def only_blanks(text: str) -> str:
    return _normalized(text, spaces=" +")


@exercise.misconception(
    "Empty lines are taken out altogether, so a reader can no longer see where a paragraph ends. One "
    "empty line may stay. Reread 'One text, written in many ways'."
)
def no_empty_lines(text: str) -> str:
    return _normalized(text, most=1)
