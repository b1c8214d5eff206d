"""What a learner calls in a notebook: `check`, `hint`, `progress`."""

from __future__ import annotations

import contextlib
import html
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

from autograder import exercises
from autograder.answers import collect
from autograder.attempts import Standing, record, record_hint, standings
from autograder.errors import AutograderError, KeptSafe, UnknownExercise, UnreadableProgress
from autograder.exercise import Exercise, Lab
from autograder.feedback import WIDTH, as_html, as_text
from autograder.judge import Verdict, judge

PUBLIC_SEED = 20_170_612  # the day on which 'Attention Is All You Need' appeared


class CheckFailed(Exception):
    """An answer is not right yet. Shown without a traceback: the verdict says what there is to say."""

    def _render_traceback_(self) -> list[str]:
        """Give IPython what to print in place of a traceback."""
        return textwrap.wrap(f"CheckFailed: {self}", WIDTH)


class _Plain(AutograderError):
    """An error of the caller's, shown in a notebook as one sentence."""

    def _render_traceback_(self) -> list[str]:
        return textwrap.wrap(str(self), WIDTH)


def _names() -> Mapping[str, Any]:
    """Find the names of the notebook, or of the module that called."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        names: Mapping[str, Any] = shell.user_ns
        return names
    return sys._getframe(2).f_globals


def _show(markup: str, text: str) -> None:
    ipython = sys.modules.get("IPython")
    if ipython and ipython.get_ipython() is not None:
        from IPython.display import display

        display({"text/html": markup, "text/plain": text}, raw=True)
    else:
        print(text)


def verdict_on(exercise: Exercise, names: Mapping[str, Any]) -> Verdict:
    """Check one answer with the public probes."""
    evidence = collect(exercise, names, PUBLIC_SEED)
    return judge(exercise, exercise.probes, evidence, PUBLIC_SEED)


def check(exercise_id: str | None = None) -> None:
    """Check one answer, or all of the lab's answers so far, and say what is wrong.

    Args:
        exercise_id: As in `check("attention.causal_mask")`. Left out, all exercises of the lab whose
            answers are defined in the notebook are checked.

    Raises:
        CheckFailed: An answer is not right yet.
        AutograderError: There is no such exercise.
    """
    names = _names()
    try:
        if exercise_id is None:
            asked = _so_far(names)
        else:
            _require_text("check", exercise_id)
            asked = [exercises.find(exercise_id)]
    except AutograderError as error:
        raise _Plain(str(error)) from None
    verdicts = [verdict_on(exercise, names) for exercise in asked]
    if exercise_id is None:
        # An exercise that is still ahead is no failure when one asks how things stand.
        verdicts = [verdict for verdict in verdicts if verdict.status != "unwritten"]
        if not verdicts:
            _show("<p>Nothing to check yet.</p>", "Nothing to check yet.")
    unsaved = ""
    for verdict in verdicts:
        try:
            record(verdict)
        except KeptSafe as error:
            unsaved = str(error)
    markup = "".join(map(as_html, verdicts))
    if unsaved:
        markup += f"<p>{html.escape(unsaved)}</p>"
    _show(markup, "\n\n".join([*map(as_text, verdicts), *filter(None, [unsaved])]))
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if failed:
        raise CheckFailed(" ".join(verdict.sentence for verdict in failed)) from None


def _require_text(function: str, exercise_id: object) -> None:
    if not isinstance(exercise_id, str):
        raise UnknownExercise(
            f'Name the exercise in quotation marks: {function}("attention.causal_mask").'
        )


def _so_far(names: Mapping[str, Any]) -> list[Exercise]:
    """List the exercises of the lab that this notebook is of: the one most of whose names it defines."""

    def is_own(one: Exercise) -> bool:
        # A function of llmlab's is not the notebook's own; a right number or letter may well be ours too.
        return one.name in names and (one.is_plain or names[one.name] is not one.reference)

    def own(lab: Lab) -> list[Exercise]:
        return [one for one in lab if is_own(one)]

    best = max((own(lab) for lab in exercises.labs()), key=len, default=[])
    if not best:
        raise UnknownExercise(
            "No answer is defined in this notebook yet; run the cells that define yours, or name "
            'one: check("attention.causal_mask").'
        )
    return best


def hint(exercise_id: str) -> None:
    """Show the next hint for an exercise: where to look, then the idea, then the line in words.

    Raises:
        AutograderError: There is no such exercise.
    """
    try:
        _require_text("hint", exercise_id)
        exercise = exercises.find(exercise_id)
    except AutograderError as error:
        raise _Plain(str(error)) from None
    seen = 0
    # Where progress cannot be read or saved the hints do not rise, and the first is still a help.
    with contextlib.suppress(UnreadableProgress):
        seen = standings().get(exercise_id, Standing()).hints
    total = len(exercise.hints)
    if not total:
        _show("<p>There are no hints here.</p>", "There are no hints here.")
        return
    number = min(seen, total - 1)
    with contextlib.suppress(KeptSafe):
        record_hint(exercise_id)
    head = f"Hint {number + 1} of {total}"
    text = exercise.hints[number]
    more = "" if number == total - 1 else " Run the cell again for the next one."
    _show(
        f'<div class="autograder-hint" style="border-left:4px solid var(--jp-brand-color1,#1976d2);'
        f'padding:6px 12px;max-width:46em"><b>{head}.</b> {html.escape(text)}'
        f'<span style="opacity:.7">{more}</span></div>',
        "\n".join(textwrap.wrap(f"{head}. {text}{more}", WIDTH)),
    )


def progress() -> None:
    """Show how far you have come: each exercise of each lab, its attempts and whether it is solved.

    Raises:
        AutograderError: The file of attempts cannot be read.
    """
    try:
        now = standings()
    except UnreadableProgress as error:
        raise _Plain(str(error)) from None
    _show(progress_html(now), progress_text(now))


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
    for lab in exercises.labs():
        lines.append(_heading(lab, now))
        for exercise in lab if _begun(lab, now) else ():
            standing = now.get(exercise.id, Standing())
            mark = "✓" if standing.passed else "○"
            lines.append(f"  {mark} {exercise.name} ({_attempts(standing)})")
    return "\n".join(lines)


def progress_html(now: Mapping[str, Standing]) -> str:
    """Write the progress page as HTML; labs that are not begun are folded."""
    parts = []
    for lab in exercises.labs():
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
