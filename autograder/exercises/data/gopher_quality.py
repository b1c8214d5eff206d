"""`data.gopher_quality`: its probes, and what people get wrong about it."""

from __future__ import annotations

from typing import Any

from torch import Generator

from autograder.exercises.data import LAB
from autograder.exercises.data._shared import drawn
from llmlab import data

exercise = LAB.exercise(
    "gopher_quality",
    reference=data.gopher_quality,
    hints=(
        "Each rule needs one number. Write the seven numbers first, each under a name of its own.",
        "A dictionary of names and truth values keeps the order; the answer is the list of those names "
        "whose value is true.",
        "Words: `text.split()`. Lines: those of `text.splitlines()` that hold more than spaces, "
        "stripped. A share is a count over the number of words or of lines; stop words are counted "
        "as a set of small letters.",
    ),
)


_RULES = ("length", "word length", "symbols", "bullets", "ellipses", "letters", "stop words")


def _prose(generator: Generator, count: int) -> list[str]:
    """Draw words that break no rule but that of the length."""
    return ["the", "and", *drawn(generator, count - 2)]


@exercise.probe
def lengths(implementation: Any, generator: Generator) -> Any:
    """Texts of 49 and 50 words, and texts of very short and very long words."""
    short = ["of", "owl"] * 40 + ["the"]
    long = ["mountains", "everywhere"] * 30
    return [
        implementation(" ".join(_prose(generator, 49))),
        implementation(" ".join(_prose(generator, 50))),
        implementation(" ".join(short)),
        implementation(" ".join([*long, "with", "that"])),
    ]


@exercise.probe
def signs_and_letters(implementation: Any, generator: Generator) -> Any:
    """Texts with number signs, ellipses, words with an apostrophe, and numbers."""
    words = _prose(generator, 60)
    return [
        implementation(" ".join([*words, *["#"] * 5])),
        implementation(" ".join([*words, *["#"] * 3, *["owl..."] * 3, *["tree…"] * 3])),
        implementation(" ".join([*words, *["owl..."] * 4])),
        implementation(" ".join([*words, *["doesn't", "3rd"] * 12])),
        implementation(" ".join([*words, *["1984", "--"] * 12])),
    ]


@exercise.probe
def lines_and_stop_words(implementation: Any, generator: Generator) -> Any:
    """Lists with and without empty lines, lines that trail off, and stop words in capitals."""
    lines = [" ".join(_prose(generator, 8)) for _ in range(10)]
    listed = [f"- {line}" for line in lines]
    trailing = [f"{line}…" for line in lines[:4]]
    return [
        implementation("\n".join([*listed[:9], lines[9]])),
        implementation("\n\n\n".join(listed)),
        implementation("\n".join([*trailing, *lines[4:]])),
        implementation(" ".join(["the", *drawn(generator, 60), "the"])),
        implementation(" ".join(["The", *drawn(generator, 60), "AND"])),
    ]


def _but(text: str, name: str, broken: bool) -> list[str]:
    """Judge by the rules, and by one of them in another way."""
    names = {*data.gopher_quality(text)} - {name} | ({name} if broken else set())
    return [rule for rule in _RULES if rule in names]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@exercise.misconception(
    "The length is counted in characters. The rule asks for words: 50 characters are a heading, and "
    "100,000 a long article. Reread 'Rules of thumb'."
)
def characters_for_words(text: str) -> list[str]:
    return _but(text, "length", not 50 <= len(text) <= 100_000)


@exercise.misconception(
    "A text of 50 words is dropped. The bounds belong to what is kept. Reread 'Rules of thumb'."
)
def bounds_left_out(text: str) -> list[str]:
    return _but(text, "length", not 50 < len(text.split()) < 100_000)


@exercise.misconception(
    "The mean word length counts the spaces between the words as well, and so is too large by about "
    "one. Reread 'Rules of thumb'."
)
def spaces_counted(text: str) -> list[str]:
    return _but(text, "word length", not 3 <= len(text) / len(text.split()) <= 10)


@exercise.misconception(
    "Of the symbols only the number sign is counted. Pages that trail off again and again, with an "
    "ellipsis, are what the rule is for as well. Reread 'Rules of thumb'."
)
def only_number_signs(text: str) -> list[str]:
    return _but(text, "symbols", text.count("#") / len(text.split()) > 0.1)


@exercise.misconception(
    "Every full stop of `...` is counted as a symbol of its own. The three together are one ellipsis, "
    "and a single full stop is none. Reread 'Rules of thumb'."
)
def every_dot(text: str) -> list[str]:
    symbols = sum(text.count(sign) for sign in "#.…")
    return _but(text, "symbols", symbols / len(text.split()) > 0.1)


@exercise.misconception(
    "Empty lines count as lines, so a list with empty lines between its points passes for prose. "
    "Shares are taken of the lines that hold something. Reread 'Rules of thumb'."
)
def empty_lines_counted(text: str) -> list[str]:
    marks = ("-", "*", "•", "‣", "·", "●")
    bulleted = sum(line.startswith(marks) for line in _lines(text))
    return _but(text, "bullets", bulleted / len(text.splitlines()) > 0.9)


@exercise.misconception(
    "A word counts only when all of it is letters, so *doesn't*, *3rd* and every word before a comma "
    "are held against a text. The rule asks for one letter at least. Reread 'Rules of thumb'."
)
def letters_throughout(text: str) -> list[str]:
    words = text.split()
    return _but(text, "letters", sum(map(str.isalpha, words)) / len(words) < 0.8)


@exercise.misconception(
    "Stop words are counted as often as they come, so *the* twice is enough. The rule asks for two "
    "different ones: spam often has one of them. Reread 'Rules of thumb'."
)
def repeated_stop_words(text: str) -> list[str]:
    stops = ("the", "be", "to", "of", "and", "that", "have", "with")
    return _but(text, "stop words", sum(word.lower() in stops for word in text.split()) < 2)


@exercise.misconception(
    "Stop words are found in small letters only. *The* at the beginning of a sentence is one too. "
    "Reread 'Rules of thumb'."
)
def small_stop_words(text: str) -> list[str]:
    stops = {"the", "be", "to", "of", "and", "that", "have", "with"}
    return _but(text, "stop words", len(stops & {*text.split()}) < 2)
