"""How far a learner has come: `progress`, as HTML and as plain text."""

from __future__ import annotations

import html
from collections.abc import Mapping

from autograder.errors import UnreadableProgress
from autograder.exercise import register
from autograder.exercise.declaration import Lab
from autograder.notebook.attempts import Standing, standings
from autograder.notebook.showing import PlainError, show


def progress() -> None:
    """Show how far you have come: each exercise of each lab, its attempts and whether it is solved.

    Raises:
        AutograderError: The file of attempts cannot be read.
    """
    try:
        now = standings()
    except UnreadableProgress as error:
        raise PlainError(str(error)) from None
    show(progress_html(now), progress_text(now))


def _counts(lab: Lab, now: Mapping[str, Standing]) -> tuple[int, int]:
    solved = sum(one.points for one in lab if now.get(one.id, Standing()).passed)
    return solved, sum(one.points for one in lab)


def _heading(lab: Lab, now: Mapping[str, Standing]) -> str:
    solved, possible = _counts(lab, now)
    begun = "" if _begun(lab, now) else ", not begun"
    return f"{lab.number:02} {lab.title}: {solved} of {possible} points{begun}"


def _begun(lab: Lab, now: Mapping[str, Standing]) -> bool:
    return any(now.get(one.id, Standing()).attempts for one in lab)


def _attempts(standing: Standing) -> str:
    if not standing.attempts:
        return "not tried yet"
    return f"{standing.attempts} attempt{'s' * (standing.attempts != 1)}"


def progress_text(now: Mapping[str, Standing]) -> str:
    """Write the progress page as plain text; labs that are not begun take a line each."""
    lines = []
    for lab in register.labs():
        lines.append(_heading(lab, now))
        for exercise in lab if _begun(lab, now) else ():
            standing = now.get(exercise.id, Standing())
            mark = "✓" if standing.passed else "○"
            lines.append(f"  {mark} {exercise.name} ({_attempts(standing)})")
    return "\n".join(lines)


def progress_html(now: Mapping[str, Standing]) -> str:
    """Write the progress page as HTML; labs that are not begun are folded."""
    parts = []
    for lab in register.labs():
        solved, possible = _counts(lab, now)
        rows = ""
        for exercise in lab:
            standing = now.get(exercise.id, Standing())
            mark = "✓" if standing.passed else "○"
            rows += (
                f'<tr data-exercise="{exercise.id}" data-passed="{str(standing.passed).lower()}">'
                f'<td style="text-align:left">{mark}</td><td style="text-align:left">'
                f"<code>{html.escape(exercise.name)}</code></td>"
                f'<td style="text-align:right">{exercise.points}</td>'
                f'<td style="text-align:left">{_attempts(standing)}</td></tr>'
            )
        parts.append(
            f'<details style="margin:0 0 12px"{" open" if _begun(lab, now) else ""}>'
            f'<summary style="font-weight:600">{html.escape(_heading(lab, now))}</summary>'
            f'<progress value="{solved}" max="{possible}" style="width:20em" '
            f'aria-label="Points in {html.escape(lab.title)}"></progress>'
            f'<table style="font-size:12px"><thead><tr><th></th><th style="text-align:left">exercise'
            f'</th><th>points</th><th style="text-align:left">attempts</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></details>"
        )
    return f'<div class="autograder-progress">{"".join(parts)}</div>'
