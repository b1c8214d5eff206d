"""Shows the report of a submission in nbgrader's formgrader, and what was found in a cell beside that cell.

A preprocessor of the page alone: it changes the notebook on its way to the browser, and no file. It stands among
those of `c.HTMLExporter`, which makes formgrader's pages. nbgrader makes feedback with the same class; there this one
does nothing, since only formgrader says which submission of its list it shows.

The report stands in a frame without scripts and without an origin, so that nothing in it, which is mostly what
students wrote, can reach the page that gives points.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from traitlets import Bool

from autograder.classroom.layout import coded
from autograder.classroom.report import Placed, Report, gather_report
from autograder.classroom.report_page import render_report
from autograder.errors import AutograderError
from autograder.exercise import register
from autograder.exercise.cells import grade_id

_PANEL = Markup(
    '<div class="panel panel-default submission-report"><div class="panel-heading"><strong>For you alone</strong> '
    "{summary}</div>{more}</div>"
)
_MORE = Markup(
    '<details class="panel-body"><summary>The report of this submission (it names students)</summary>'
    '<iframe sandbox="" title="The report of this submission" srcdoc="{page}" '
    'style="width:100%;height:80vh;border:1px solid #ccc;resize:vertical;margin-top:8px"></iframe></details>'
)
_BESIDE = Markup(
    '<div class="alert alert-warning submission-report" style="margin:4px 0"><strong>For you alone</strong>'
    "<ul>{remarks}</ul></div>"
)


class SubmissionReport(Preprocessor):
    """Puts the report of a submission into formgrader's page of it."""

    enabled = Bool(True, help="Whether to use it.").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Add to the notebook as it is shown; on any other page than formgrader's, leave it as it is."""
        if not _is_formgraders(resources) or not _is_a_labs(resources):
            return nb, resources
        try:
            report = gather_report(
                _course_of(resources), resources["assignment_id"], resources["student"]
            )
        except Exception as error:  # whatever is wrong with a report, points can be given
            told = str(error) if isinstance(error, AutograderError) else type(error).__name__
            panel = _PANEL.format(summary=f"There is no report: {told}", more="")
            nb.cells.insert(0, _shown(panel))
            return nb, resources
        nb.cells = [_shown(_panel(report)), *_with_remarks(nb.cells, report)]
        return nb, resources


def _is_formgraders(resources: dict[str, Any]) -> bool:
    """Say whether a page is formgrader's, which numbers its submissions; nbgrader's commands say what they convert."""
    return "nbgrader" not in resources and {"submission_id", "index", "student"} <= set(resources)


def _is_a_labs(resources: dict[str, Any]) -> bool:
    """Say whether it is the notebook of a lab, and none of the instructor's own making."""
    topic = str(resources.get("assignment_id", "")).partition("_")[2]
    return topic in register.topics() and resources.get("notebook_id") == topic


def _course_of(resources: dict[str, Any]) -> Path:
    """Find the course folder in which the notebook that is shown lies."""
    place = Path(resources["metadata"]["path"]).resolve()
    for folder in place.parents:
        if (folder / "nbgrader_config.py").is_file():
            return folder
    return place


def _shown(markup: Markup) -> NotebookNode:
    """Make a cell of Markdown that is nothing but a piece of HTML, which formgrader shows as it is.

    A raw cell would be cleaned, frame and all. What Markdown or its formulas would take for their own is spelled out.
    """
    spelled = str.maketrans(
        {"\n": "&#10;", "\r": "&#13;", "$": "&#36;", "\\": "&#92;", "`": "&#96;"}
    )
    return new_markdown_cell(str(markup).translate(spelled))


def _panel(report: Report) -> Markup:
    """Say in one line what there is to look at, without a name, and put the report behind it."""
    flags, alike, held = len(report.flagged), len(report.alike), len(report.held)
    parts = [
        f"{flags} place{'s' * (flags != 1)} in the source to look at" if flags else "",
        f"nearly the same as {alike} other{'s' * (alike != 1)}" if alike else "",
        f"the points of {held} exercise{'s' * (held != 1)} were left to you" if held else "",
        "something newer was handed in and is not graded yet" if report.newer else "",
    ]
    summary = "; ".join(filter(None, parts)) or "nothing to look at"
    return _PANEL.format(
        summary=f"{summary}.", more=_MORE.format(page=render_report(report, framed=True))
    )


def _with_remarks(cells: Sequence[NotebookNode], report: Report) -> list[NotebookNode]:
    """Put below each cell what was found in it, and below each check why its points were left to a person."""
    held = {grade_id(one.exercise): one.held for one in report.held}
    shown = []
    for number, cell in enumerate(cells, 1):
        shown.append(cell)
        remarks = [_remark(one) for one in report.flagged if one.cell == number]
        if why := held.get(cell.metadata.get("nbgrader", {}).get("grade_id", "")):
            remarks.append(Markup("The points are left to you. {why}").format(why=coded(why)))
        if remarks:
            items = Markup().join(Markup("<li>{one}</li>").format(one=one) for one in remarks)
            shown.append(_shown(_BESIDE.format(remarks=items)))
    return shown


def _remark(one: Placed) -> Markup:
    found = one.finding
    line = f", line {found.line}" if found.line else ""
    code = Markup(" <code>{code}</code>").format(code=found.code) if found.code else ""
    return Markup("{weight}{line}: {sentence}{code}").format(
        weight=str(found.weight), line=line, sentence=coded(found.sentence), code=code
    )
