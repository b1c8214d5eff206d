"""What a learner calls for help: `hint`."""

from __future__ import annotations

import contextlib
import html
import textwrap

from autograder.errors import AutograderError, KeptSafe, UnreadableProgress
from autograder.exercise import register
from autograder.judging.feedback import WIDTH
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
    head = f"Hint {number + 1} of {total}"
    text = exercise.hints[number]
    more = "" if number == total - 1 else " Run the cell again for the next one."
    show(
        f'<div class="autograder-hint" style="border-left:4px solid var(--jp-brand-color1,#1976d2);'
        f'padding:6px 12px;max-width:46em"><b>{head}.</b> {html.escape(text)}'
        f'<span style="opacity:.7">{more}</span></div>',
        "\n".join(textwrap.wrap(f"{head}. {text}{more}", WIDTH)),
    )
