"""Shows verdicts to people: a card in HTML for the notebook, and the same in plain text."""

from __future__ import annotations

import html
import re
import textwrap

from autograder.judging.judge import Verdict

WIDTH = 76
_COLORS = {
    "passed": "var(--jp-success-color1, #2e7d32)",
    "wrong": "var(--jp-error-color1, #c62828)",
    "unwritten": "var(--jp-warn-color1, #b26a00)",
}
_MARKS = {"passed": "✓", "wrong": "✗", "unwritten": "○"}


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
    for label, text in verdict.facts:
        lines += textwrap.wrap(
            f"{label}: {text}", WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    for text in (*verdict.notes, _advice(verdict)):
        lines += textwrap.wrap(text, WIDTH)
    return "\n".join(lines)


def _marked_up(text: str) -> str:
    """Escape a text, and set what stands between backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))


def as_html(verdict: Verdict) -> str:
    """Write a verdict as a card; all that comes from the student is escaped."""
    color = _COLORS[verdict.status]
    rows = "".join(
        f'<tr><th style="text-align:left;vertical-align:top;padding:1px 12px 1px 0;font-weight:600">'
        f'{html.escape(label)}</th><td style="text-align:left;font-family:var(--jp-code-font-family,'
        f'monospace);white-space:pre-wrap">{_marked_up(text)}</td></tr>'
        for label, text in verdict.facts
    )
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
    return (
        f'<div class="autograder-verdict" data-status="{verdict.status}" '
        f'data-exercise="{html.escape(verdict.exercise)}" '
        f'style="border-left:4px solid {color};padding:6px 12px;margin:4px 0;max-width:46em">'
        f'<div style="font-weight:600"><span style="color:{color}" aria-hidden="true">'
        f"{_MARKS[verdict.status]}</span> {html.escape(verdict.exercise)}: "
        f'{_points_of(verdict)}</div><div style="margin-top:2px">{_marked_up(verdict.sentence)}</div>'
        f"{table}{quiet}</div>"
    )
