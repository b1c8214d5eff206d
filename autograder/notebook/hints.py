"""What a learner calls for help: `hint`."""

from __future__ import annotations

import contextlib
import textwrap

from autograder.errors import AutograderError, KeptSafe, UnreadableProgress
from autograder.exercise import register
from autograder.judging.feedback import WIDTH, hint_as_html
from autograder.notebook.attempts import Standing, record_hint, standings
from autograder.notebook.showing import PlainError, require_text, show


def hint(exercise_id: str) -> None:
    """Show the next hint for an exercise: where to look, then the idea, then the line in words.

    Raises:
        AutograderError: There is no such exercise.
    """
    try:
        require_text("hint", exercise_id)
        exercise = register.find(exercise_id)
    except AutograderError as error:
        raise PlainError(str(error)) from None
    seen = 0
    # Where progress cannot be read or saved the hints do not rise, and the first is still a help.
    with contextlib.suppress(UnreadableProgress):
        seen = standings().get(exercise_id, Standing()).hints
    total = len(exercise.hints)
    if not total:
        show("<p>There are no hints here.</p>", "There are no hints here.")
        return
    number = min(seen, total - 1)
    with contextlib.suppress(KeptSafe):
        record_hint(exercise_id)
    text = exercise.hints[number]
    more = "" if number == total - 1 else " Run the cell again for the next one."
    show(
        hint_as_html(number + 1, total, text, more),
        "\n".join(textwrap.wrap(f"Hint {number + 1} of {total}. {text}{more}", WIDTH)),
    )
