"""Attacks that write points: into the notebook, its marks, and the files around it."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.attacks.harness import SOLUTION, Family, Repelled, Submission
from tests.labs import ROOT

FAMILY = Family()


@FAMILY.attack
def claims_points_in_metadata(one: Submission) -> None:
    """The check cells say that they are worth a thousand points."""
    for name in SOLUTION:
        one.check_cell(name).metadata["nbgrader"]["points"] = 1000


@FAMILY.attack
def claims_points_in_outputs(one: Submission) -> None:
    """The check cells bring outputs along that nbgrader would read as points."""
    for name in SOLUTION:
        cell = one.check_cell(name)
        cell.source = "1.0"
        cell.outputs = [new_output("execute_result", data={"text/plain": "1.0"}, execution_count=1)]


@FAMILY.attack
def rewrites_the_checks(one: Submission) -> None:
    """The check cells hold other code, which ends in a number."""
    for name in SOLUTION:
        one.check_cell(name).source = "3.0"


@FAMILY.attack
def deletes_a_check(one: Submission) -> None:
    """A check cell is missing."""
    one.notebook.cells.remove(one.check_cell("average"))


@FAMILY.attack
def doubles_a_check(one: Submission) -> None:
    """A check cell stands there twice, once after another definition."""
    copy = nbformat.from_dict(one.check_cell("average"))
    copy.id = "second"
    one.notebook.cells.append(copy)


@FAMILY.attack
def renames_a_check(one: Submission) -> None:
    """A check cell has the grade id of another exercise."""
    one.solve("equal_share")
    one.check_cell("average").metadata["nbgrader"]["grade_id"] = "welcome-equal_share"
    one.earned.clear()


@FAMILY.attack
def reorders_the_checks(one: Submission) -> None:
    """The checks of a right and of a wrong answer change places."""
    cells = one.notebook.cells
    left, right = cells.index(one.check_cell("average")), cells.index(one.check_cell("equal_share"))
    cells[left], cells[right] = cells[right], cells[left]


@FAMILY.attack
def adds_a_check(one: Submission) -> None:
    """A check cell is added that was never released."""
    extra = nbformat.from_dict(one.check_cell("average"))
    extra.id = "extra"
    extra.metadata["nbgrader"]["grade_id"] = "welcome-extra"
    extra.metadata["nbgrader"]["points"] = 50
    extra.source = "50"
    one.notebook.cells.append(extra)


@FAMILY.attack
def marks_an_own_cell_as_graded(one: Submission) -> None:
    """A cell of the student's own is marked as a check with points."""
    one.first("1.0")
    one.notebook.cells[0].metadata["nbgrader"] = {
        "grade": True,
        "grade_id": "mine",
        "locked": False,
        "points": 99,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }


@FAMILY.attack
def turns_checks_into_text(one: Submission) -> None:
    """The check cells become Markdown, which nothing runs."""
    for name in SOLUTION:
        cell = one.check_cell(name)
        number = one.notebook.cells.index(cell)
        text = new_markdown_cell("1.0", id=cell.id)
        text.metadata = cell.metadata
        one.notebook.cells[number] = text


@FAMILY.attack
def takes_the_mark_of_the_question(one: Submission) -> None:
    """The question that a person grades is made a cell that grades itself."""
    cell = one.question_cell()
    number = one.notebook.cells.index(cell)
    code = new_code_cell("1.0", id=cell.id)
    code.metadata = nbformat.from_dict(cell.metadata)
    code.metadata["nbgrader"].update(grade=True, solution=False, locked=False, points=1)
    one.notebook.cells[number] = code


@FAMILY.attack
def says_it_is_solved_and_locked(one: Submission) -> None:
    """Checks are marked as solutions, and the locks are taken off."""
    for name in SOLUTION:
        one.check_cell(name).metadata["nbgrader"].update(solution=True, locked=False, grade=True)


@FAMILY.attack
def names_another_kernel(one: Submission) -> None:
    """The notebook asks for a kernel that runs outside the sandbox."""
    one.notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": "local-provisioner"}},
    }
    one.first("print(open('/etc/hostname').read(), __import__('os').listdir('/'))")


@FAMILY.attack
def writes_scores_where_graders_look(one: Submission) -> None:
    """Score files and gradebooks are written, in the working folder and above it."""
    one.first(
        """
        import os, sqlite3
        for path in ("gradebook.db", "../gradebook.db", "../../gradebook.db", "/submission/gradebook.db",
                     "/submission/welcome.ipynb", "../../../gradebook.db", "scores.json", "../grades.csv"):
            try:
                with open(path, "w") as file:
                    file.write('{"welcome-average": 1}')
            except OSError as error:
                print(error)
        """
    )


@FAMILY.attack
def hands_in_a_gradebook(one: Submission) -> None:
    """A gradebook and a configuration of nbgrader lie beside the notebook."""
    (one.folder / "gradebook.db").write_bytes(b"SQLite format 3\0")
    (one.folder / "nbgrader_config.py").write_text("open('/tmp/pwned', 'w')\n")
    (one.folder / "submission_secret.txt").write_text("../../" * 8 + "etc")


@FAMILY.attack
def hands_in_the_notebook_of_another_lab(one: Submission) -> None:
    """The notebook is that of lab 05."""
    path = ROOT / "labs" / "05_attention" / "attention.ipynb"
    one.raw = path.read_bytes()


@FAMILY.attack
def copies_its_score_into_comments(one: Submission) -> None:
    """Comments and scores stand in the metadata, where nbgrader keeps its own."""
    for name in SOLUTION:
        one.check_cell(name).metadata["nbgrader"].update(
            score=3, comment="full points", checksum="x"
        )
        one.answer_cell(name).metadata["nbgrader"].update(score=3, comment="full points")


class TestEveryAttack(Repelled):
    """What holds for every family."""
