"""Reads what a student handed in, believing nothing, and makes it ready to be run.

The notebook's cells are told by the grade ids that nbgrader gave them. Whatever decides points (which cells are
checks, what they say, what they are worth) is taken from the released notebook, by nbgrader's own preprocessors; of
the student's notebook only the answers and the cells without a mark are kept. A check that was deleted is asked at the
notebook's end, and of one that was copied the last counts. A notebook with none of the checks is not graded.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from sqlalchemy.exc import SQLAlchemyError

from autograder.errors import UnreadableNotebook
from autograder.exercise import register
from autograder.exercise.cells import exercise_of, grade_id
from autograder.grading.assignment import Assignment, ReleasedCell
from autograder.grading.run import Outcome, Violation
from autograder.judging.execution import parse_notebook
from autograder.sandbox.inside import is_special

MAX_NOTEBOOK_BYTES = 128 * 2**20
MAX_SOURCE_CHARACTERS, MAX_CELLS = 5_000_000, 5_000
# Characters: of what is attached to all cells, and of one cell's metadata.
MAX_ATTACHED, MAX_METADATA = 32 * 2**20, 100_000
MAX_FILES, MAX_FILE_BYTES = 1000, 64 * 2**20
# What nbgrader adds to each submission, which is no work of the student's.
NOT_WORK = ("timestamp.txt", "submission_secret.txt")

# Errors that say nothing of what is read: memory, disks and databases.
MACHINE_ERRORS = (MemoryError, OSError, SQLAlchemyError)

Sanitize = Callable[[NotebookNode], NotebookNode]


@dataclass(frozen=True)
class Files:
    """What lies beside the notebook in a submission: the ordinary files, and what was left out."""

    contents: dict[str, bytes]
    left_out: tuple[Violation, ...] = ()

    @property
    def digest(self) -> str:
        """Stand for names and contents."""
        digest = hashlib.sha256()
        for name, content in sorted(self.contents.items()):
            digest.update(f"{name!r} {len(content)} ".encode() + content)
        return digest.hexdigest()


@dataclass(frozen=True)
class Prepared:
    """A submitted notebook that is ready to be run, or the reason why it is not graded.

    Attributes:
        notebook: The notebook with what was released restored; a stand-in where it is not graded.
        outcome: `graded` if it can be.
        reason: Why it cannot be, or what was mended so that it can.
        violations: What is to be reported to the instructor.
        content: Stands for the notebook as it was handed in.
    """

    notebook: NotebookNode
    outcome: Outcome = "graded"
    reason: str = ""
    violations: tuple[Violation, ...] = ()
    content: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Be copied to another process as text: what is nested stays as it is, and is small."""
        text = json.dumps(self.notebook)
        return _copied, (text, self.outcome, self.reason, self.violations, self.content)


def _copied(text: str, *rest: Any) -> Prepared:
    return Prepared(nbformat.from_dict(json.loads(text)), *rest)


def read_files(folder: Path) -> Files:
    """Read a submission's files, but for notebooks; links and special files are left out and reported."""
    contents: dict[str, bytes] = {}
    left_out: list[Violation] = []
    beyond: list[str] = []
    total = 0
    for path, name in _walk(folder):
        found = os.lstat(path)
        if (path.suffix == ".ipynb" and stat.S_ISREG(found.st_mode)) or name in NOT_WORK:
            continue
        if is_special(found.st_mode) or stat.S_ISLNK(found.st_mode) or found.st_nlink > 1:
            what = (
                "a link"
                if stat.S_ISLNK(found.st_mode) or found.st_nlink > 1
                else "no ordinary file"
            )
            left_out.append(Violation("form", name, f"{name!r} is {what}, and was left out."))
        elif len(contents) >= MAX_FILES or total + found.st_size > MAX_FILE_BYTES:
            beyond.append(name)
        else:
            total += found.st_size
            contents[name] = path.read_bytes()
    if beyond:
        sentence = f"{beyond[0]!r} is beyond the limits on files, and was left out."
        if len(beyond) > 1:
            sentence = f"{beyond[0]!r} and {len(beyond) - 1} more are beyond the limits on files, and were left out."
        left_out.append(Violation("limit", beyond[0], sentence))
    return Files(contents, tuple(left_out))


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    for root, folders, files in os.walk(folder):
        folders.sort()
        # A link to a folder is listed among the folders, and not entered.
        for one in sorted([*files, *(name for name in folders if Path(root, name).is_symlink())]):
            path = Path(root, one)
            yield path, str(path.relative_to(folder))


