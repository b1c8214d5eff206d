"""How the teacher's pages are laid out: what their templates have in common, and code with its marked passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.classroom.similarity import AlikeAnswers, Pair, Span
from autograder.judging.feedback import points_text

Piece = tuple[str, bool]


def environment() -> Environment:
    """Make what renders the templates beside this file; all that comes from students is escaped by Jinja."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": _percent,
        "points": points_text,
        "short": short,
        "coded": coded,
        "marked": _marked,
    }
    return made


def short(exercise_id: str) -> str:
    """Write an exercise's id without its topic."""
    return exercise_id.partition(".")[2] or exercise_id


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def coded(text: str) -> Markup:
    """Escape a text, and set what stands between backticks as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def _marked(text: str) -> Markup:
    """Escape a text, and mark what stands between angle quotes, as a verdict does."""
    return Markup(re.sub("‹([^‹›\n]+)›", r"<mark>\1</mark>", str(escape(text))))  # noqa: S704 - escaped


def with_columns(
    pairs: Sequence[Pair],
) -> list[tuple[Pair, list[tuple[AlikeAnswers, list[list[Piece]]]]]]:
    """Lay each pair's answers out side by side: both cut into pieces that the other has too, and those between."""
    return [(pair, [(one, _columns(one)) for one in pair.answers]) for pair in pairs]


def _columns(answers: AlikeAnswers) -> list[list[Piece]]:
    return [_pieces(code, spans) for code, spans in zip(answers.codes, answers.spans, strict=True)]


def _pieces(code: str, spans: Sequence[Span]) -> list[Piece]:
    """Cut an answer into pieces that the other has too, and those between; whole lines, from first to last."""
    start = code.rfind("\n", 0, spans[0][0]) + 1
    end = code.find("\n", spans[-1][1])
    end = len(code) if end < 0 else end
    pieces: list[Piece] = [("…\n", False)] if code[:start].strip() else []
    for left, right in spans:
        pieces += [(code[start:left], False), (code[left:right], True)]
        start = right
    pieces.append((code[start:end], False))
    return [piece for piece in pieces if piece[0]]
