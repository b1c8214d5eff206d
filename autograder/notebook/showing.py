"""How a notebook shows what is said to its reader: as HTML with a twin in plain text, or as one sentence."""

from __future__ import annotations

import sys
import textwrap

from autograder.errors import AutograderError, UnknownExercise
from autograder.judging.feedback import WIDTH


class PlainError(AutograderError):
    """An error of the caller's, shown in a notebook as one sentence."""

    def _render_traceback_(self) -> list[str]:
        return textwrap.wrap(str(self), WIDTH)


def show(markup: str, text: str) -> None:
    """Display both forms in a notebook; elsewhere, print the text."""
    ipython = sys.modules.get("IPython")
    if ipython and ipython.get_ipython() is not None:
        from IPython.display import display

        display({"text/html": markup, "text/plain": text}, raw=True)
    else:
        print(text)


def require_text(function: str, exercise_id: object) -> None:
    """Refuse an id that is no text, as one without its quotation marks.

    Raises:
        UnknownExercise: It is none.
    """
    if not isinstance(exercise_id, str):
        raise UnknownExercise(
            f'Name the exercise in quotation marks: {function}("attention.causal_mask").'
        )
