"""Gathers what a teacher asks of one submission: what its source showed, who is alike, and how its points arose.

It names other students and says what they handed in, so it is for the teacher alone: nothing of it is ever written
into a notebook, from which feedback is made.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from autograder.classroom.insights import read_history
from autograder.classroom.recorded import Recorded, RecordedCell, read_recorded
from autograder.classroom.similarity import AlikeAnswers, Pair, alike
from autograder.classroom.submitted import read_json, read_submitted
from autograder.errors import NothingGraded
from autograder.exercise import Lab
from autograder.exercise.cells import grade_id
from autograder.grading import Run, Violation
from autograder.grading.gradebook import Course
from autograder.judging.judge import Reason, Status, Verdict
from autograder.reading import Finding, Weight

SCHEMA = 1
# What a verdict shows of the inputs that were drawn for this grading; another seed draws others.
_DRAWN = ("Input", "Expected", "Got")
_SMALL = 10_000
# The digits of a cell's number.
_LONGEST = 7
_Any = TypeVar("_Any")


@dataclass(frozen=True)
class Fact:
    """Something that a verdict shows.

    Attributes:
        label: What it is, as `Tried`.
        text: The fact.
        drawn: Whether it is of the inputs that this grading drew, so that another seed would show another.
    """

    label: str
    text: str
    drawn: bool


@dataclass(frozen=True)
class Points:
    """How the points of one exercise arose.

    Attributes:
        exercise: The exercise's id.
        status: `passed`, `wrong` or `unwritten`.
        points: What its behavior earned, before a person gives any.
        possible: What it is worth.
        sentence: What the student was told.
        misconception: The name of the misconception that it shows, or empty.
        reason: How the sentence was found.
        place: The line that the student was pointed to, or empty.
        held: Why a person gives its points, or empty.
        facts: What was tried, expected, got.
        notes: What it printed and warned.
        violations: What it did and should not.
        answer: The answer's code as it was graded; empty where no notebook could be read.
        recorded: What the gradebook says, or None where it says nothing.
    """

    exercise: str
    status: Status
    points: float
    possible: int
    sentence: str
    misconception: str
    reason: Reason
    place: str
    held: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    violations: tuple[Violation, ...]
    answer: str
    recorded: RecordedCell | None


@dataclass(frozen=True)
class Placed:
    """A finding, and where the code is that it is about.

    Attributes:
        finding: What was found.
        cell: The number of the notebook's cell, from 1; 0 where it is in none.
        exercise: The exercise whose answer that cell holds, or that the finding is about; empty otherwise.
    """

    finding: Finding
    cell: int
    exercise: str


@dataclass(frozen=True)
class Attempt:
    """One submission of the student's that was graded.

    Attributes:
        finished: When it was graded, in ISO 8601 with the time zone.
        outcome: `graded`, or why it was not.
        points: What its behavior earned.
        flags: How many findings in it are to be looked at.
    """

    finished: str
    outcome: str
    points: float
    flags: int


@dataclass(frozen=True)
class Report:
    """All that is known of a student's latest graded submission.

    Attributes:
        student: Who handed it in.
        lab: The lab's folder.
        title: The lab's title.
        outcome: `graded`, or why it was not.
        reason: Why it was not, or what was mended so that it could be.
        fault: Whose doing it is that it was not graded.
        newer: Whether something was handed in since, which is not graded yet.
        exercises: How the points arose, exercise by exercise.
        others: What the gradebook says of other cells: questions in free text, and the instructor's own.
        recorded: What the gradebook says of the whole, or None.
        findings: What a reading of the source found, what says most first.
        cells: The code of the cells that findings are in, by number from 1.
        alike: Students whose answers are alike, each pair with this one first.
        compared: Whether its answers could be compared with others at all.
        violations: What the run showed that the code did and should not, or how the submission was formed.
        attempts: All submissions that were graded, the latest last.
        seconds: What grading cost, by phase.
        policy: What a finding leads to in this course, by its weight.
    """

    student: str
    lab: str
    title: str
    outcome: str
    reason: str
    fault: str
    newer: bool
    exercises: tuple[Points, ...]
    others: tuple[RecordedCell, ...]
    recorded: Recorded | None
    findings: tuple[Placed, ...]
    cells: dict[int, str]
    alike: tuple[Pair, ...]
    compared: bool
    violations: tuple[Violation, ...]
    attempts: tuple[Attempt, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    policy: dict[str, str] = field(default_factory=dict)

    @property
    def flagged(self) -> tuple[Placed, ...]:
        """The findings that a person should look at."""
        return tuple(one for one in self.findings if one.finding.weight is not Weight.NOTE)

    @property
    def held(self) -> tuple[Points, ...]:
        """The exercises whose points were left to a person."""
        return tuple(one for one in self.exercises if one.held)

    @property
    def points(self) -> float:
        """What behavior earned in all."""
        return sum(one.points for one in self.exercises)

    @property
    def possible(self) -> int:
        """What the exercises are worth in all."""
        return sum(one.possible for one in self.exercises)

    def to_json(self) -> dict[str, Any]:
        """Write it as what JSON can hold."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


