"""`data.normalize_text`: hidden probes, and right answers written differently."""

import re
import unicodedata
from typing import Any

from torch import Generator

from autograder.exercise import Private
from autograder.exercises.data._shared import drawn
from autograder.exercises.data.normalize_text import accents, invisible, lines, spaces

private = Private()
WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


@private.probe
def other_words(implementation: Any, generator: Generator) -> Any:
    """Accents, spaces, invisible characters and lines among other words."""
    return [
        probe(implementation, generator, WORDS) for probe in (accents, spaces, invisible, lines)
    ]


@private.probe
def everything_at_once(implementation: Any, generator: Generator) -> Any:
    """A page with all of it."""
    one, two, three = drawn(generator, 3, WORDS)
    page = f"\ufeff {one}\u00a0\u00a0{two} o\u0308l \n\n\n {three}\u00ad{one}\t\n½ {two}  \n \n\n"
    return [implementation(page), implementation(f"{one}\n\n{two}"), implementation(" \n ")]


@private.variant
def normalize_line_by_line(text: str) -> str:
    """Split into lines, mend each, and let empty ones through only after a full one."""
    for character in "\u00ad\u200b\ufeff":
        text = text.replace(character, "")
    kept = [""]
    for line in text.split("\n"):
        line = unicodedata.normalize("NFC", " ".join(line.split()))
        if line or kept[-1]:
            kept.append(line)
    return "\n".join(kept).strip()


@private.variant
def normalize_by_table(text: str) -> str:
    """Delete by a table, and compose at the end."""
    text = text.translate({0xAD: None, 0x200B: None, 0xFEFF: None})
    paragraphs = re.split(r"\n\s*\n", text.strip())
    mended = ("\n".join(" ".join(line.split()) for line in p.split("\n")) for p in paragraphs)
    return unicodedata.normalize("NFC", "\n\n".join(mended))


@private.variant
def normalize_with_loops(text: str) -> str:
    """Replace until nothing is left to be replaced."""
    seen = (" " if one in "\t\u00a0" else one for one in text if one not in "\u00ad\u200b\ufeff")
    text = unicodedata.normalize("NFC", "".join(seen))
    for long, short in (("  ", " "), (" \n", "\n"), ("\n ", "\n"), ("\n\n\n", "\n\n")):
        while long in text:
            text = text.replace(long, short)
    return text.strip()


private.equivalent(
    'text = _LINE_ENDS.sub("\\n", nfc(text))',
    "CALL",
    "the text says that other line ends do not occur",
)
private.equivalent(
    'mended = ("\\n".join(" ".join(line.split()) for line in p.split("\\n")) for p in paragraphs)',
    "TEXT",
    "without a limit, split and rsplit cut alike",
)
