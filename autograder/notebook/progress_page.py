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
    solved = sum(points for one, points in lab.points.items() if now.get(one, Standing()).passed)
    return solved, sum(lab.points.values())


def _heading(lab: Lab, now: Mapping[str, Standing]) -> str:
    solved, possible = _counts(lab, now)
    begun = "" if _begun(lab, now) else ", not begun"
    return f"{lab.number:02} {lab.title}: {solved} of {possible} points{begun}"


def _begun(lab: Lab, now: Mapping[str, Standing]) -> bool:
    return any(now.get(one, Standing()).attempts for one in lab.points)


def _attempts(standing: Standing) -> str:
    if not standing.attempts:
        return "not tried yet"
    return f"{standing.attempts} attempt{'s' * (standing.attempts != 1)}"


def _rest(lab: Lab, name: str, now: Mapping[str, Standing]) -> str:
    """Say at a place to stop whether it is reached: all before it is solved, and something after it is not."""
    if name not in lab.stops:
        return ""
    ids = list(lab.points)
    end = list(lab.order).index(name) + 1
    solved = [now.get(one, Standing()).passed for one in ids]
    here = all(solved[:end]) and not all(solved[end:])
    return "a place to stop: you are here" if here else "a place to stop"


def progress_text(now: Mapping[str, Standing]) -> str:
    """Write the progress page as plain text; labs that are not begun take a line each."""
    lines = []
    for lab in register.labs():
        lines.append(_heading(lab, now))
        for name in lab.order if _begun(lab, now) else ():
            standing = now.get(f"{lab.topic}.{name}", Standing())
            mark = "✓" if standing.passed else "○"
            lines.append(f"  {mark} {name} ({_attempts(standing)})")
            if rest := _rest(lab, name, now):
                lines.append(f"  -- {rest} --")
    lines += [f"{reason} The other labs go on." for reason in register.broken().values()]
    return "\n".join(lines)


def progress_html(now: Mapping[str, Standing]) -> str:
    """Write the progress page as HTML; labs that are not begun are folded."""
    parts = [_lab_html(lab, now) for lab in register.labs()]
    parts += [
        f"<p>{html.escape(reason)} The other labs go on.</p>"
        for reason in register.broken().values()
    ]
    return f'<div class="autograder-progress">{"".join(parts)}</div>'


def _lab_html(lab: Lab, now: Mapping[str, Standing]) -> str:
    solved, possible = _counts(lab, now)
    rows = "".join(_row_html(lab, name, now) for name in lab.order)
    return (
        f'<details style="margin:0 0 12px"{" open" if _begun(lab, now) else ""}>'
        f'<summary style="font-weight:600">{html.escape(_heading(lab, now))}</summary>'
        f'<progress value="{solved}" max="{possible}" style="width:20em" '
        f'aria-label="Points in {html.escape(lab.title)}"></progress>'
        f'<table style="font-size:12px"><thead><tr><th></th><th style="text-align:left">exercise'
        f'</th><th>points</th><th style="text-align:left">attempts</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _row_html(lab: Lab, name: str, now: Mapping[str, Standing]) -> str:
    exercise_id = f"{lab.topic}.{name}"
    standing = now.get(exercise_id, Standing())
    row = (
        f'<tr data-exercise="{exercise_id}" data-passed="{str(standing.passed).lower()}">'
        f'<td style="text-align:left">{"✓" if standing.passed else "○"}</td>'
        f'<td style="text-align:left"><code>{html.escape(name)}</code></td>'
        f'<td style="text-align:right">{lab.order[name]}</td>'
        f'<td style="text-align:left">{_attempts(standing)}</td></tr>'
    )
    if rest := _rest(lab, name, now):
        row += f'<tr><td></td><td colspan="3" style="text-align:left;opacity:.8">{rest}</td></tr>'
    return row
