"""Probes of lab 04 that are never released: other texts, and the edges that the text allows."""

from typing import Any

import torch
from torch import Generator

from autograder.exercise import HiddenProbes
from llmlab import data

HIDDEN = HiddenProbes("data")

WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


def drawn(generator: Generator, count: int) -> list[str]:
    """Draw words."""
    places = torch.randint(0, len(WORDS), (count,), generator=generator)
    return [WORDS[int(place)] for place in places]


@HIDDEN.probe("normalize_text")
def everything_at_once(implementation: Any, generator: Generator) -> Any:
    """A page with all of it, and a text that needs nothing."""
    one, two, three = drawn(generator, 3)
    page = f"\ufeff {one}\u00a0\u00a0{two} o\u0308l \n\n\n {three}\u00ad{one}\t\n½ {two}  \n \n\n"
    return [implementation(page), implementation(f"{one}\n\n{two}"), implementation(" \n ")]


@HIDDEN.probe("gopher_quality")
def several_rules_at_once(implementation: Any, generator: Generator) -> Any:
    """Texts that break several rules, and shares that are just allowed."""
    words = ["the", "and", *drawn(generator, 58)]
    rows = [f"* {' '.join(drawn(generator, 6))}..." for _ in range(10)]
    prose = [" ".join(["with", "that", *drawn(generator, 6)]) for _ in range(7)]
    return [
        implementation("\n".join(rows)),
        implementation("\n".join([*rows[:3], *prose])),
        implementation(" ".join([*words[:40], *["#"] * 5, *["42"] * 5])),
        implementation(" ".join([*words[:40], *["7", "42"] * 5])),
        implementation(" ".join(drawn(generator, 20))),
    ]


@HIDDEN.probe("scrub_emails")
def at_the_edges(implementation: Any, generator: Generator) -> Any:
    """Addresses at the beginning and the end of the text and of lines, and a text without any."""
    one, two = drawn(generator, 2)
    page = f"{one}@a.example\n{two}.{one}+x@b.c.example, {one}\nto:{two}_1@d-e.org"
    return [implementation(page), implementation(f"{one} {two}"), implementation("")]


@HIDDEN.probe("unique_documents")
def many_documents(implementation: Any, generator: Generator) -> Any:
    """Forty short documents, of which many are equal, and none at all."""
    texts = [" ".join(drawn(generator, 2)) for _ in range(40)]
    return [[int(i) for i in implementation(some)] for some in (texts, [], ["", " ", "!"])]


@HIDDEN.probe("resemblance")
def long_texts(implementation: Any, generator: Generator) -> Any:
    """Texts of forty words, the one made of the other, and texts that share nothing."""
    words = drawn(generator, 40)
    first, second = " ".join(words), " ".join(words[10:] + words[:10])
    return [
        *(implementation(first, second, size) for size in (2, 5, 8)),
        implementation("one two three", "four five six", 2),
        implementation(first, first, 3),
    ]


@HIDDEN.probe("minhash_signature")
def many_functions(implementation: Any, generator: Generator) -> Any:
    """Forty shingles and 112 functions, with the largest numbers that there are."""
    numbers = torch.randint(0, data.PRIME, (40,), generator=generator)
    numbers[:3] = torch.tensor([0, data.PRIME - 1, 1])
    multipliers = torch.randint(1, data.PRIME, (112,), generator=generator)
    multipliers[0] = data.PRIME - 1
    return implementation(
        numbers, multipliers, torch.randint(0, data.PRIME, (112,), generator=generator)
    )


@HIDDEN.probe("candidate_pairs")
def one_band_and_a_band_each(implementation: Any, generator: Generator) -> Any:
    """One band, as many bands as numbers, one document, and a bucket of five."""
    signatures = torch.randint(0, 4, (10, 6), generator=generator)
    signatures[5:] = signatures[0]
    found = [implementation(signatures, bands) for bands in (1, 2, 3, 6)]
    found.append(implementation(signatures[:1], 2))
    return [sorted([int(i), int(j)] for i, j in pairs) for pairs in found]


@HIDDEN.probe("contaminated_by")
def runs_of_thirteen(implementation: Any, generator: Generator) -> Any:
    """Runs of thirteen words, the usual number, and no questions at all."""
    questions = [[f"{word}{n}{k}" for k, word in enumerate(drawn(generator, 20))] for n in range(3)]
    texts = [" ".join(question) for question in questions]
    page = f"{' '.join(questions[0][:12])} and {', '.join(questions[2][4:17])}"
    found = [implementation(page, texts), implementation(page, []), implementation("", texts, 2)]
    return [[int(i) for i in some] for some in found]
