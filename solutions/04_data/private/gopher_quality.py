"""`data.gopher_quality`: hidden probes, and right answers written differently."""

import re
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.data import gopher_quality as public
from autograder.exercises.data._shared import drawn

private = Private()
WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


@private.probe
def other_words(implementation: Any, generator: Generator) -> Any:
    """Each rule with other words, just kept and just broken."""
    probes = (
        public.word_lengths,
        public.signs,
        public.lists,
        public.teasers,
        public.letters,
        public.stop_words,
    )
    return [probe(implementation, generator, WORDS) for probe in probes]


@private.probe
def several_rules_at_once(implementation: Any, generator: Generator) -> Any:
    """Texts that break several rules, and shares that are just allowed."""
    words = ["the", "and", *drawn(generator, 58, WORDS)]
    rows = [f"* {' '.join(drawn(generator, 6, WORDS))}..." for _ in range(10)]
    prose = [" ".join(["with", "that", *drawn(generator, 6, WORDS)]) for _ in range(7)]
    return [
        implementation("\n".join(rows)),
        implementation("\n".join([*rows[:3], *prose])),
        implementation(" ".join([*words[:40], *["#"] * 5, *["42"] * 5])),
        implementation(" ".join([*words[:40], *["7", "42"] * 5])),
        implementation(" ".join(drawn(generator, 20, WORDS))),
    ]


STOP_WORDS = ["the", "be", "to", "of", "and", "that", "have", "with"]


@private.variant
def gopher_step_by_step(text: str) -> list[str]:
    """Append the name of each rule that is broken."""
    words = text.split()
    n = len(words) or 1
    broken = []
    if len(words) < 50 or len(words) > 100_000:
        broken.append("length")
    mean = sum(len(word) for word in words) / n
    if mean < 3 or mean > 10:
        broken.append("word length")
    if (text.count("#") + text.count("...") + text.count("…")) > 0.1 * n:
        broken.append("symbols")
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and sum(line.strip()[0] in "-*•‣·●" for line in lines) / len(lines) > 0.9:
        broken.append("bullets")
    if lines and sum(bool(re.search(r"(\.\.\.|…)\s*$", line)) for line in lines) / len(lines) > 0.3:
        broken.append("ellipses")
    if sum(any(character.isalpha() for character in word) for word in words) / n < 0.8:
        broken.append("letters")
    if sum(stop in text.lower().split() for stop in STOP_WORDS) < 2:
        broken.append("stop words")
    return broken


@private.variant
def gopher_with_tuples(text: str) -> tuple[str, ...]:
    """Judge by a table of names and shares, and give a tuple."""
    words, lines = text.split(), list(filter(str.strip, text.splitlines()))
    count, rows = max(1, len(words)), max(1, len(lines))
    lettered = [word for word in words if re.search("[A-Za-z]", word)]
    stops = {word.lower() for word in words}.intersection(STOP_WORDS)
    signs = len(re.findall(r"#|\.\.\.|…", text))
    bullets = len([line for line in lines if re.match(r"\s*[-*•‣·●]", line)])
    trailing = len([line for line in lines if line.rstrip().endswith(("...", "…"))])
    table = [
        ("length", len(words), 50, 100_000),
        ("word length", len("".join(words)) / count, 3, 10),
        ("symbols", signs / count, 0, 0.1),
        ("bullets", bullets / rows, 0, 0.9),
        ("ellipses", trailing / rows, 0, 0.3),
        ("letters", len(lettered) / count, 0.8, 1),
        ("stop words", len(stops), 2, 8),
    ]
    return tuple(name for name, value, least, most in table if not least <= value <= most)
