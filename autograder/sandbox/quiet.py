"""What `import autograder` finds in a sandboxed kernel: the names that a notebook uses, none of which says anything.

Grading asks by itself, after its own time. Beside this module stands only what tries an answer; the exercises, with
what is right and what is often wrong, are not there at all (`autograder.sandbox.command`).
"""

from __future__ import annotations

from autograder.errors import AutograderError

__all__ = ["AutograderError", "CheckFailed", "check", "hint", "progress"]


class CheckFailed(Exception):
    """Never raised here: what a check finds is decided outside."""


def check(exercise_id: str | None = None) -> None:
    """Say nothing: each exercise is judged at its own check, by what is outside."""


def hint(exercise_id: str) -> None:
    """Say nothing."""


def progress() -> None:
    """Say nothing."""
