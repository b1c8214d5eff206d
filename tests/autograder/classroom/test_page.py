"""The page that the instructor reads: complete, safe to open, and with its tables beside it."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograder import cli
from autograder.classroom.insights import Insights, summarize
from autograder.classroom.page import MOST_HELD, MOST_PAIRS, render, write_insights
from autograder.classroom.similarity import AlikeAnswers, Pair
from autograder.grading import Run, Violation, save_run
from autograder.reading import Finding, Weight
from llmlab.errors import WorkspaceError
from tests.autograder.classroom.runs import EMBED, LAB, MASK, right, run, unwritten, wrong
from tests.browser.jupyterlab import CHROMIUM, launch

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
CLASS = {
    "ada": (run("ada", right(EMBED), right(MASK)),),
    "bob": (run("bob", right(EMBED), wrong(MASK, "Your mask looks ahead.", "ahead")),),
    "cleo": (run("cleo", wrong(EMBED, "It raises."), unwritten(MASK)),),
    "dan": (run("dan", outcome="wrong lab", reason="This is lab 06."),),
}


class Page(HTMLParser):
    """Collects the elements, attributes and text of a page, and notes what is closed out of turn."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.elements: set[str] = set()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.texts.append(" " if tag == "td" else "")
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))


def of(history: dict[str, tuple[Run, ...]]) -> Insights:
    return summarize(LAB, "Attention", history)


def copied(first: str = "ada", second: str = "bob", code: str = "x = 1\ny = x\n") -> Pair:
    spans = (((6, 11),), ((6, 11),))
    return Pair((first, second), (AlikeAnswers(EMBED, (code, code), spans, (0.92, 0.81), 90),))


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    page = Page(render(of(CLASS), [copied()]))
    assert (page.unbalanced, page.open) == ([], [])
    assert not page.elements & {"script", "img", "link", "iframe", "object", "form", "base"}
    for element, name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert (element, (value or "")[:1]) == ("a", "#")
    policy = [v for e, n, v in page.attributes if e == "meta" and n == "content" and "default" in v]
    assert policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_every_link_leads_to_a_place_on_the_page() -> None:
    page = Page(render(of(CLASS), [copied()]))
    places = {f"#{value}" for _, name, value in page.attributes if name == "id"}
    assert {value for _, name, value in page.attributes if name == "href"} <= places


def attacked() -> str:
    """A page on which every text that a student can choose is an attack."""
    history = {
        EVIL: (
            run(
                EVIL,
                right(EMBED),
                wrong(MASK, EVIL, EVIL),
                violations=(Violation(EVIL, EVIL, EVIL),),
            ),
        ),
        "bob": (run("bob", wrong(EMBED, EVIL), right(MASK)),),
        EVIL * 2: (run(EVIL * 2, outcome="unreadable", reason=EVIL),),
    }
    return render(of(history), [copied(EVIL, "bob", f"x = 1\n{EVIL}")], [EVIL])


def test_what_comes_from_students_is_text_wherever_it_stands() -> None:
    page = Page(attacked())
    assert not page.elements & {"script", "img"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") >= 9
    assert (page.unbalanced, page.open) == ([], [])


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="There is no Chromium here; install `chromium`.")
def test_a_browser_opens_the_page_without_a_request_a_script_or_a_complaint(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    file = tmp_path / "page.html"
    file.write_text(attacked(), "utf-8")
    requests, said = [], []
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(viewport={"width": 400, "height": 800})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(file.as_uri())
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 400
        color = "getComputedStyle(document.body).backgroundColor"
        page.emulate_media(color_scheme="light")
        light = page.evaluate(color)
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(color) != light
        # On paper the folded lists of names are open.
        who = page.locator("details bdi").first
        assert not who.is_visible()
        page.emulate_media(media="print")
        assert who.is_visible()
    assert requests == [file.as_uri()]
    assert said == []


def test_plots_have_a_title_that_states_the_finding_a_description_and_axes() -> None:
    markup = render(of(CLASS), [])
    plots = [
        ElementTree.fromstring(svg)
        for svg in re.findall(r"<svg.*?</svg>", markup, re.DOTALL)
        if 'role="img"' in svg
    ]
    titles = [plot.findtext("title") for plot in plots]
    assert titles == [
        "causal_mask is the hardest: 1 of 3 have it right",
        "Who does well in one exercise does well in the others",
        "Half of the class has 1 of 3 points or more",
    ]
    for plot in plots:
        assert len(plot.findtext("desc") or "") > 20
        assert len([text for text in plot.iter("text") if "quiet" in text.get("class", "")]) >= 1
    described = plots[0].findtext("desc") or ""
    assert "embed: 2 right, 1 wrong, 0 not written." in described


def test_bars_are_as_long_as_their_shares() -> None:
    markup = render(of(CLASS), [])
    (plot,) = re.findall(r'<svg[^>]*aria-labelledby="exercises-title.*?</svg>', markup, re.DOTALL)
    rows: dict[str, list[float]] = {}
    for bar in ElementTree.fromstring(plot).iter("rect"):
        rows.setdefault(bar.get("y", ""), []).append(float(bar.get("width", "nan")))
    assert [[round(width / sum(row), 2) for width in row] for row in rows.values()] == [
        [0.67, 0.33, 0],
        [0.33, 0.33, 0.33],
    ]


def test_the_page_says_what_a_teacher_asks() -> None:
    text = Page(render(of(CLASS), [copied()])).text
    for expected in (
        "Your mask looks ahead.",
        "1 of 3 (33 %)",
        "dan wrong lab This is lab 06.",
        "These are few students",
        "embed 1 It raises.",
        "92 % is in the other",
    ):
        assert expected in text


def test_likeness_is_a_reason_to_look_and_no_verdict() -> None:
    text = Page(render(of(CLASS), [copied()])).text
    assert "look at these" in text
    assert "proves nothing" in text
    assert not re.search(r"cheat|plagiar|copied|copying", text, re.IGNORECASE)


def test_shared_passages_are_marked_side_by_side() -> None:
    markup = render(of(CLASS), [copied()])
    assert markup.count("<mark>y = x</mark>") == 2
    assert "…\n" in markup


def test_long_lists_are_shortened_and_say_by_how_much() -> None:
    exercises = [wrong(EMBED, f"Sentence {i}.", f"name{i}") for i in range(MOST_HELD + 2)]
    history = {f"s{i:02}": (run(f"s{i:02}", one),) for i, one in enumerate(exercises)}
    pairs = [copied("ada", f"s{i:02}") for i in range(MOST_PAIRS + 3)]
    text = Page(render(of(history), pairs)).text
    assert "2 more, held by 1 or fewer" in text
    assert "3 more pairs share less" in text


def test_a_class_of_which_nothing_was_graded_still_has_a_page() -> None:
    text = Page(render(of({"dan": CLASS["dan"]}), [])).text
    assert "No submission was graded." in text
    assert "This is lab 06." in text


def test_a_class_that_has_everything_right_is_told_so() -> None:
    text = render(of({"ada": CLASS["ada"]}), [])
    assert "Everybody has everything right" in text
    assert "apart-title" not in text


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "nbgrader_config.py").write_text("")
    for runs in CLASS.values():
        save_run(tmp_path, runs[-1])
    save_run(tmp_path, run("=1+1", right(EMBED), wrong(MASK, "\ud800", "ahead")))
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, strict=True))


