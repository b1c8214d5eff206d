"""What a probe saw, as plain data that can cross a process boundary (`autograder.probing.wire`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Longer whole numbers are no result of any exercise, and do not fit into a float.
HUGE_DIGITS = 300


@dataclass(frozen=True)
class Failure:
    """Why a probe came to no result.

    Attributes:
        kind: `missing`, `not_callable`, `reference`, `unwritten`, `signature`, `raised`, `forbidden`,
            `mutated`, `timeout`, `exit`, `not_plain` or `probe`.
        message: The particulars, as the kind needs them.
        line: The student's own line that was running, with its number; empty when there is none.
    """

    kind: str
    message: str = ""
    line: str = ""


@dataclass(frozen=True)
class Returned:
    """What one call of the answer returned, in outline: enough to say 'you returned None'."""

    kind: str
    shape: tuple[int, ...] = ()
    number: str = ""
    device: str = ""
    has_nan: bool = False


@dataclass(frozen=True)
class Evidence:
    """All that one probe saw: either a value or a failure."""

    probe: str
    value: Any = None
    failure: Failure | None = None
    returned: tuple[Returned, ...] = ()
    printed: str = ""
    characters: int = 0
    warnings: tuple[str, ...] = ()


def printable(text: str) -> str:
    """Replace what no file in UTF-8 can hold (lone surrogates), so that feedback can be written."""
    return text.encode("utf-8", "replace").decode()