@dataclass(frozen=True)
class ReportedClass:
    """What the reports of one lab share: the runs of its students, and whose answers are alike."""

    course: Course
    lab: Lab
    history: dict[str, tuple[Run, ...]]
    unread: tuple[str, ...]
    pairs: tuple[Pair, ...]

    def reports(self, students: Sequence[str] = ()) -> Iterator[Report]:
        """Gather the reports of these students; by default of all."""
        chosen = students or sorted(self.history)
        recorded = read_recorded(self.course, self.lab.folder, chosen)
        policy = self.course.settings().policy
        for student in chosen:
            yield self._report(student, recorded.get(student), policy)

    def _report(self, student: str, recorded: Recorded | None, policy: dict[str, str]) -> Report:
        runs = self.history[student]
        run, notebook = runs[-1], self._notebook(student)
        order = list(Weight)
        findings = sorted(run.findings, key=lambda one: -order.index(one.weight))
        placed = tuple(_placed(one, notebook, self.lab) for one in findings)
        cells = {cell.name: cell for cell in recorded.cells} if recorded else {}
        own = {grade_id(one.exercise) for one in run.verdicts}
        return Report(
            student,
            self.lab.folder,
            self.lab.title,
            run.outcome,
            run.reason,
            run.fault,
            _is_newer(self.course, self.lab.folder, student, recorded),
            tuple(_points(one, run, notebook, cells) for one in run.verdicts),
            tuple(cell for name, cell in cells.items() if name not in own),
            recorded,
            placed,
            {one.cell: notebook[one.cell - 1].code for one in placed if one.cell},
            tuple(_seen_by(student, one) for one in self.pairs if student in one.students),
            student not in self.unread,
            run.violations,
            tuple(_attempt(one) for one in runs),
            run.seconds,
            dict(policy),
        )

    def _notebook(self, student: str) -> list[_Cell]:
        """Read the notebook that was graded, or what was handed in where nbgrader has filed none."""
        name, folder = Path(f"{self.lab.topic}.ipynb"), self.lab.folder
        directory = self.course.directory
        autograded = Path(directory.format_path(directory.autograded_directory, student, folder))
        for place in (autograded, self.course.submission(student, folder)):
            if cells := _cells(read_json(place, name)):
                return cells
        return []


def class_of(course: Path, lab: Lab, history: dict[str, tuple[Run, ...]]) -> ReportedClass:
    """Compare the answers of a class whose runs are read."""
    name = f"{lab.folder}/{lab.topic}.ipynb"
    files = [course / "source" / name, *(course / "submitted" / one / name for one in history)]
    stamps = tuple(map(_stamp, files))
    unread, pairs = _compared(course.resolve(), lab.folder, tuple(history), stamps)
    return ReportedClass(Course(course), lab, history, unread, pairs)


@functools.lru_cache(maxsize=8)
def _compared(
    course: Path, lab: str, students: tuple[str, ...], stamps: tuple[tuple[int, ...], ...]
) -> tuple[tuple[str, ...], tuple[Pair, ...]]:
    """Compare a class's answers: once, as long as no file changes, since formgrader asks for each student."""
    submitted = read_submitted(course, lab, students)
    return submitted.unread, tuple(alike(submitted.answers, submitted.known))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        about = os.lstat(path)
    except (OSError, ValueError):
        return ()
    return about.st_mtime_ns, about.st_size, about.st_ino


def gather_report(course: Path, lab: str, student: str) -> Report:
    """Gather the report of one student's submission.

    Raises:
        UnknownLab: There is no such lab.
        NothingGraded: No submission of this student has been graded; the message says what to do.
        DamagedRun: A file of the runs cannot be used.
    """
    known, history = read_history(course, lab)
    if student not in history:
        raise NothingGraded(_why_not(Course(course), known.folder, student, list(history)))
    (report,) = class_of(course, known, history).reports([student])
    return report


