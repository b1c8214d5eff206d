"""`check`, `hint` and `progress`, as a learner calls them inside a notebook and outside one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autograder import CheckFailed
from autograder.errors import AutograderError
from autograder.exercise import register
from autograder.notebook.attempts import Standing, standings
from autograder.notebook.progress_page import progress_html, progress_text

START = "from autograder import check, hint, progress\n"
AVERAGE = "def average(numbers):\n    return sum(numbers) / len(numbers)\n"
SUM = "def average(numbers):\n    return sum(numbers)\n"


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "progress.jsonl"
    monkeypatch.setenv("LLMLAB_PROGRESS", str(path))
    return path


@dataclass
class Ran:
    """What one cell showed: HTML, its plain twin, and what was printed."""

    html: str
    text: str
    printed: str


@dataclass
class Notebook:
    shell: Any
    html: list[str] = field(default_factory=list)

    def run(self, source: str) -> Ran:
        from IPython.utils.capture import capture_output

        with capture_output() as captured:
            self.shell.run_cell(START + source)
        shown = [output.data for output in captured.outputs]
        assert all(set(data) == {"text/html", "text/plain"} for data in shown)
        return Ran(
            "".join(data["text/html"] for data in shown),
            "".join(data["text/plain"] for data in shown),
            captured.stdout + captured.stderr,
        )


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    # IPython puts a module of its own into the place of pytest's.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    yield Notebook(InteractiveShell.instance(config=config, colors="nocolor"))
    InteractiveShell.clear_instance()


def run_module(source: str) -> None:
    exec(compile(START + source, "answers.py", "exec"), {"__name__": "answers"})


# Inside a notebook


def test_a_right_answer_is_shown_as_a_card_with_a_plain_twin(notebook: Notebook) -> None:
    ran = notebook.run(AVERAGE + 'check("welcome.average")')
    assert 'data-status="passed"' in ran.html
    assert ran.text == "✓ welcome.average: 1 of 1 points\n`average` is right."
    assert ran.printed == ""
    assert standings()["welcome.average"] == Standing(1, True)


def test_a_wrong_answer_fails_the_cell_without_a_traceback(notebook: Notebook) -> None:
    ran = notebook.run(SUM + 'check("welcome.average")')
    assert "does not share the sum out" in ran.html
    assert 'For a hint, run hint("welcome.average").' in ran.text
    assert ran.printed == "CheckFailed: welcome.average is not right yet.\n"
    assert max(map(len, ran.printed.splitlines())) <= 76
    for foreign in ("Traceback", "notebook.py", "autograder/"):
        assert foreign not in ran.printed
    assert standings()["welcome.average"] == Standing(1, False, 0, "only_the_sum")


def test_the_answer_is_looked_up_again_at_each_check(notebook: Notebook) -> None:
    notebook.run(SUM + 'check("welcome.average")')
    assert "is right" in notebook.run(AVERAGE + 'check("welcome.average")').text
    assert standings()["welcome.average"] == Standing(2, True)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('check("welcome.avrage")', "There is no exercise 'welcome.avrage'. Did you mean"),
        ('hint("welcome.avrage")', "There is no exercise 'welcome.avrage'. Did you mean"),
        ("check(average)", 'quotation marks: check("attention.causal_mask").'),
        ("hint(average)", 'quotation marks: hint("attention.causal_mask").'),
        ("hint(None)", 'quotation marks: hint("attention.causal_mask").'),
        ('check("")', "There is no exercise ''. There are:"),
    ],
)
def test_a_wrong_name_gets_one_sentence_and_no_traceback(
    notebook: Notebook, call: str, said: str
) -> None:
    ran = notebook.run(AVERAGE + call)
    assert said in " ".join(ran.printed.split())
    assert "Traceback" not in ran.printed
    assert ran.html == ""
    assert standings() == {}


def test_check_without_a_name_checks_the_lab_so_far(notebook: Notebook) -> None:
    ran = notebook.run(SUM + "equal_share = 0.25\ncheck()")
    assert "✗ welcome.average" in ran.text
    assert "✓ welcome.equal_share" in ran.text
    # What is still ahead is no failure.
    assert "welcome.model_output" not in ran.text
    assert ran.printed.startswith("CheckFailed: welcome.average")
    assert set(standings()) == {"welcome.average", "welcome.equal_share"}


def test_a_right_letter_or_number_counts_as_an_answer_although_ours_is_the_same_object(
    notebook: Notebook,
) -> None:
    letter = register.find("welcome.model_output").reference
    notebook.shell.user_ns["model_output"] = letter
    ran = notebook.run("check()")
    assert ran.text == "✓ welcome.model_output: 1 of 1 points\n`model_output` is right."


def test_a_function_of_the_library_is_no_answer_so_far(notebook: Notebook) -> None:
    ran = notebook.run("from llmlab.model import causal_mask, embed\ncheck()")
    assert "No answer is defined in this notebook yet" in ran.printed
    ran = notebook.run(f"{AVERAGE}check()")
    assert ran.text.startswith("✓ welcome.average")


def test_stubs_are_no_failure_when_one_asks_how_things_stand(notebook: Notebook) -> None:
    ran = notebook.run("def average(numbers):\n    raise NotImplementedError()\ncheck()")
    assert ran.text == "Nothing to check yet."
    assert ran.printed == ""
    assert standings() == {}


def test_hints_rise_and_the_last_one_stays(notebook: Notebook) -> None:
    hints = register.find("welcome.average").hints
    shown = [notebook.run('hint("welcome.average")').text for _ in range(len(hints) + 1)]
    flat = [" ".join(one.split()) for one in shown]
    for number, hint in enumerate(hints, start=1):
        assert f"Hint {number} of {len(hints)}. {hint}" in flat[number - 1]
    assert flat[-1] == flat[-2]
    assert "Run the cell again for the next one." in flat[0]
    assert "Run the cell again" not in flat[-1]
    assert standings()["welcome.average"].hints == len(hints) + 1


def test_an_exercise_without_hints_says_so(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register.find("welcome.average"), "hints", ())
    assert notebook.run('hint("welcome.average")').text == "There are no hints here."
    assert "hint(" not in notebook.run(SUM + 'check("welcome.average")').text


def test_progress_shows_what_is_solved(notebook: Notebook) -> None:
    notebook.run(AVERAGE + 'check("welcome.average")')
    ran = notebook.run("progress()")
    assert 'data-exercise="welcome.average" data-passed="true"' in ran.html
    assert 'data-exercise="welcome.equal_share" data-passed="false"' in ran.html
    assert "00 Welcome: 1 of 3 points" in ran.text
    assert "✓ average (1 attempt)" in ran.text
    assert "○ equal_share (not tried yet)" in ran.text


def test_labs_that_are_not_begun_are_folded(notebook: Notebook) -> None:
    notebook.run(AVERAGE + 'check("welcome.average")')
    ran = notebook.run("progress()")
    assert re.findall(r"<details[^>]*open>.*?(\d\d) ", ran.html) == ["00"]
    assert ran.html.count("<details") == len(register.labs())
    assert re.search(r"01 Foundations: 0 of \d+ points, not begun\n02 Learning", ran.text)


# Where nothing can be saved


@pytest.fixture
def unsaved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A folder stands where the file should.
    monkeypatch.setenv("LLMLAB_PROGRESS", str(tmp_path))


@pytest.mark.usefixtures("unsaved")
def test_progress_that_cannot_be_saved_costs_one_sentence_and_no_verdict(
    notebook: Notebook,
) -> None:
    ran = notebook.run(AVERAGE + 'check("welcome.average")')
    assert "is right" in ran.text
    for shown in (ran.text, ran.html):
        assert shown.count("Your progress could not be saved") == 1
    assert ran.printed == ""
    ran = notebook.run(SUM + "equal_share = 1.0\ncheck()")
    assert ran.html.count("Your progress could not be saved") == 1
    assert ran.printed.startswith("CheckFailed: welcome.average")


@pytest.mark.usefixtures("unsaved")
def test_where_nothing_can_be_saved_the_first_hint_is_shown(notebook: Notebook) -> None:
    for _ in range(2):
        assert notebook.run('hint("welcome.average")').text.startswith("Hint 1 of 3.")


# Outside a notebook


def test_a_module_checks_its_own_names_in_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    run_module(AVERAGE + 'check("welcome.average")')
    assert capsys.readouterr().out == "✓ welcome.average: 1 of 1 points\n`average` is right.\n"
    with pytest.raises(CheckFailed, match=r"welcome\.average is not right yet\.") as error:
        run_module(SUM + "check()")
    assert error.value.__suppress_context__
    assert "✗ welcome.average" in capsys.readouterr().out


def test_a_module_is_told_of_a_wrong_name_by_an_error_of_ours() -> None:
    for call in ('check("welcome.avrage")', 'hint("welcome.avrage")', "check()"):
        with pytest.raises(AutograderError) as error:
            run_module(call)
        assert len(str(error.value).splitlines()) == 1


def test_a_module_sees_hints_and_progress_in_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    run_module('hint("welcome.average")\nprogress()')
    out = capsys.readouterr().out
    assert out.startswith("Hint 1 of 3. Python has a function")
    assert "00 Welcome: 0 of 3 points" in out


# The page of progress


def test_the_page_of_progress_adds_points_and_counts_attempts() -> None:
    now = {
        "welcome.average": Standing(2, True),
        "welcome.equal_share": Standing(1, False),
        "gone.exercise": Standing(5, True),
    }
    text, html = progress_text(now), progress_html(now)
    assert "00 Welcome: 1 of 3 points" in text
    assert "✓ average (2 attempts)" in text
    assert "○ equal_share (1 attempt)" in text
    assert '<progress value="1" max="3"' in html
    assert "gone" not in text + html


# What grading will read


def run_stored(notebook: Notebook, source: str) -> str:
    """Run a cell as a kernel does, which keeps its text, and return what is printed."""
    from IPython.utils.capture import capture_output

    with capture_output() as captured:
        notebook.shell.run_cell(START + source, store_history=True)
    return str(captured.stdout + captured.stderr)


def test_validate_says_that_points_will_be_held_before_the_teacher_does(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    run_stored(notebook, "import autograder\nautograder.kept = 1")
    said = " ".join(run_stored(notebook, AVERAGE + 'check("welcome.average")').split())
    assert "Your teacher will read of cell 1, line 3: It writes to the checker" in said


def test_outside_of_validate_a_check_reads_nothing(notebook: Notebook) -> None:
    run_stored(notebook, "import autograder\nautograder.kept = 1")
    assert run_stored(notebook, AVERAGE + 'check("welcome.average")') == ""


def test_what_is_only_to_be_looked_at_fails_no_right_answer_in_validate(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    run_stored(notebook, "import gc\ngc.get_objects()")
    assert run_stored(notebook, AVERAGE + 'check("welcome.average")') == ""
