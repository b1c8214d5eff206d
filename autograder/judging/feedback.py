"""Shows verdicts to people: a card in HTML for the notebook, and the same in plain text."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Sequence

from autograder.judging.judge import Verdict

WIDTH = 76
_COLORS = {
    "passed": "var(--jp-success-color1, #2e7d32)",
    "wrong": "var(--jp-error-color1, #c62828)",
    "unwritten": "var(--jp-warn-color1, #b26a00)",
}
_MARK = "background:transparent;color:var(--jp-error-color1,#c62828);font-weight:700"
_MARKS = {"passed": "✓", "wrong": "✗", "unwritten": "○"}
# Why is for the teacher: a verdict is shown to the student.
_BY_A_PERSON = "A person gives the points of this exercise."


def points_text(points: float) -> str:
    """Write points as people do: '3', '2.5'."""
    return f"{points:g}"


def _points_of(verdict: Verdict) -> str:
    return f"{points_text(verdict.points)} of {points_text(verdict.possible)} points"


def _advice(verdict: Verdict) -> str:
    if verdict.passed or not verdict.hints:
        return ""
    return f'For a hint, run hint("{verdict.exercise}").'


def as_text(verdict: Verdict) -> str:
    """Write a verdict as plain text, at most 76 columns wide."""
    head = f"{_MARKS[verdict.status]} {verdict.exercise}: {_points_of(verdict)}"
    lines = [*textwrap.wrap(head, WIDTH), *textwrap.wrap(verdict.sentence, WIDTH)]
    if verdict.place not in ("", verdict.sentence):
        lines += textwrap.wrap(verdict.place, WIDTH)
    if verdict.held:
        lines += textwrap.wrap(_BY_A_PERSON, WIDTH)
    for label, text in verdict.facts:
        for number, line in enumerate(text.splitlines() or [""]):
            begun = f"  {label}: {line}" if number == 0 else f"    {line}"
            lines += textwrap.wrap(begun, WIDTH, subsequent_indent="    ")
    for text in (*verdict.notes, _advice(verdict)):
        lines += textwrap.wrap(text, WIDTH)
    return "\n".join(lines)


def _marked_up(text: str) -> str:
    """Escape a text, set what stands between backticks as code, and mark what stands between angle quotes."""
    escaped = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))
    return re.sub("‹([^‹›\n]+)›", f'<mark style="{_MARK}">\\1</mark>', escaped)


def not_yet(failed: Sequence[Verdict]) -> str:
    """Say in a short line which answers failed; the cards say why."""
    names = ", ".join(verdict.exercise for verdict in failed)
    written = "written" if all(one.status == "unwritten" for one in failed) else "right"
    return f"{names} {'is' if len(failed) == 1 else 'are'} not {written} yet."


def card(color: str, head: str, body: str, attributes: str = "") -> str:
    """Lay out one message to a learner; verdicts and hints are of this form."""
    return (
        f'<div {attributes} style="border-left:4px solid {color};padding:6px 12px;margin:4px 0;'
        f'max-width:56em;line-height:1.5"><div style="font-weight:600">{head}</div>{body}</div>'
    )


def _row(label: str, text: str) -> str:
    # Label and value share one line height, and no word is broken where the page is narrow.
    return (
        '<tr style="background:transparent"><th style="text-align:left;vertical-align:top;'
        f'padding:1px 12px 1px 0;font-weight:600;line-height:1.5;white-space:nowrap">{html.escape(label)}</th>'
        '<td style="text-align:left;vertical-align:top;padding:1px 0;line-height:1.5;'
        "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;"
        f'word-break:normal;overflow-wrap:break-word">{_marked_up(text)}</td></tr>'
    )


def as_html(verdict: Verdict) -> str:
    """Write a verdict as a card; all that comes from the student is escaped."""
    color = _COLORS[verdict.status]
    rows = "".join(_row(label, text) for label, text in verdict.facts)
    table = (
        f'<table style="margin:6px 0 0;border-collapse:collapse;font-size:12px">{rows}</table>'
        if rows
        else ""
    )
    quiet = "".join(
        f'<div style="margin-top:4px;opacity:.8;font-size:12px">{_marked_up(text)}</div>'
        for text in (*verdict.notes, _advice(verdict))
        if text
    )
    place = (
        f'<div style="margin-top:2px">{_marked_up(verdict.place)}</div>'
        if verdict.place not in ("", verdict.sentence)
        else ""
    )
    held = (
        f'<div style="margin-top:4px;font-weight:600">{_BY_A_PERSON}</div>' if verdict.held else ""
    )
    return card(
        color,
        f'<span style="color:{color}" aria-hidden="true">{_MARKS[verdict.status]}</span> '
        f"{html.escape(verdict.exercise)}: {_points_of(verdict)}",
        f'<div style="margin-top:2px">{_marked_up(verdict.sentence)}</div>{place}{held}{table}{quiet}',
        f'class="autograder-verdict" data-status="{verdict.status}" '
        f'data-exercise="{html.escape(verdict.exercise)}"',
    )


def hint_as_html(number: int, total: int, text: str, more: str) -> str:
    """Write a hint as a card."""
    return card(
        "var(--jp-brand-color1,#1976d2)",
        f"Hint {number} of {total}",
        f'<div style="margin-top:2px">{_marked_up(text)}<span style="opacity:.7">{html.escape(more)}</span></div>',
        'class="autograder-hint"',
    )
