"""`data.normalize_text`: hidden probes, and right answers written differently."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Private
from llmlab import data
from llmlab.data import PRIME, content_words

private = Private()


WORDS = ("stone", "cloud", "bird", "harbor", "engine", "market", "violin", "summer")


def drawn(generator: Generator, count: int) -> list[str]:
    """Draw words."""
    places = torch.randint(0, len(WORDS), (count,), generator=generator)
    return [WORDS[int(place)] for place in places]


@private.probe
def everything_at_once(implementation: Any, generator: Generator) -> Any:
    """A page with all of it, and a text that needs nothing."""
    one, two, three = drawn(generator, 3)
    page = f"\ufeff {one}\u00a0\u00a0{two} o\u0308l \n\n\n {three}\u00ad{one}\t\n½ {two}  \n \n\n"
    return [implementation(page), implementation(f"{one}\n\n{two}"), implementation(" \n ")]


@private.variant
def normalize_line_by_line(text: str) -> str:
    """Split into lines, mend each, and let empty ones through only after a full one."""
    text = unicodedata.normalize("NFC", text)
    for invisible in "\u00ad\u200b\ufeff":
        text = text.replace(invisible, "")
    lines: list[str] = []
    for line in text.split("\n"):
        line = " ".join(line.split())
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip()


@private.variant
def normalize_by_table(text: str) -> str:
    """Delete by a table, and compose at the end."""
    text = text.translate({0xAD: None, 0x200B: None, 0xFEFF: None})
    paragraphs = re.split(r"\n\s*\n", text.strip())
    mended = ("\n".join(" ".join(line.split()) for line in p.split("\n")) for p in paragraphs)
    return unicodedata.normalize("NFC", "\n\n".join(p.strip() for p in mended))
