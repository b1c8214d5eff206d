"""`data.scrub_emails`: hidden probes, and right answers written differently."""

import re
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.data import scrub_emails as public
from autograder.exercises.data._shared import drawn

private = Private()
WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


@private.probe
def among_other_words(implementation: Any, generator: Generator) -> Any:
    """Addresses and other signs among other words."""
    probes = (public.sentences, public.signs, public.edges, public.capitals)
    return [probe(implementation, generator, WORDS) for probe in probes]


@private.probe
def other_addresses(implementation: Any, generator: Generator) -> Any:
    """Other addresses at the beginning and the end of the text and of lines."""
    one, two = drawn(generator, 2, WORDS)
    page = f"{one}@a.example\n{two}.{one}+x@b.c.example, {one}\nto:{two}_1@d-e.org"
    return [implementation(page), implementation(f"{one} {two}"), implementation("")]


@private.variant
def emails_with_function(text: str) -> str:
    """Replace by a function."""
    pattern = re.compile(r"[\w.+-]+@([a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
    return pattern.sub(lambda match: "[EMAIL]", text)


@private.variant
def emails_by_pieces(text: str) -> str:
    """Find all, then replace the longest first."""
    found = re.findall(r"[A-Za-z0-9_.+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}", text)
    for address in sorted(found, key=len, reverse=True):
        text = text.replace(address, "[EMAIL]")
    return text


@private.variant
def emails_in_a_loop(text: str) -> str:
    """Search from where the last address ended."""
    pattern, parts, start = (
        re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*?\.[A-Za-z]{2,}(?![\w-]|\.\w)"),
        [],
        0,
    )
    for match in pattern.finditer(text):
        parts += [text[start : match.start()], "[EMAIL]"]
        start = match.end()
    return "".join([*parts, text[start:]])
