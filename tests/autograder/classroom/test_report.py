"""The report of a submission: what was found stands beside its code, and what students wrote stays text."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from autograder import cli
from autograder.authoring.source import source_notebook
from autograder.classroom.page import write_insights
from autograder.classroom.report import Placed, Report, gather_report
from autograder.classroom.report_page import (
    AROUND,
    WHOLE,
    duration,
    groups_of,
    numbered,
    render_report,
    write_report,
)
from autograder.errors import NothingGraded
from autograder.grading import Run, Violation, save_run
from autograder.reading import Finding, Weight
from llmlab.errors import WorkspaceError
from tests.autograder.classroom.runs import EMBED, LAB, MASK, right, run, unwritten, wrong
from tests.autograder.classroom.test_page import EVIL, Page
from tests.autograder.classroom.test_similarity import BY_HAND, RENAMED
from tests.autograder.classroom.test_submitted import hand_in
from tests.browser.jupyterlab import CHROMIUM, launch
from tests.labs import SOLUTIONS

REACHES = "import gc\n\nx = len(gc.get_objects())  # <b>\n"
LOOK = Finding(
    "works", MASK, "It reaches by `gc.get_objects`.", Weight.LOOK, 3, REACHES.split("\n")[2]
)
NOTE = Finding("magic", "cell 1", "`%tiem` is not known here.", Weight.NOTE)
FILE = Finding("code", "'<b>.py'", "It runs `exec`.", Weight.WITHHOLD, 2, "exec(text)")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Five students: one flagged, two alike, one who handed in and was not graded, one of an odd name."""
    (tmp_path / "nbgrader_config.py").write_text("")
    source = tmp_path / "source" / LAB / "attention.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(source_notebook(SOLUTIONS / LAB / "attention.py"), source)
    hand_in(tmp_path, "ada", {"attention-causal_mask-answer": REACHES})
    save_run(tmp_path, run("ada", right(EMBED), wrong(MASK), submission="an earlier one"))
    facts = (
        ("Tried", "length 3"),
        ("Input", "3"),
        ("Expected (0, 1)", "0"),
        ("Got (0, 1)", "‹1<›"),
    )
    looked_ahead = replace(
        wrong(MASK, "It looks ahead.", "ahead"), facts=facts, reason="fault", place="Line 3."
    )
    ada = run("ada", right(EMBED), looked_ahead, violations=(Violation("timeout", MASK, "Slow."),))
    save_run(tmp_path, replace(ada, findings=(NOTE, LOOK, FILE), seconds={"run": 1.25}))
    answer = "attention-scaled_dot_product_attention-answer"
    for student, code in (("bob", BY_HAND), (EVIL.replace("/", "|"), RENAMED)):
        hand_in(tmp_path, student, {answer: code})
        save_run(tmp_path, run(student, right(EMBED), unwritten(MASK)))
    hand_in(tmp_path, "late", {})
    save_run(tmp_path, run("dan", outcome="wrong lab", reason="This is lab 06."))
    return tmp_path


def answer_cell(report: Report) -> int:
    (placed,) = [one for one in report.findings if one.finding == LOOK]
    return placed.cell


def test_a_finding_is_placed_in_the_cell_that_has_its_line(course: Path) -> None:
    report = gather_report(course, "attention", "ada")
    # What says most comes first.
    assert [one.finding for one in report.findings] == [FILE, LOOK, NOTE]
    assert [(one.cell > 1, one.exercise) for one in report.findings] == [
        (False, ""),
        (True, MASK),
        (False, ""),
    ]
    assert report.cells[answer_cell(report)] == REACHES
    assert [one.finding for one in report.flagged] == [FILE, LOOK]


def test_a_finding_whose_line_is_elsewhere_by_now_is_shown_with_the_line_alone(
    course: Path,
) -> None:
    moved = replace(LOOK, where="cell 1", code="gone()")
    save_run(course, replace(run("ada", right(EMBED)), findings=(moved,)))
    report = gather_report(course, LAB, "ada")
    assert report.findings == (Placed(moved, 0, ""),)
    assert "gone()" in Page(render_report(report)).text


def test_the_points_say_how_they_arose(course: Path) -> None:
    report = gather_report(course, LAB, "ada")
    embed, mask = report.exercises
    assert (embed.points, embed.possible, mask.points, mask.possible) == (1, 1, 0, 2)
    assert [(one.label, one.drawn) for one in mask.facts] == [
        ("Tried", False),
        ("Input", True),
        ("Expected (0, 1)", True),
        ("Got (0, 1)", True),
    ]
    assert mask.answer == REACHES
    assert [one.kind for one in mask.violations] == ["timeout"]
    assert [one.points for one in report.attempts] == [1, 1]
    # There is no gradebook, and none is made.
    assert report.recorded is None
    assert not (course / "gradebook.db").exists()


