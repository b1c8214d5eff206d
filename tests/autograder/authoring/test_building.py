"""From the one source of a lab to the notebooks that instructors and students open."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.authoring.building import build, lab_sources
from autograder.authoring.source import release_notebook, source_notebook
from autograder.errors import AuthoringError, AutograderError, StaleLabs, UnknownLab
from autograder.exercise import register
from autograder.exercise.cells import exercise_of, grade_id
from tests.labs import LABS, ROOT, SOLUTIONS, source_of

LAB = register.load("welcome")
SOURCE = (SOLUTIONS / LAB.folder / "welcome.py").read_text("utf-8")
every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a source of the lab on welcome into a folder of sources; returns its path."""

    def write_source(text: str) -> Path:
        path = tmp_path / "solutions" / LAB.folder / "welcome.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    return write_source


def marks(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Give nbgrader's metadata of each marked cell by its grade id."""
    found = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {one.grade_id: one for one in found}


def cell_of(notebook: NotebookNode, name: str) -> NotebookNode:
    (cell,) = [
        one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == name
    ]
    return cell


# The two notebooks


@every_lab
def test_points_come_from_the_exercise(lab: exercises.Lab) -> None:
    found = marks(source_of(lab))
    for exercise in lab:
        assert found[grade_id(exercise.id)].points == exercise.points
        assert "points" not in found[grade_id(exercise.id) + "-answer"]
    source = (SOLUTIONS / lab.folder / f"{lab.topic}.py").read_text("utf-8")
    for line in re.findall(r"^# %% (?:exercise|check)=.*", source, flags=re.M):
        assert "points" not in line


def test_an_id_is_written_as_nbgrader_allows() -> None:
    assert grade_id("attention.causal_mask") == "attention-causal_mask"
    assert set(marks(source_of(LAB))) == {
        "welcome-average",
        "welcome-average-answer",
        "welcome-equal_share",
        "welcome-equal_share-answer",
        "welcome-model_output",
        "welcome-model_output-answer",
        "welcome-expectations",
    }


def test_marks_say_what_nbgrader_grades_and_locks() -> None:
    found = marks(source_of(LAB))
    kinds = {
        name: (one.grade, one.solution, one.locked)
        for name, one in found.items()
        if name in ("welcome-average", "welcome-average-answer", "welcome-expectations")
    }
    assert kinds == {
        "welcome-average": (True, False, True),
        "welcome-average-answer": (False, True, False),
        "welcome-expectations": (True, True, False),
    }
    assert found["welcome-expectations"].points == 1


@every_lab
def test_both_notebooks_are_valid(lab: exercises.Lab) -> None:
    source = source_of(lab)
    for notebook in (source, release_notebook(source)):
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.metadata.autograder.lab) == (4, lab.folder)
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@every_lab
def test_a_release_locks_checks_and_clears_answers(lab: exercises.Lab) -> None:
    source = source_of(lab)
    before = nbformat.writes(source)
    release = release_notebook(source)
    for exercise in lab:
        check = cell_of(release, grade_id(exercise.id))
        assert check.source == f'check("{exercise.id}")'
        assert (check.metadata.editable, check.metadata.deletable) == (False, False)
        assert re.fullmatch("[0-9a-f]{32}", check.metadata.nbgrader.checksum)
        answer = cell_of(release, grade_id(exercise.id) + "-answer")
        assert "raise NotImplementedError()" in answer.source
        assert answer.metadata.get("editable", True)
    assert not [cell for cell in release.cells if cell.get("outputs")]
    # The source is left as it was: an instructor's copy is made of it too.
    assert nbformat.writes(source) == before


def test_a_question_is_asked_and_its_answer_is_not_given() -> None:
    cell = cell_of(
        release_notebook(source_of(LAB)),
        "welcome-expectations",
    )
    assert cell.cell_type == "markdown"
    assert "What do you want to understand" in cell.source
    assert "YOUR ANSWER HERE" in cell.source
    assert "gets the point" not in cell.source


def test_the_exercise_of_a_check_cell_is_found_and_of_no_other() -> None:
    notebook = source_of(LAB)
    found = [one.id for cell in notebook.cells if (one := exercise_of(cell))]
    assert found == list(LAB.exercises)


