"""Writes the insights as one page of HTML that needs nothing from elsewhere, with tables and reports beside it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from autograder.classroom import similarity
from autograder.classroom.insights import ExerciseInsight, Insights, read_history, summarize
from autograder.classroom.layout import environment, short, with_columns
from autograder.classroom.report import class_of
from autograder.classroom.report_page import links_to, write_reports
from autograder.classroom.similarity import Pair, common_from
from autograder.classroom.spreadsheet import write_table
from autograder.classroom.tables import tables_of
from autograder.judging.feedback import points_text
from llmlab.workspace import write_safely

MOST_PAIRS = 20  # shown side by side; the CSV has them all
MOST_HELD = 8  # misconceptions that are shown at length
MOST_BARS = 16
WEAK = 0.2  # less discrimination is poor: Ebel and Frisbie, 'Essentials of Educational Measurement', 1991
LOWEST = -0.5  # where the plot of discrimination ends
FEW = 20  # figures of fewer students say little


def write_insights(course: Path, lab: str, output: Path | None = None) -> list[Path]:
    """Write the page, its tables, and the report of each submission in a folder beside them.

    Args:
        course: The course folder.
        lab: The lab, as `05_attention` or `attention`.
        output: The page's file; by default `insights/LAB.html` in the course folder.

    Returns:
        The page, its tables, and the folder of reports.

    Raises:
        AutograderError: There is no such course or lab, nothing was graded, or a file is damaged.
        WorkspaceError: The files cannot be written.
    """
    known, history = read_history(course, lab)
    insights = summarize(known.folder, known.title, history)
    reported = class_of(course, known, history)
    page = output or course / "insights" / f"{insights.lab}.html"
    # A page without an ending has the name that the folder would have.
    reports = page.with_suffix("") if page.suffix else page.with_name(f"{page.name}-reports")
    students = sorted(history)
    markup = render(insights, reported.pairs, reported.unread, links_to(students, reports.name))
    # A name that no file in UTF-8 can hold must not keep the page from being written.
    write_safely(page, markup.encode("utf-8", "replace"))
    written = [page]
    for name, rows in tables_of(insights, reported.pairs).items():
        path = page.with_name(f"{page.stem}-{name}.csv")
        write_table(path, rows)
        written.append(path)
    write_reports(reported.reports(), reports, links_to(students), f"../{quote(page.name)}")
    return [*written, reports]


def render(
    insights: Insights,
    pairs: Sequence[Pair],
    unread: Sequence[str] = (),
    links: Mapping[str, str] | None = None,
) -> str:
    """Write the page; all that comes from students is escaped by Jinja.

    Args:
        insights: What to show.
        pairs: Students whose answers are alike.
        unread: Students whose answers could not be compared.
        links: Where the report of each student's submission is, seen from the page.
    """
    return (
        environment()
        .get_template("insights.html")
        .render(
            insights=insights,
            links=links or {},
            pairs=with_columns(pairs[:MOST_PAIRS]),
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
    )


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
            else f"{short(hardest.id)} is the hardest: {hardest.right} of {_judged(hardest)} have it right"
        )
    known = [one for one in insights.exercises if one.discrimination is not None]
    if known:
        weak = [one for one in known if (one.discrimination or 0) < WEAK]
        names = ", ".join(short(one.id) for one in weak)
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