def test_likeness_is_told_from_the_students_own_side(course: Path) -> None:
    odd = EVIL.replace("/", "|")
    for student, other in (("bob", odd), (odd, "bob")):
        (pair,) = gather_report(course, LAB, student).alike
        assert pair.students == (student, other)
        (answer,) = pair.answers
        own = BY_HAND if student == "bob" else RENAMED
        assert answer.codes[0] == own
        shared = "".join(own[start:end] for start, end in answer.spans[0])
        assert "exp(" in shared
    assert gather_report(course, LAB, "ada").alike == ()


def test_a_submission_that_was_not_graded_says_why(course: Path) -> None:
    text = Page(render_report(gather_report(course, LAB, "dan"))).text
    assert "Not graded (wrong lab). This is lab 06." in text
    assert "could not be read" in text


def test_json_holds_the_whole_report(course: Path) -> None:
    data = json.loads(
        write_report(course, LAB, "ada", course / "ada.json", as_json=True).read_text()
    )
    assert (data["schema"], data["student"], data["lab"]) == (1, "ada", LAB)
    assert [one["finding"]["weight"] for one in data["findings"]] == ["withhold", "look", "note"]
    assert data["exercises"][1]["facts"][0] == {
        "label": "Tried",
        "text": "length 3",
        "drawn": False,
    }
    assert data["policy"] == {"note": "ignore", "look": "flag", "withhold": "hold"}


def test_what_comes_from_students_is_text_wherever_it_stands(course: Path) -> None:
    found = Finding("works", EVIL, EVIL, Weight.LOOK, 1, EVIL)
    verdict = replace(
        wrong(MASK, EVIL, EVIL),
        facts=((EVIL, EVIL), ("Got", EVIL)),
        notes=(EVIL,),
        held=EVIL,
        place=EVIL,
    )
    odd = EVIL.replace("/", "|")
    attacked = run(odd, verdict, reason=EVIL, violations=(Violation(EVIL, EVIL, EVIL),))
    save_run(course, replace(attacked, findings=(found, replace(LOOK, where="cell 9", code=EVIL))))
    markup = render_report(gather_report(course, LAB, odd), {"bob": "bob.html"}, "../x.html")
    page = Page(markup)
    assert (page.unbalanced, page.open) == ([], [])
    assert not page.elements & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)<") >= 8
    assert {v for _, n, v in page.attributes if n == "href" and (v or "")[0] != "#"} == {
        "bob.html",
        "../x.html",
    }
    policy = [v for e, n, v in page.attributes if e == "meta" and n == "content" and "default" in v]
    assert policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_the_page_says_what_a_teacher_asks(course: Path) -> None:
    text = Page(render_report(gather_report(course, LAB, "ada"))).text
    for expected in (
        "look line 3: It reaches by gc.get_objects.",
        "the answer to causal_mask",
        "Told by: it behaves as a misconception that the lab knows (ahead).",
        "On the inputs that this grading drew",
        "nbgrader's gradebook has nothing of this submission",
        "timeout (attention.causal_mask): Slow.",
        "run 1.2",
    ):
        assert expected in text
    assert not re.search(r"cheat|plagiar|copied|copying", text, re.IGNORECASE)


def test_what_differs_is_marked_as_in_the_verdict(course: Path) -> None:
    assert "<mark>1&lt;</mark>" in render_report(gather_report(course, LAB, "ada"))


def test_every_link_leads_to_a_place_on_the_page(course: Path) -> None:
    page = Page(render_report(gather_report(course, LAB, "ada")))
    places = {f"#{value}" for _, name, value in page.attributes if name == "id"}
    assert {value for _, name, value in page.attributes if name == "href"} <= places


def test_findings_of_one_cell_stand_together_and_mark_their_lines(course: Path) -> None:
    second = replace(LOOK, sentence="It imports `gc`.", line=1, code="import gc")
    save_run(course, replace(run("ada", right(EMBED), wrong(MASK)), findings=(LOOK, second)))
    (group,) = groups_of(gather_report(course, LAB, "ada"))
    assert [number for number, _, marked in group.lines if marked] == [1, 3]
    assert len(group.findings) == 2