def test_the_tables_beside_the_page_hold_its_figures(course: Path, tmp_path: Path) -> None:
    page, *tables, _ = write_insights(course, LAB, tmp_path / "out" / "page.html")
    assert page == tmp_path / "out" / "page.html"
    assert "causal_mask" in page.read_text("utf-8")
    exercises, misconceptions, students, alike, findings = map(rows, tables)
    assert [(one["id"], one["right"], one["difficulty"]) for one in exercises] == [
        (EMBED, "3", "0.75"),
        (MASK, "1", "0.25"),
    ]
    assert [(one["misconception"], one["students"]) for one in misconceptions] == [("ahead", "2")]
    assert [one["student"] for one in students[:2]] == ["'=1+1", "'=1+1"]
    (dan,) = [one for one in students if one["student"] == "dan"]
    assert (dan["outcome"], dan["sentence"]) == ("wrong lab", "This is lab 06.")
    assert alike == []
    assert findings == []


def test_what_a_reading_found_stands_on_the_page_and_in_a_table_with_its_code(
    course: Path, tmp_path: Path
) -> None:
    code = "gc.get_objects()  # <script>"
    sentence = "It reaches by `gc.get_objects` <b>."
    found = Finding("works", "cell 2", sentence, Weight.LOOK, 3, code)
    note = Finding("magic", "cell 1", "`%tiem` is not known here.", Weight.NOTE)
    save_run(course, replace(run("eve", right(EMBED)), findings=(note, found)))
    page, *tables, _ = write_insights(course, LAB, tmp_path / "page.html")
    text = page.read_text("utf-8")
    assert "gc.get_objects()  # &lt;script&gt;" in text
    assert "It reaches by <code>gc.get_objects</code> &lt;b&gt;." in text
    assert "tiem" not in text
    assert "Points wait for you" not in text
    held = replace(right(EMBED), points=0, held="cell 2, line 3: It writes to the checker.")
    save_run(course, replace(run("eve", held), findings=(found,)))
    assert "Points wait for you" in write_insights(course, LAB, page)[0].read_text("utf-8")
    (row,) = rows(tables[-1])
    assert (row["student"], row["weight"], row["where"], row["line"]) == (
        "eve",
        "look",
        "cell 2",
        "3",
    )


def test_the_page_lies_in_the_course_unless_it_is_told_otherwise(course: Path) -> None:
    written = write_insights(course, "attention")
    assert written[0] == course / "insights" / "05_attention.html"
    assert {path.parent for path in written} == {course / "insights"}


def test_a_place_that_cannot_be_written_is_said(course: Path) -> None:
    (course / "file").write_text("")
    with pytest.raises(WorkspaceError, match=r"page\.html could not be written"):
        write_insights(course, LAB, course / "file" / "page.html")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["attnetion"], "did you mean `attention`"),
        (["00_welcome"], "run `autograder grade 00_welcome` first"),
        (["attention", "--course", "nowhere"], "nowhere is no course folder"),
        (["attention", "--output", "nbgrader_config.py/page.html"], "could not be written"),
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
    monkeypatch.setattr(sys, "argv", ["autograder", "insights", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_the_command_names_what_it_wrote(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["autograder", "insights", LAB, "--course", str(course)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert f"Wrote {course / 'insights' / '05_attention.html'}." in capsys.readouterr().out
