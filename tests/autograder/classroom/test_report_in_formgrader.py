"""Formgrader shows the report of a submission, and nothing of it comes into a notebook or into feedback."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.classroom.report import gather_report
from autograder.grading.batch import grade_lab
from tests.autograder.grading.conftest import LAB, Classroom, Here, marked, solve
from tests.browser.jupyterlab import CHROMIUM, TOKEN, free_port, launch
from tests.courses import nbgrader
from tests.labs import ROOT

pytestmark = [pytest.mark.classroom, pytest.mark.usefixtures("sandbox")]

ANSWER = "welcome-average-answer"
# Names that stand nowhere by chance.
FLAGGED, WRITER, FIRST, SECOND = "quillon", "brannoch", "tamsindra", "oswinelle"
DETOUR = '''
def average(numbers):
    """Go the long way round."""
    total, count = 0.0, 0
    for position, number in enumerate(numbers, start=1):
        total = total + float(number)
        count = max(count, position)
    shares = [float(number) / count for number in numbers]
    if abs(sum(shares) - total / count) > 1e-6:
        raise ValueError("the two ways do not agree")
    return total / count
'''


def flagged(notebook: NotebookNode) -> None:
    solve(notebook)
    notebook.cells.insert(0, new_code_cell("import gc\nprint(len(gc.get_objects()))", id="reach"))


def writing(notebook: NotebookNode) -> None:
    solve(notebook)
    code = "import autograder\nautograder.check = lambda *names: None"
    notebook.cells.insert(0, new_code_cell(code, id="write"))


def copying(notebook: NotebookNode, word: str = "number") -> None:
    solve(notebook)
    marked(notebook, ANSWER).source = re.sub(r"\bnumber\b", word, DETOUR)


@pytest.fixture
def graded(room: Classroom) -> Classroom:
    room.hand_in(FLAGGED, flagged)
    room.hand_in(WRITER, writing)
    room.hand_in(FIRST, copying)
    room.hand_in(SECOND, lambda notebook: copying(notebook, "value"))
    runs = grade_lab(room.course, LAB.folder, workers=Here(room.course.settings()))
    assert {one.outcome for one in runs} == {"graded"}
    return room


@dataclass
class Submissions:
    """What nbgrader's gradebook calls each student's notebook."""

    room: Classroom

    def ids(self) -> dict[str, str]:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.room.root}/gradebook.db") as gradebook:
            found = gradebook.notebook_submissions(LAB.topic, LAB.folder)
            return {one.student.id: str(one.id) for one in found}


def page_of(room: Classroom, student: str) -> str:
    """Make the page as formgrader makes it."""
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension

    with contextlib.chdir(room.root):
        formgrader = FormgradeExtension()
        formgrader.initialize([], root=str(room.root))
        exporter = HTMLExporter(config=formgrader.config)
        path = room.root / "autograded" / student / LAB.folder / f"{LAB.topic}.ipynb"
        resources = {
            "assignment_id": LAB.folder,
            "notebook_id": LAB.topic,
            "submission_id": "0123",
            "index": 0,
            "total": 4,
            "base_url": "",
            "student": student,
            "last_name": None,
            "first_name": None,
            "notebook_path": "x",
        }
        page, _ = exporter.from_filename(str(path), resources=resources)
    return str(page)


class _Frames(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.frames: list[dict[str, str | None]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.frames.append(dict(attrs))


def outside(page: str) -> str:
    """What a page shows before the report is opened."""
    return re.sub(r'srcdoc="[^"]*"', "", page)


def test_formgraders_page_has_the_report_in_a_frame_and_remarks_beside_the_cells(
    graded: Classroom,
) -> None:
    page = page_of(graded, FLAGGED)
    (frame,) = _Frames(page).frames
    assert frame["sandbox"] == ""
    assert "gc.get_objects" in str(frame["srcdoc"])
    seen = outside(page)
    assert "1 place in the source to look at." in seen
    beside = seen.index("It reaches into Python by <code>gc.get_objects</code>")
    assert seen.index("get_objects") < beside < seen.index(f'id="{ANSWER}-comment"')
    held = outside(page_of(graded, WRITER))
    assert "the points of 3 exercises were left to you" in held
    assert held.count("The points are left to you. cell 1, line 2: It writes to the checker") == 3
    # Formgrader hides names until they are asked for.
    for student, other in ((FIRST, SECOND), (SECOND, FIRST)):
        page = page_of(graded, student)
        assert "nearly the same as 1 other." in page
        assert other not in outside(page)
        assert other in str(_Frames(page).frames[0]["srcdoc"])


def test_a_page_without_a_report_says_so_and_takes_points_all_the_same(graded: Classroom) -> None:
    (graded.root / ".autograder" / "runs" / LAB.folder / f"{FLAGGED}.json").write_text("{")
    page = page_of(graded, FLAGGED)
    assert "There is no report:" in page
    assert page.count('class="score tabbable"') == page_of(graded, FIRST).count(
        'class="score tabbable"'
    )


def test_the_report_says_how_the_gradebook_came_to_its_points(graded: Classroom) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded.root}/gradebook.db") as gradebook:
        name = "welcome-average"
        grade = gradebook.find_grade(name, LAB.topic, LAB.folder, WRITER)
        grade.manual_score, grade.needs_manual_grade = 0.5, False
        gradebook.db.commit()
    report = gather_report(graded.root, LAB.folder, WRITER)
    assert report.recorded is not None
    given = {one.exercise: one.recorded for one in report.exercises}
    by = {name: cell.by for name, cell in given.items() if cell}
    assert by.pop("welcome.average") == "person"
    assert set(by.values()) == {"waits"}
    assert report.recorded.grade == 0.5 == graded.course.grades(LAB.folder)[WRITER].score
    assert [one.name for one in report.others] == ["welcome-expectations"]
    assert all("It writes to the checker" in one.held for one in report.exercises)


def texts_under(*folders: Path) -> dict[Path, str]:
    return {
        path: path.read_text("utf-8", "replace")
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("by", ["autograder", "nbgrader"])
def test_no_flag_no_likeness_and_no_other_student_is_in_a_notebook_or_in_feedback(
    graded: Classroom, by: str
) -> None:
    root, students = graded.root, (FLAGGED, WRITER, FIRST, SECOND)
    if by == "nbgrader":
        nbgrader(root, "autograde", LAB.folder, "--force")
    for student in students:
        page_of(graded, student)
    # The reports do say it all, so that the search below looks for what there is.
    reports = {one: gather_report(root, LAB.folder, one) for one in students}
    said = {placed.finding.sentence for one in reports.values() for placed in one.findings}
    said |= {one.held for report in reports.values() for one in report.held}
    assert len(said) >= 3
    assert [len(one.alike) for one in reports.values()] == [0, 0, 1, 1]
    nbgrader(root, "generate_feedback", LAB.folder)
    words = ("For you alone", "submission-report", "nearly the same", "reaches into", "withhold")
    for student in students:
        found = texts_under(root / "autograded" / student, root / "feedback" / student)
        assert {path.suffix for path in found} >= {".ipynb", ".html"}
        for path, text in found.items():
            plain = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text))
            for searched in (*said, *(one.replace("`", "") for one in said), *words):
                assert searched not in text, path
                assert searched not in plain, path
            assert not [one for one in students if one != student and one in text], path


@contextlib.contextmanager
def formgrader(room: Classroom) -> Iterator[str]:
    """Run a server with formgrader in the course until the block ends; give its address."""
    port = free_port()
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "HOME": str(room.root.parent),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
    }
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={room.root}"]
    command += ["--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"]
    address = f"http://127.0.0.1:{port}"
    with (room.root.parent / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=room.root, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"{address}/api?token={TOKEN}", server, room.root.parent / "server.log")
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url).close()
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="There is no Chromium here; install `chromium`.")
def test_in_a_browser_the_report_opens_within_formgrader_and_points_can_be_given(
    graded: Classroom,
) -> None:
    from playwright.sync_api import sync_playwright

    submission = Submissions(graded).ids()[WRITER]
    with formgrader(graded) as address, sync_playwright() as playwright, launch(playwright) as it:
        page: Any = it.new_page(
            viewport={"width": 1300, "height": 900},
            extra_http_headers={"Authorization": f"token {TOKEN}"},
        )
        page.goto(f"{address}/formgrader/submissions/{submission}/")
        panel = page.locator(".panel.submission-report")
        assert "3 exercises were left to you" in panel.inner_text()
        frame = page.frame_locator(".submission-report iframe")
        assert not frame.locator("h1").is_visible()
        panel.locator("summary").click()
        assert frame.locator("h1").inner_text() == WRITER
        assert "autograder.check = lambda" in frame.locator("#source mark").inner_text()
        # A link in the frame would lead to formgrader's own page.
        assert frame.locator("a").count() == 0
        # Formgrader's script fetches the grades before its buttons do anything.
        score = page.locator("#welcome-average.needs_manual_grade")
        score.wait_for()
        with page.expect_response(lambda response: "/api/grade/" in response.url) as saved:
            page.locator(".nbgrader_cell", has=score).locator(".full-credit").click()
        assert saved.value.ok
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 1300
    report = gather_report(graded.root, LAB.folder, WRITER)
    (average,) = [one for one in report.exercises if one.exercise == "welcome.average"]
    assert average.recorded is not None
    assert (average.recorded.score, average.recorded.by) == (1, "person")
