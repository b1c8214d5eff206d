"""Writes the insights as one page of HTML that needs nothing from elsewhere, with CSV files beside it."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder.classroom import similarity
from autograder.classroom.insights import ExerciseInsight, Insights, gather
from autograder.classroom.similarity import AlikeAnswers, Pair, Span, alike, common_from
from autograder.classroom.spreadsheet import write_table
from autograder.classroom.submitted import read_submitted
from autograder.classroom.tables import tables_of
from autograder.judging.feedback import points_text
from llmlab.workspace import write_safely

MOST_PAIRS = 20  # shown side by side; the CSV has them all
MOST_HELD = 8  # misconceptions that are shown at length
MOST_BARS = 16
WEAK = 0.2  # less discrimination is poor: Ebel and Frisbie, 'Essentials of Educational Measurement', 1991
LOWEST = -0.5  # where the plot of discrimination ends
FEW = 20  # figures of fewer students say little
Piece = tuple[str, bool]


def write_insights(course: Path, lab: str, output: Path | None = None) -> list[Path]:
    """Write the page and its tables.

    Args:
        course: The course folder.
        lab: The lab, as `05_attention` or `attention`.
        output: The page's file; by default `insights/LAB.html` in the course folder.

    Returns:
        The files that were written, the page first.

    Raises:
        AutograderError: There is no such course or lab, nothing was graded, or a file is damaged.
        WorkspaceError: The files cannot be written.
    """
    insights = gather(course, lab)
    submitted = read_submitted(course, insights.lab, insights.submissions)
    pairs = alike(submitted.answers, submitted.known)
    page = output or course / "insights" / f"{insights.lab}.html"
    markup = render(insights, pairs, submitted.unread)
    # A name that no file in UTF-8 can hold must not keep the page from being written.
    write_safely(page, markup.encode("utf-8", "replace"))
    written = [page]
    for name, rows in tables_of(insights, pairs).items():
        path = page.with_name(f"{page.stem}-{name}.csv")
        write_table(path, rows)
        written.append(path)
    return written


def render(insights: Insights, pairs: Sequence[Pair], unread: Sequence[str] = ()) -> str:
    """Write the page; all that comes from students is escaped by Jinja.

    Args:
        insights: What to show.
        pairs: Students whose answers are alike.
        unread: Students whose answers could not be compared.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "points": points_text, "short": _short}
    environment.filters["coded"] = _coded
    return environment.get_template("insights.html").render(
        insights=insights,
        pairs=[
            (pair, [(one, _columns(one)) for one in pair.answers]) for pair in pairs[:MOST_PAIRS]
        ],
        more_pairs=max(0, len(pairs) - MOST_PAIRS),
        unread=unread,
        compared=similarity,
        common=common_from(len(insights.submissions) - len(unread)),
        median=_median(insights),
        submissions=sorted(Counter(insights.submissions.values()).items()),
        reports=Counter(violation.kind for _, violation in insights.violations),
        holders={student for held in insights.misconceptions for student in held.students},
        bars=_bars(insights),
        dots=_dots(insights),
        findings=_findings(insights),
        most_held=MOST_HELD,
        weak=WEAK,
        lowest=LOWEST,
        few=FEW,
        today=datetime.now(UTC).date().isoformat(),
    )


def _coded(text: str) -> Markup:
    """Escape a text, and set what stands between backticks as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _short(exercise_id: str) -> str:
    return exercise_id.partition(".")[2] or exercise_id


def _median(insights: Insights) -> float | None:
    """Find the points that half of the class has or exceeds; None where nobody was graded."""
    return (
        statistics.median_high(run.points for run in insights.graded) if insights.graded else None
    )


def _findings(insights: Insights) -> dict[str, str]:
    """Say in a sentence what each plot shows."""
    found = {}
    if (median := _median(insights)) is not None:
        found["points"] = (
            f"Half of the class has {points_text(median)} of {insights.possible} points or more"
        )
    if insights.exercises:
        hardest = min(insights.exercises, key=lambda one: one.difficulty)
        found["exercises"] = (
            "Everybody has everything right"
            if hardest.difficulty == 1
            else f"{_short(hardest.id)} is the hardest: {hardest.right} of {_judged(hardest)} have it right"
        )
    known = [one for one in insights.exercises if one.discrimination is not None]
    if known:
        weak = [one for one in known if (one.discrimination or 0) < WEAK]
        names = ", ".join(_short(one.id) for one in weak)
        found["apart"] = (
            f"Those who do well elsewhere do hardly better in {names}"
            if weak
            else "Who does well in one exercise does well in the others"
        )
    return found


def _judged(exercise: ExerciseInsight) -> int:
    return exercise.right + exercise.wrong + exercise.unwritten


def _bars(insights: Insights) -> list[tuple[str, int]]:
    """Count how many students earn how many points: a label and a count for each bar."""
    width = next(w for w in (1, 2, 5, 10, 20, 50, 100, 1000) if insights.possible / w <= MOST_BARS)
    counts = [0] * (insights.possible // width + 1)
    for run in insights.graded:
        counts[min(int(run.points // width), len(counts) - 1)] += 1
    starts = range(0, insights.possible + 1, width)
    ends = [min(start + width - 1, insights.possible) for start in starts]
    labels = [
        f"{start}" if start == end else f"{start}–{end}"
        for start, end in zip(starts, ends, strict=True)
    ]
    return list(zip(labels, counts, strict=True))


def _dots(insights: Insights) -> list[tuple[str, float, float]]:
    """Place each exercise by difficulty and discrimination; the numbers of those that would cover each other join."""
    dots: list[tuple[str, float, float]] = []
    for number, one in enumerate(insights.exercises, 1):
        if one.discrimination is None:
            continue
        x, y = one.difficulty, max(one.discrimination, LOWEST)
        for i, (label, left, low) in enumerate(dots):
            if abs(x - left) < 0.03 and abs(y - low) < 0.1:
                dots[i] = (f"{label}, {number}", left, low)
                break
        else:
            dots.append((str(number), x, y))
    return dots


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