@pytest.mark.parametrize(
    "mark",
    [
        "text",
        {},
        {"grade": True},
        {"grade": True, "grade_id": 3},
        {"grade": True, "grade_id": "welcome-nothing"},
        {"grade": True, "grade_id": "nothing-average"},
        {"grade": False, "grade_id": "welcome-average"},
        {"grade": True, "solution": True, "grade_id": "welcome-average"},
    ],
)
def test_a_cell_with_other_marks_checks_nothing(mark: object) -> None:
    cell = nbformat.v4.new_code_cell("1", metadata={"nbgrader": mark})
    assert exercise_of(cell) is None
    good = {"grade": True, "grade_id": "welcome-average"}
    assert exercise_of(nbformat.v4.new_markdown_cell("1", metadata={"nbgrader": good})) is None


# The rules of the format


ANSWER = """# %% exercise="welcome.average"
def average(numbers):
    ### BEGIN SOLUTION
    return sum(numbers) / len(numbers)
    ### END SOLUTION
"""
CHECK = '# %% check="welcome.average"\ncheck("welcome.average")\n'
QUESTION = '# %% [markdown] question="welcome.more" points=2\n# Why?\n# ### BEGIN SOLUTION\n# So.\n# ### END SOLUTION\n'
BROKEN = {
    "two answers": (ANSWER, "exercise `welcome.average` has the name of an earlier cell"),
    "two checks": (CHECK, "check `welcome.average` has the name of an earlier cell"),
    "two questions": (QUESTION + QUESTION, "question `welcome.more` has the name of an earlier"),
    "a question named as a check": (
        QUESTION.replace("welcome.more", "welcome.average"),
        "question `welcome.average` has the name of an earlier cell",
    ),
    "another topic": (
        CHECK.replace("welcome.average", "attention.embed"),
        "`attention.embed` is no id of this lab; begin it `welcome.`.",
    ),
    "an unknown exercise": (
        ANSWER.replace("welcome.average", "welcome.mean"),
        "there is no exercise `welcome.mean`; declare it in the lab.",
    ),
    "no points": (
        QUESTION.replace(" points=2", ""),
        "a question is a markdown cell with points, as points=2.",
    ),
    "points below zero": (QUESTION.replace("points=2", "points=-1"), "with points, as points=2."),
    "points in words": (QUESTION.replace("points=2", 'points="two"'), "with points, as points=2."),
    "a question in code": (QUESTION.replace("[markdown] ", ""), "a question is a markdown cell"),
    "a question with a space": (
        QUESTION.replace("welcome.more", "welcome.why so"),
        "`welcome.why so` is no id; write letters, digits and _ after `welcome.`.",
    ),
    "a long name": (
        QUESTION.replace("welcome.more", "welcome." + "x" * 60),
        "is longer than 64 characters; choose a shorter id.",
    ),
    "an answer without a mark": (
        ANSWER.replace(' exercise="welcome.average"', ""),
        "an answer stands in a cell without a mark; mark it exercise= or question=.",
    ),
}


