"""What a reading of the source found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

# What a finding is about: a forbidden function, the reference, the checker, Python's or the kernel's own works,
# code that the reading cannot see, IPython's commands, a network, the notebook's form.
Kind = Literal["forbidden", "reference", "checker", "works", "code", "magic", "network", "form"]


class Weight(StrEnum):
    """How much a finding says: the course's policy decides what follows."""

    NOTE = "note"
    LOOK = "look"
    WITHHOLD = "withhold"


@dataclass(frozen=True)
class Finding:
    """Something in a submission's source that a person may want to know.

    Attributes:
        kind: What it is about.
        where: The exercise's id where it concerns one answer, else the cell or the file, as 'cell 3'.
        sentence: What was found.
        weight: How much it says.
        line: The line in the cell or file, from 1; 0 where there is none.
        code: That line as written.
    """

    kind: Kind
    where: str
    sentence: str
    weight: Weight
    line: int = 0
    code: str = ""


def as_remarks(findings: Iterable[Finding]) -> list[str]:
    """Write findings as one sentence each, those that say most first."""
    order = list(Weight)
    ranked = sorted(findings, key=lambda one: -order.index(one.weight))
    return [
        f"{one.where}{f', line {one.line}' if one.line else ''}: {one.sentence}" for one in ranked
    ]
