"""Writes the report of a submission as one page of HTML that needs nothing from elsewhere, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from autograder.classroom.layout import environment, with_columns
from autograder.classroom.report import Placed, Report, gather_report
from autograder.grading.run import file_name
from autograder.reading import Weight
from llmlab.workspace import write_safely

# A cell that is longer is shown around the lines that something was found in.
WHOLE = 40
AROUND = 4
_MOST_LINES = 400
_LONGEST_LINE = 400
Line = tuple[int, str, bool]

_FOUND_BY = {
    "known": "what it did speaks for itself",
    "fault": "it behaves as a misconception that the lab knows",
    "message": "its error message, explained",
    "relation": "how its result relates to the right one",
    "pair": "it behaves as two misconceptions at once",
    "place": "a small change that would make it right",
    "difference": "the first difference from what was asked",
}


@dataclass(frozen=True)
class Group:
    """What was found in one place, and the code there.

    Attributes:
        cell: The number of the cell, from 1; 0 for what is in none.
        exercise: The exercise whose answer it is, or empty.
        findings: What was found, what says most first.
        lines: The lines of the cell, each with its number and whether something was found in it; number 0 stands
            for lines that are left out.
    """

    cell: int
    exercise: str
    findings: tuple[Placed, ...]
    lines: tuple[Line, ...]


def write_report(
    course: Path, lab: str, student: str, output: Path | None = None, *, as_json: bool = False
) -> Path:
    """Write the report of one student's submission.

    Args:
        course: The course folder.
        lab: The lab, as `05_attention` or `attention`.
        student: Whose submission.
        output: The file to write; by default `insights/LAB/STUDENT.html` in the course folder.
        as_json: Whether to write JSON in the place of a page.

    Returns:
        The file that was written.

    Raises:
        AutograderError: There is no such course, lab or student, or nothing of theirs was graded.
        WorkspaceError: The file cannot be written.
    """
    report = gather_report(course, lab, student)
    name = f"{file_name(student)}.{'json' if as_json else 'html'}"
    path = output or course / "insights" / report.lab / name
    write_safely(path, (report_json(report) if as_json else render_report(report)).encode())
    return path


def write_reports(
    reports: Iterable[Report], folder: Path, links: Mapping[str, str], home: str
) -> None:
    """Write the reports of a class, each into its own file; for `links` and `home` see `render_report`."""
    for report in reports:
        path = folder / f"{file_name(report.student)}.html"
        write_safely(path, render_report(report, links, home).encode())


def links_to(students: Iterable[str], folder: str = "") -> dict[str, str]:
    """Address the report of each student, seen from beside it or from beside its folder."""
    prefix = f"{quote(folder)}/" if folder else ""
    return {one: f"{prefix}{quote(file_name(one))}.html" for one in students}


def report_json(report: Report) -> str:
    """Write a report as JSON."""
    return json.dumps(report.to_json(), indent=1) + "\n"


def render_report(
    report: Report,
    links: Mapping[str, str] | None = None,
    home: str = "",
    *,
    framed: bool = False,
) -> str:
    """Write the page; all that comes from students is escaped by Jinja.

    Args:
        report: What to show.
        links: Where the reports of other students are, seen from this one; none by default.
        home: Where the page of insights is, seen from this one; nowhere by default.
        framed: Whether it stands in the frame of another page, where a link would lead to that page.
    """
    markup = (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            links=links or {},
            home=home,
            framed=framed,
            groups=groups_of(report),
            pairs=with_columns(report.alike),
            found_by=_FOUND_BY,
            weights=list(Weight),
            time=_time,
            duration=duration,
            numbered=numbered,
        )
    )
    # A name that no file in UTF-8 can hold must not keep the page from being written.
    return markup.encode("utf-8", "replace").decode()


def groups_of(report: Report) -> list[Group]:
    """Put together what was found in one cell; those that say most come first."""
    found: dict[tuple[int, str], list[Placed]] = {}
    for one in report.findings:
        # What is in no cell is named by its file.
        found.setdefault((one.cell, "" if one.cell else one.finding.where), []).append(one)
    groups = []
    for (cell, _), placed in found.items():
        marked = {one.finding.line for one in placed}
        lines = tuple(numbered(report.cells[cell], marked)) if cell else ()
        exercise = next((one.exercise for one in placed if one.exercise), "")
        groups.append(Group(cell, exercise, tuple(placed), lines))
    return groups


def numbered(code: str, marked: Iterable[int] = ()) -> list[Line]:
    """Number the lines of some code; of a long one with marked lines only those around them are kept."""
    lines, wanted = code.splitlines(), set(marked) - {0}
    near = {n for one in wanted for n in range(one - AROUND, one + AROUND + 1)}
    shown: list[Line] = []
    for number, line in enumerate(lines, 1):
        is_far = len(lines) > WHOLE and bool(wanted) and number not in near
        left_out = is_far or len(shown) > _MOST_LINES
        if not left_out:
            cut = line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} …"
            shown.append((number, cut, number in wanted))
        elif not shown or shown[-1][0]:
            shown.append((0, "…", False))
    return shown


def _time(text: str) -> str:
    """Write a time as people read it; one that cannot be read stays as it is."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def duration(seconds: float) -> str:
    """Write how long something is, in the two largest units: '2 days 3 hours'."""
    left, parts = int(seconds), []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}{'s' * (count != 1)}")
    return " ".join(parts[:2]) or "0 seconds"
