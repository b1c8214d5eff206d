"""How a verdict looks: the card in HTML, and the same in plain text."""

from __future__ import annotations

import html.parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.judging.feedback import WIDTH, as_html, as_text, points_text
from autograder.judging.judge import Verdict

NASTY = "<script>alert(\"&\")</script><img src=x onerror='steal()'>"
text = st.text(max_size=120) | st.sampled_from([NASTY, "x" * 400, "a\nb\tc\r\nd", "\x1b[31m", ""])
pairs = st.lists(st.tuples(text, text), max_size=3).map(tuple)
verdicts = st.builds(
    Verdict,
    exercise=text,
    status=st.sampled_from(["passed", "wrong", "unwritten"]),
    points=st.sampled_from([0, 2, 2.5]),
    possible=st.just(3),
    sentence=text,
    facts=pairs,
    notes=st.lists(text, max_size=3).map(tuple),
    hints=st.integers(0, 3),
)


class Reader(html.parser.HTMLParser):
    """Collects the tags, the attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=150, derandomize=True, deadline=None)
@given(verdicts)
def test_nothing_that_a_student_wrote_becomes_a_tag_or_an_attribute(verdict: Verdict) -> None:
    page = Reader(as_html(verdict))
    assert page.tags <= {"div", "span", "table", "tr", "th", "td"}
    assert page.names <= {"class", "data-status", "data-exercise", "style", "aria-hidden"}


@settings(max_examples=150, derandomize=True, deadline=None)
@given(verdicts)
def test_the_plain_twin_is_at_most_76_columns_wide(verdict: Verdict) -> None:
    assert max(map(len, as_text(verdict).split("\n"))) <= WIDTH == 76


VERDICT = Verdict(
    exercise="demo.scaled",
    status="wrong",
    points=0,
    possible=3,
    sentence="Your code adds the factor.",
    misconception="adds",
    facts=(("Tried", "Two rows."), ("Got", NASTY)),
    notes=("It warned: careful",),
    hints=2,
)


def test_a_verdict_in_plain_text() -> None:
    assert as_text(VERDICT) == (
        "✗ demo.scaled: 0 of 3 points\n"
        "Your code adds the factor.\n"
        "  Tried: Two rows.\n"
        "  Got: <script>alert(\"&\")</script><img src=x onerror='steal()'>\n"
        "It warned: careful\n"
        'For a hint, run hint("demo.scaled").'
    )


def test_the_card_holds_all_that_the_plain_twin_says() -> None:
    page = Reader(as_html(VERDICT)).text
    for said in (
        "demo.scaled: 0 of 3 points",
        VERDICT.sentence,
        "Two rows.",
        NASTY,
        "It warned: careful",
        'For a hint, run hint("demo.scaled").',
    ):
        assert said in page


@pytest.mark.parametrize(("status", "hints"), [("passed", 2), ("wrong", 0), ("unwritten", 0)])
def test_a_hint_is_offered_where_there_is_one_and_need_of_it(status: str, hints: int) -> None:
    verdict = Verdict("demo.scaled", status, 0, 3, "Well.", hints=hints)  # type: ignore[arg-type]
    assert "hint(" not in as_text(verdict)
    assert "hint(" not in as_html(verdict)


@pytest.mark.parametrize(("status", "mark"), [("passed", "✓"), ("wrong", "✗"), ("unwritten", "○")])
def test_each_status_has_a_mark_that_needs_no_color(status: str, mark: str) -> None:
    verdict = Verdict("demo.scaled", status, 0, 3, "Well.")  # type: ignore[arg-type]
    assert as_text(verdict).startswith(mark)
    assert mark in Reader(as_html(verdict)).text
    assert f'data-status="{status}"' in as_html(verdict)


@pytest.mark.parametrize(("points", "said"), [(3, "3"), (2.5, "2.5"), (0.0, "0"), (100, "100")])
def test_points_are_written_as_people_do(points: float, said: str) -> None:
    assert points_text(points) == said