def test_a_long_cell_is_shown_around_what_was_found() -> None:
    code = "\n".join(f"x{n} = {n}" for n in range(1, 3 * WHOLE))
    lines = numbered(code, {WHOLE})
    assert [number for number, _, _ in lines] == [0, *range(WHOLE - AROUND, WHOLE + AROUND + 1), 0]
    assert [text for _, text, marked in lines if marked] == [f"x{WHOLE} = {WHOLE}"]
    assert len(numbered("\n" * 10_000)) < 500


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 seconds"), (59, "59 seconds"), (3_661, "1 hour 1 minute"), (172_800, "2 days")],
)
def test_lateness_is_said_in_two_units(seconds: int, said: str) -> None:
    assert duration(seconds) == said


def test_the_insights_lead_to_the_report_of_each_student_and_back(course: Path) -> None:
    page, *_, folder = write_insights(course, LAB)
    assert folder == course / "insights" / LAB
    found = Page(page.read_text("utf-8"))
    links = {v or "" for _, n, v in found.attributes if n == "href" and (v or "")[0] != "#"}
    assert len(links) == 4
    for link in links:
        report = page.parent / unquote(link)
        assert report.is_file()
        behind = Page(report.read_text("utf-8"))
        out = {v or "" for _, n, v in behind.attributes if n == "href" and (v or "")[0] != "#"}
        assert f"../{page.name}" in out
        assert all((report.parent / unquote(one)).is_file() for one in out)


def test_a_page_without_an_ending_has_its_reports_beside_it(course: Path) -> None:
    *_, folder = write_insights(course, LAB, course / "page")
    assert folder == course / "page-reports"
    assert (folder / "ada.html").is_file()


def test_names_of_all_kinds_have_a_file(course: Path) -> None:
    for name in ("a/b", "Doe, Jane", "..", "x" * 300, "q?#%", "\udcff"):
        save_run(course, run(name, right(EMBED)))
        path = write_report(course, LAB, name)
        assert path.parent == course / "insights" / LAB
        assert path.is_file()


def test_who_is_not_there_or_not_graded_is_told_what_to_do(course: Path) -> None:
    with pytest.raises(NothingGraded, match="'late' for 05_attention has not been graded yet; run"):
        gather_report(course, LAB, "late")
    with pytest.raises(NothingGraded, match=r"'add' handed in nothing for .*; did you mean 'ada'"):
        gather_report(course, LAB, "add")
    with pytest.raises(NothingGraded, match="4 others did"):
        gather_report(course, LAB, "zzzz")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_report(course, LAB, "ada", course / "nbgrader_config.py" / "page.html")


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["autograder", "report", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_the_command_writes_the_page_or_prints_json(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(course)
    assert command(monkeypatch, "attention", "ada") == 0
    assert capsys.readouterr().out == f"Wrote insights/{LAB}/ada.html.\n"
    assert command(monkeypatch, "attention", "ada", "--json") == 0
    assert json.loads(capsys.readouterr().out)["student"] == "ada"
    assert command(monkeypatch, LAB, "ada", "--json", "--output", "ada.json") == 0
    assert json.loads(Path("ada.json").read_text())["lab"] == LAB


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["attnetion", "ada"], "did you mean `attention`"),
        (["attention", "adda"], "did you mean 'ada'?"),
        (["attention", "late"], "run `autograder grade 05_attention` first"),
        (["00_welcome", "ada"], "run `autograder grade 00_welcome` first"),
        (["attention", "ada", "--course", "nowhere"], "nowhere is no course folder"),
    ],
)
def test_the_command_says_an_error_in_one_sentence(
    arguments: list[str],
    message: str,
    course: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(course)
    assert command(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="There is no Chromium here; install `chromium`.")
@pytest.mark.parametrize("width", [400, 900])
def test_a_browser_opens_the_page_without_a_request_or_a_complaint(
    course: Path, width: int
) -> None:
    from playwright.sync_api import sync_playwright

    long = replace(
        LOOK, where="cell 9", code="x" * 160, sentence="It reaches by `" + "y" * 90 + "`."
    )
    mask = replace(wrong(MASK, EVIL, EVIL), facts=(("Got", "z" * 200),), notes=("w" * 200,))
    save_run(course, replace(run("bob", right(EMBED), mask, violations=()), findings=(LOOK, long)))
    file = write_report(course, LAB, "bob")
    requests, said = [], []
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(file.as_uri())
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        color = "getComputedStyle(document.body).backgroundColor"
        page.emulate_media(color_scheme="light")
        light = page.evaluate(color)
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(color) != light
    assert requests == [file.as_uri()]
    assert said == []


def test_runs_of_students_whose_names_no_text_holds_are_kept(tmp_path: Path) -> None:
    from autograder.grading import load_runs

    odd: Run = run("\udcff", right(EMBED))
    save_run(tmp_path, odd)
    assert load_runs(tmp_path, LAB) == [odd]