def read_notebook_bytes(path: Path) -> bytes:
    """Read a submitted notebook's file.

    Raises:
        UnreadableNotebook: It is a link or no ordinary file, too large, or cannot be read.
    """
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise UnreadableNotebook(f"{path.name} is a link or no ordinary file.")
        if found.st_size > MAX_NOTEBOOK_BYTES:
            raise UnreadableNotebook(
                f"{path.name} is larger than {MAX_NOTEBOOK_BYTES // 2**20} MiB."
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableNotebook(f"{path.name} cannot be read: {error.strerror}.") from None


def prepare(data: bytes, assignment: Assignment, sanitize: Sanitize) -> Prepared:
    """Read a submitted notebook and restore what was released.

    Args:
        data: The bytes of its file.
        assignment: What was released.
        sanitize: Applies nbgrader's own preprocessors, which clear outputs and overwrite locked cells.
    """
    name = f"{assignment.notebook}.ipynb"
    try:
        notebook = parse_notebook(data, name)
    except UnreadableNotebook as error:
        content = hashlib.sha256(data).hexdigest()
        return replace(refused(assignment, "unreadable", str(error)), content=content)
    return prepare_notebook(notebook, assignment, sanitize)


def prepare_notebook(
    notebook: NotebookNode, assignment: Assignment, sanitize: Sanitize
) -> Prepared:
    """Restore what was released in a notebook that could be read; see `prepare`."""
    content = key_of(notebook)
    return replace(_prepared(notebook, assignment, sanitize), content=content)


def _prepared(notebook: NotebookNode, assignment: Assignment, sanitize: Sanitize) -> Prepared:
    if len(notebook.cells) > MAX_CELLS:
        sentence = (
            f"The notebook has {len(notebook.cells):,} cells; no more than {MAX_CELLS:,} are read."
        )
        return refused(assignment, "refused", sentence)
    if sum(len(cell.source) for cell in notebook.cells) > MAX_SOURCE_CHARACTERS:
        sentence = f"The notebook's cells hold more than {MAX_SOURCE_CHARACTERS:,} characters."
        return refused(assignment, "refused", sentence)
    if problem := _other_language(notebook):
        return refused(assignment, "refused", problem)
    if problem := _other_lab(notebook, assignment):
        return refused(assignment, "wrong lab", problem)
    wanted = {name for name, cell in assignment.cells.items() if cell.is_check}
    if wanted and not wanted & {_marks(cell).get("grade_id") for cell in notebook.cells}:
        problem = "None of the lab's checks is in the notebook."
        violation = Violation("changed check", assignment.notebook, problem)
        return refused(assignment, "changed", problem, (violation,))
    violations = [
        *_restore_checks(notebook, assignment),
        *_restore_marks(notebook, assignment),
        *_lighten(notebook),
    ]
    reason = _other_kernel(notebook)
    notebook.metadata = NotebookNode({"autograder": {"lab": assignment.name}})
    try:
        notebook = sanitize(notebook)
    except MACHINE_ERRORS:
        raise
    except (
        Exception
    ) as error:  # nbgrader raises all sorts of things at a notebook that it does not like
        return refused(assignment, "changed", f"nbgrader does not accept the notebook ({error}).")
    return Prepared(notebook, "graded", reason, tuple(violations))


def _marks(cell: NotebookNode) -> dict[str, object]:
    marks = cell.metadata.get("nbgrader")
    named = isinstance(marks, dict) and isinstance(marks.get("grade_id"), str)
    return marks if named else {}


def _other_language(notebook: NotebookNode) -> str:
    spec = notebook.metadata.get("kernelspec")
    language = spec.get("language", "") if isinstance(spec, dict) else ""
    if isinstance(language, str) and language.lower() in ("", "python", "python3"):
        return ""
    return f"The notebook asks for a kernel of the language {str(language)[:40]!r}, and this lab is in Python."


def _other_kernel(notebook: NotebookNode) -> str:
    spec = notebook.metadata.get("kernelspec")
    name = spec.get("name", "python3") if isinstance(spec, dict) else "python3"
    if name in ("python3", "python"):
        return ""
    return (
        f"The notebook asks for the kernel {str(name)[:40]!r}; it was graded with the course's own."
    )


def _other_lab(notebook: NotebookNode, assignment: Assignment) -> str:
    ids = {str(_marks(cell).get("grade_id", "")) for cell in notebook.cells}
    if ids & set(assignment.cells):
        return ""
    others = [
        lab.folder for lab in register.labs() if ids & {grade_id(exercise.id) for exercise in lab}
    ]
    if others:
        return f"The notebook is of the lab {others[0]}, and was handed in for {assignment.name}."
    return ""


def _restore_checks(notebook: NotebookNode, assignment: Assignment) -> Iterator[Violation]:
    """Append the checks that are no more in a notebook, and name those that were never released."""
    found = {str(_marks(cell).get("grade_id")) for cell in notebook.cells if _marks(cell)}
    for name, released in assignment.cells.items():
        if released.is_check and name not in found:
            sentence = "A check was deleted or renamed; it was asked at the notebook's end."
            yield Violation("changed check", name, sentence)
            cell = _new_cell(released, released.source)
            cell.metadata["nbgrader"] = nbformat.from_dict(released.marks)
            notebook.cells.append(cell)
    for cell in notebook.cells:
        marks = _marks(cell)
        name = str(marks.get("grade_id"))
        if marks.get("grade") and not marks.get("solution") and name not in assignment.cells:
            sentence = "A cell is marked as a check that was not released; its mark does not count."
            yield Violation("changed check", name[:60], sentence)


def _new_cell(released: ReleasedCell, source: str, **options: Any) -> NotebookNode:
    """Make a cell of the kind that was released."""
    new: Callable[..., NotebookNode] = (
        new_code_cell if released.cell_type == "code" else new_markdown_cell
    )
    return new(source, **options)


def _restore_marks(notebook: NotebookNode, assignment: Assignment) -> Iterator[Violation]:
    """Give each released cell its marks back, and take those that were not released away."""
    last = {_marks(cell).get("grade_id"): number for number, cell in enumerate(notebook.cells)}
    for number, cell in enumerate(notebook.cells):
        marks = _marks(cell)
        name = marks.get("grade_id")
        released = assignment.cells.get(str(name)) if isinstance(name, str) else None
        # As in nbgrader, the last of two cells under one id counts, be it an answer or a check.
        if released is None or last[name] != number:
            cell.metadata.pop("nbgrader", None)
            if released is not None and released.is_check:
                yield Violation(
                    "form", str(name), "A check stands more than once; the last one counts."
                )
                # A copy that is no check any more would only say what the check says.
                cell.source = ""
            continue
        place = str(name)
        if released.is_check and _plain(cell.source) != _plain(released.source):
            yield Violation(
                "changed check", place, "The text of a check was changed, and restored."
            )
        changed = [
            key
            for key in ("grade", "solution", "points")
            if marks.get(key) != released.marks.get(key)
        ]
        if changed or cell.cell_type != released.cell_type:
            what = ", ".join(changed) or "kind"
            yield Violation(
                "form",
                place,
                f"The mark of a cell is not the one released ({what}), which is taken in its place.",
            )
        if cell.cell_type != released.cell_type:
            place_id = cell.get("id", f"cell-{number}")
            notebook.cells[number] = cell = _new_cell(released, cell.source, id=place_id)
        cell.metadata["nbgrader"] = nbformat.from_dict(released.marks)


def _lighten(notebook: NotebookNode) -> Iterator[Violation]:
    """Leave out what a notebook carries beside its cells' texts where that is more than any honest one's."""
    left = MAX_ATTACHED
    for number, cell in enumerate(notebook.cells):
        place = f"cell {number + 1}"
        if "attachments" in cell:
            size = len(json.dumps(cell.attachments))
            left -= size
            if left < 0:
                left += size
                del cell["attachments"]
                sentence = f"What is attached to the cell is too large ({size:,} characters), and was left out."
                yield Violation("limit", place, sentence)
        if len(json.dumps(cell.metadata)) > MAX_METADATA:
            marks = cell.metadata.get("nbgrader")
            cell.metadata = nbformat.from_dict({"nbgrader": marks} if marks else {})
            yield Violation("limit", place, "The cell's metadata are too large, and were left out.")


def _plain(source: str) -> str:
    """Leave out what editors change of a cell by themselves: line ends, and white space at the end."""
    return "\n".join(line.rstrip() for line in source.rstrip().splitlines())


def refused(
    assignment: Assignment, outcome: Outcome, reason: str, violations: tuple[Violation, ...] = ()
) -> Prepared:
    """Make the stand-in for a notebook that is not graded: what was released, with the reason on top."""
    notebook = nbformat.from_dict(json.loads(assignment.released))
    text = f"**This submission was not graded.** {as_markdown(reason)}"
    notebook.cells.insert(0, new_markdown_cell(text, id="not-graded"))
    return Prepared(notebook, outcome, reason, violations)


def as_markdown(text: str) -> str:
    """Write a text so that Markdown shows it as it is."""
    return "".join(
        f"&#{ord(character)};" if character in "<>&*_`[]()#!\\" else character for character in text
    )


def key_of(notebook: NotebookNode) -> str:
    """Return a digest of all of a notebook that a run depends on."""
    cells = [
        [cell.cell_type, cell.source, _marks(cell).get("grade_id", "")] for cell in notebook.cells
    ]
    text = json.dumps(cells)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def checks_of(notebook: NotebookNode) -> dict[int, str]:
    """Return the exercise's id of each check cell, by the cell's number."""
    found = {number: exercise_of(cell) for number, cell in enumerate(notebook.cells)}
    return {number: exercise.id for number, exercise in found.items() if exercise}