@pytest.mark.parametrize(("added", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_names_the_cell(added: str, said: str, write: Callable[[str], Path]) -> None:
    with pytest.raises(AuthoringError) as error:
        source_notebook(write(f"{SOURCE}\n{added}"))
    assert said in str(error.value)
    assert re.match(r"welcome\.py, cell \d+: ", str(error.value))


CHANGED = {
    "no cell of an answer": (
        '# %% exercise="welcome.average"',
        '# %% tag="x"',
        "an answer stands in a cell without a mark",
    ),
    "no cell of a check": (
        '# %% check="welcome.average"',
        "# %%",
        "welcome.py has no cell marked check='welcome.average'; add it.",
    ),
    "a check with more in it": (
        'check("welcome.average")\n\n# %% [markdown]',
        'check("welcome.average"); print(1)\n\n# %% [markdown]',
        'the cell must hold `check("welcome.average")` and no more.',
    ),
    "a check in markdown": (
        '# %% check="welcome.average"\ncheck("welcome.average")',
        '# %% [markdown] check="welcome.average"\n# check("welcome.average")',
        "a cell marked check= is a code cell; remove [markdown].",
    ),
    "no marks around the answer": (
        "    ### BEGIN SOLUTION\n    return sum(numbers) / len(numbers)\n    ### END SOLUTION",
        "    return sum(numbers) / len(numbers)",
        "no answer stands between ### BEGIN SOLUTION and ### END SOLUTION.",
    ),
    "no end of the answer": (
        "    return sum(numbers) / len(numbers)\n    ### END SOLUTION",
        "    return sum(numbers) / len(numbers)",
        "no answer stands between ### BEGIN SOLUTION and ### END SOLUTION.",
    ),
    "an answer that begins twice": (
        "    ### BEGIN SOLUTION\n    return sum",
        "    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    return sum",
        "no answer stands between ### BEGIN SOLUTION and ### END SOLUTION.",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), CHANGED.values(), ids=CHANGED.keys())
def test_a_changed_cell_breaks_a_rule(
    old: str, new: str, said: str, write: Callable[[str], Path]
) -> None:
    assert SOURCE.count(old) == 1
    with pytest.raises(AuthoringError) as error:
        source_notebook(write(SOURCE.replace(old, new)))
    assert said in str(error.value)


def test_an_empty_check_cell_is_filled_in(write: Callable[[str], Path]) -> None:
    text = SOURCE.replace('\ncheck("welcome.average")\n', "\n")
    assert text != SOURCE
    cell = cell_of(source_notebook(write(text)), "welcome-average")
    assert cell.source == 'check("welcome.average")'


def test_a_source_that_cannot_be_read_is_told(write: Callable[[str], Path]) -> None:
    path = write("")
    path.write_bytes(b"# %%\n\xff\xfe")
    with pytest.raises(AuthoringError, match=r"welcome.py cannot be read \(it is not UTF-8 text\)"):
        source_notebook(path)
    path.unlink()
    with pytest.raises(AuthoringError, match=r"cannot be read \(No such file or directory\)"):
        source_notebook(path)


def test_a_source_of_no_lab_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownLab, match="There is no lab `42_answers`"):
        source_notebook(tmp_path / "42_answers" / "answers.py")


# Building


def test_sources_are_found_in_the_order_of_the_course(tmp_path: Path) -> None:
    for name in ("10_late/late.py", "02_early/early.py", "notes/notes.py", "03_empty/other.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    assert [path.name for path in lab_sources(tmp_path)] == ["early.py", "late.py"]


def test_a_folder_without_sources_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(AutograderError, match="holds no labs"):
            build(folder, tmp_path / "labs")
    assert list(tmp_path.iterdir()) == []


def test_a_build_writes_what_differs_and_nothing_else(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    solutions, labs = write(SOURCE).parent.parent, tmp_path / "labs"
    target = labs / LAB.folder / "welcome.ipynb"
    assert build(solutions, labs) == [target]
    assert target.read_bytes() == (ROOT / "labs" / LAB.folder / "welcome.ipynb").read_bytes()
    before = target.stat().st_mtime_ns
    assert build(solutions, labs) == []
    assert target.stat().st_mtime_ns == before
    assert [path.name for path in labs.rglob("*") if path.is_file()] == ["welcome.ipynb"]


def test_a_check_of_the_build_writes_nothing_and_names_what_is_stale(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    solutions, labs = write(SOURCE).parent.parent, tmp_path / "labs"
    with pytest.raises(StaleLabs, match=r"labs/00_welcome/welcome.ipynb: not what the source"):
        build(solutions, labs, check=True)
    assert not labs.exists()
    (target,) = build(solutions, labs)
    assert build(solutions, labs, check=True) == []
    target.write_bytes(target.read_bytes().replace(b"Welcome", b"Farewell"))
    changed = target.read_bytes()
    with pytest.raises(StaleLabs, match="run `autograder build` and commit"):
        build(solutions, labs, check=True)
    assert target.read_bytes() == changed


def test_a_check_of_the_build_names_a_release_that_no_source_gives(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    solutions, labs = write(SOURCE).parent.parent, tmp_path / "labs"
    (target,) = build(solutions, labs)
    stray = target.with_name("farewell.ipynb")
    stray.write_bytes(target.read_bytes())
    with pytest.raises(StaleLabs, match=r"labs/00_welcome/farewell.ipynb: no source"):
        build(solutions, labs, check=True)
    assert stray.exists()


def test_a_broken_source_leaves_the_release_as_it_was(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    labs = tmp_path / "labs"
    (target,) = build(write(SOURCE).parent.parent, labs)
    before = target.read_bytes()
    with pytest.raises(AuthoringError):
        build(write(SOURCE + CHECK).parent.parent, labs)
    assert target.read_bytes() == before