def _why_not(course: Course, lab: str, student: str, graded: Sequence[str]) -> str:
    there = course.submitted(lab)
    if student in there:
        return f"The submission of {student!r} for {lab} has not been graded yet; run `autograder grade {lab}` first."
    near = difflib.get_close_matches(student, [*graded, *there], 1)
    hint = f"did you mean {near[0]!r}?" if near else f"{len(graded)} others did."
    return f"{student!r} handed in nothing for {lab}; {hint}"


@dataclass(frozen=True)
class _Cell:
    """A cell of a notebook: its code, empty for one of text, and its grade id."""

    code: str
    name: str


def _cells(notebook: Any) -> list[_Cell]:
    """Read the cells of a notebook; what has another form than a notebook's counts as empty."""
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    return [_cell(one) for one in cells] if isinstance(cells, list) else []


def _cell(cell: Any) -> _Cell:
    try:
        source, marks = cell["source"], cell["metadata"].get("nbgrader", {})
        code = source if isinstance(source, str) else "".join(source)
        return _Cell(code if cell["cell_type"] == "code" else "", str(marks.get("grade_id", "")))
    except (AttributeError, KeyError, TypeError):
        return _Cell("", "")


def _answer_cell(notebook: Sequence[_Cell], exercise_id: str) -> int:
    """Find the number of an exercise's answer cell, from 1; 0 if there is none. The last of two counts."""
    wanted = f"{grade_id(exercise_id)}-answer"
    return max((n for n, cell in enumerate(notebook, 1) if cell.name == wanted), default=0)


def _placed(finding: Finding, notebook: Sequence[_Cell], lab: Lab) -> Placed:
    answers = {_answer_cell(notebook, one): one for one in lab.points}
    if finding.where in lab.points:
        # An answer may lead to what another cell holds, whose line it is then.
        own = _answer_cell(notebook, finding.where)
        others = [n for n in range(1, len(notebook) + 1) if n != own]
        found = [n for n in (own, *others) if n and _holds(notebook[n - 1].code, finding)]
        return Placed(finding, found[0] if found else own, finding.where)
    number = finding.where.removeprefix("cell ")
    cell = int(number) if number.isdecimal() and len(number) < _LONGEST else 0
    if not 0 < cell <= len(notebook) or not _holds(notebook[cell - 1].code, finding):
        cell = 0
    return Placed(finding, cell, answers.get(cell, "") if cell else "")


def _holds(code: str, finding: Finding) -> bool:
    """Say whether a cell has the line that a finding is about; one without a line may be about any."""
    lines = code.splitlines()
    if not finding.line:
        return bool(code)
    return finding.line <= len(lines) and lines[finding.line - 1].strip().startswith(finding.code)


def _points(
    verdict: Verdict, run: Run, notebook: Sequence[_Cell], cells: dict[str, RecordedCell]
) -> Points:
    number = _answer_cell(notebook, verdict.exercise)
    return Points(
        verdict.exercise,
        verdict.status,
        verdict.points,
        verdict.possible,
        verdict.sentence,
        verdict.misconception,
        verdict.reason,
        verdict.place,
        verdict.held,
        tuple(Fact(label, text, label.startswith(_DRAWN)) for label, text in verdict.facts),
        verdict.notes,
        tuple(one for one in run.violations if one.where == verdict.exercise),
        notebook[number - 1].code if number else "",
        cells.get(grade_id(verdict.exercise)),
    )


def _attempt(run: Run) -> Attempt:
    return Attempt(run.finished, run.outcome, run.points, len(run.flagged))


def _seen_by(student: str, pair: Pair) -> Pair:
    """Turn a pair so that this student comes first."""
    if pair.students[0] == student:
        return pair
    return Pair(_turned(pair.students), tuple(map(_turned_answers, pair.answers)))


def _turned_answers(one: AlikeAnswers) -> AlikeAnswers:
    return dataclasses.replace(
        one, codes=_turned(one.codes), spans=_turned(one.spans), shares=_turned(one.shares)
    )


def _turned(two: tuple[_Any, _Any]) -> tuple[_Any, _Any]:
    return two[1], two[0]


def _is_newer(course: Course, lab: str, student: str, recorded: Recorded | None) -> bool:
    """Say whether something was handed in after what the gradebook has, as its time says."""
    from nbgrader.utils import parse_utc

    if recorded is None or not recorded.handed_in:
        return False
    path = course.submission(student, lab) / "timestamp.txt"
    try:
        about = os.lstat(path)
        if not stat.S_ISREG(about.st_mode) or about.st_size > _SMALL:
            return False
        handed_in = parse_utc(path.read_text("utf-8").strip())
    except (OSError, ValueError, OverflowError):
        return False
    return str(handed_in.isoformat(" ", "seconds")) > recorded.handed_in
