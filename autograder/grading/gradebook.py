"""The course as nbgrader knows it: its configuration, its folders, its gradebook.

Everything is done by nbgrader's own classes: its preprocessors restore a notebook, its `Autograde` records the
points, comments and penalties for lateness, in SQLite or whatever database the course's `db_url` names.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import logging
import os
import shutil
import stat
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from filelock import FileLock, Timeout
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from traitlets.config import Config

from autograder.errors import GradingError
from autograder.grading.apart import Budget
from autograder.grading.assignment import Assignment, load_assignment
from autograder.grading.engine import Settings
from autograder.grading.options import Judge
from autograder.grading.recording import half_recorded, recording
from autograder.grading.run import FOLDER
from autograder.grading.submission import NOT_WORK, Sanitize

_JUDGE = "autograder.classroom.preprocessor.Judge"
_RESTORE = "autograder.classroom.preprocessor.Restore"
# A course of an earlier version names nbgrader's own.
_SAVE = "autograder.classroom.preprocessor.SaveGrades"
_SMALL = 10_000
_DATABASE_SECONDS = 120
_STAGE = "stage-"


@dataclass(frozen=True)
class Grade:
    """What nbgrader's gradebook says of a submission.

    Attributes:
        score: The points in all, less a penalty for lateness.
        possible: The most that there is to earn.
        waits: Whether a person has still to give points.
        due: When it was due, with an extension; empty where there is no such time.
    """

    score: float
    possible: float
    waits: bool
    due: str = ""


class Course:
    """A course folder, with nbgrader's configuration loaded.

    Args:
        root: The course's folder.

    Raises:
        GradingError: It is no course folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not (self.root / "nbgrader_config.py").is_file():
            raise GradingError(
                f"{root} is no course folder: it has no nbgrader_config.py. Make one with `autograder init`, or "
                "name yours with --course."
            )
        from nbgrader.apps.baseapp import NbGrader

        with contextlib.chdir(self.root):
            self._app = NbGrader(log_level=logging.CRITICAL)
            self._app.initialize([], root=str(self.root))
        self._app.log.handlers = [logging.NullHandler()]
        self.directory: Any = self._app.coursedir
        url = self.directory.db_url
        if url.startswith("sqlite:") and "?" not in url:
            # While formgrader or another command writes, this one waits.
            self.directory.db_url = f"{url}?timeout={_DATABASE_SECONDS}"

    @property
    def config(self) -> Config:
        """The course's configuration."""
        config: Config = self._app.config
        return config

    def submitted(self, lab: str) -> list[str]:
        """Name the students who have a folder for the assignment, in order."""
        pattern = Path(self.directory.format_path(self.directory.submitted_directory, "*", lab))
        at = pattern.parts.index("*")
        folder = Path(*pattern.parts[:at])
        if not folder.is_dir():
            return []
        rest = Path(*pattern.parts[at + 1 :])
        return sorted(
            one.name for one in folder.iterdir() if not one.is_symlink() and (one / rest).is_dir()
        )

    def submission(self, student: str, lab: str) -> Path:
        """Name the folder of a student's submission."""
        where = self.directory.submitted_directory
        return Path(self.directory.format_path(where, student, lab))

    def unreadable_time(self, student: str, lab: str) -> str:
        """Say what is wrong with the time at which a submission was handed in; empty if nothing is."""
        path = self.submission(student, lab) / "timestamp.txt"
        if not os.path.lexists(path) or path.name in self._papers(student, lab):
            return ""
        return "When it was handed in cannot be read; it has no penalty for lateness until you mend timestamp.txt."

    def is_filed(self, student: str, lab: str) -> bool:
        """Say whether nbgrader holds this student's autograded notebook."""
        where = self.directory.autograded_directory
        return Path(self.directory.format_path(where, student, lab)).is_dir()

    def grades(self, lab: str) -> dict[str, Grade]:
        """Read from the gradebook what each submission of an assignment stands at, of those recorded whole."""
        from nbgrader.api import MissingEntry

        found: dict[str, Grade] = {}
        half = half_recorded(self.root, lab)
        with self.gradebook() as gradebook, contextlib.suppress(MissingEntry):
            for one in gradebook.assignment_submissions(lab):
                score = max(0.0, one.score - one.late_submission_penalty)
                waits, due = bool(one.needs_manual_grade), str(one.duedate or "")
                found[one.student_id] = Grade(score, one.max_score, waits, due)
        half |= half_recorded(self.root, lab)
        return {student: grade for student, grade in found.items() if student not in half}

    def due(self, lab: str) -> str:
        """Read when an assignment is due, for whoever has no extension; empty where there is no such time."""
        from nbgrader.api import MissingEntry

        with self.gradebook() as gradebook, contextlib.suppress(MissingEntry):
            return str(gradebook.find_assignment(lab).duedate or "")
        return ""

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Any]:
        """Open nbgrader's gradebook.

        Raises:
            GradingError: It cannot be opened.
        """
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import SQLAlchemyError

        try:
            gradebook = Gradebook(self.directory.db_url)
        except (SQLAlchemyError, ImportError) as error:
            # The address itself may hold a password.
            reason = (str(getattr(error, "orig", error)).splitlines() or [""])[0]
            raise GradingError(
                f"The gradebook that c.CourseDirectory.db_url names cannot be opened ({reason})."
            ) from error
        with gradebook:
            yield gradebook

    def terms(self, student: str, assignment: Assignment, due: str) -> str:
        """Stand for all that a recorded grade depends on besides the run: points, time, when it was due, penalties."""
        plugin = str(self.config.AssignLatePenalties.get("plugin_class", ""))
        sections = ("AssignLatePenalties", "LateSubmissionPlugin", plugin.rpartition(".")[2])
        late = [str(self.config.get(name, "")) for name in sections]
        points = {name: cell.marks.get("points") for name, cell in assignment.cells.items()}
        papers = self._papers(student, assignment.name)
        text = json.dumps([points, due, late, {name: data.hex() for name, data in papers.items()}])
        return hashlib.sha256(text.encode()).hexdigest()

    @contextlib.contextmanager
    def alone(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Grade while no other grader does in this course.

        Args:
            waiting: Is called when another one is at work, and has to be waited for.
        """
        lock = FileLock(_folder(self.root) / "lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            # What a grader that was killed has left.
            self._clear_stages()
            yield
            # What a process that recorded, and was ended, has left.
            self._clear_stages()
        finally:
            lock.release()

    def _clear_stages(self) -> None:
        for stage in _folder(self.root).glob(f"{_STAGE}*"):
            shutil.rmtree(stage, ignore_errors=True)

    def assignments(self, lab: str) -> list[Assignment]:
        """Read the notebooks of an assignment as they were released.

        Raises:
            GradingError: It was not generated yet.
        """
        release = Path(self.directory.format_path(self.directory.release_directory, ".", lab))
        found = sorted(path.stem for path in release.glob("*.ipynb"))
        if not found:
            raise GradingError(
                f"The course in {self.root} has not released {lab}; run `nbgrader generate_assignment {lab}` there "
                "first."
            )
        return [self.assignment(lab, name) for name in found]

    def assignment(self, lab: str, notebook: str) -> Assignment:
        """Read one notebook of an assignment as it was released; see `assignments`."""
        release = Path(self.directory.format_path(self.directory.release_directory, ".", lab))
        return load_assignment(self.root, lab, notebook, release, self.root / "hidden")

    def settings(self, unsafe: bool = False) -> Settings:
        """Read from the configuration how submissions are run."""
        return Judge(config=self.config).settings(unsafe)

    def budget(self) -> Budget:
        """Read from the configuration what handling one submission may cost, besides running it."""
        return Judge(config=self.config).budget()

    def sanitizer(self, lab: str, notebook: str) -> Sanitize:
        """Make the function that applies nbgrader's own preprocessors to a submitted notebook."""
        resources = {
            "nbgrader": {
                "assignment": lab,
                "notebook": notebook,
                "student": "",
                "db_url": self.directory.db_url,
            }
        }

        def sanitize(node: NotebookNode) -> NotebookNode:
            for one in self._steps(self._converter().sanitize_preprocessors):
                node, _ = one.preprocess(node, resources)
            return node

        return sanitize

    def _converter(self) -> Any:
        converter = _OfOne(coursedir=self.directory, parent=self._app)
        # What comes here was read already.
        converter.exporter_class = NotebookExporter
        converter.sanitize_preprocessors = [
            one for one in converter.sanitize_preprocessors if one != _RESTORE
        ]
        return converter

    def _steps(self, names: Sequence[Any]) -> Iterator[Any]:
        from traitlets import import_item

        for one in names:
            kind = import_item(one) if isinstance(one, str) else one
            yield kind(parent=self._app)

    def record(
        self,
        student: str,
        assignment: Assignment,
        notebook: NotebookNode,
        outputs: list[list[dict[str, Any]]],
        files: dict[str, bytes],
    ) -> None:
        """Write a graded submission into nbgrader's gradebook, in the place of an earlier one.

        Args:
            student: Who handed it in.
            assignment: What was released.
            notebook: The prepared notebook.
            outputs: The outputs of each of its cells, the verdicts among them.
            files: The files beside it.

        Raises:
            GradingError: nbgrader does not record it; the message says why.
        """
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=_folder(self.root)))
        try:
            folder = stage / student / assignment.name
            folder.mkdir(parents=True)
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
            for name, content in self._papers(student, assignment.name).items():
                (folder / name).write_bytes(content)
            nbformat.write(notebook, folder / f"{assignment.notebook}.ipynb")
            with recording(self.root, assignment.name, student):
                self._record_from(stage, student, assignment.name, outputs)
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def take_back(self, student: str, lab: str) -> None:
        """Leave no grade of a submission that may have been recorded in part.

        Points and comments that a person gave are kept; such a submission waits for that person again.
        """
        from nbgrader.api import MissingEntry

        # Whatever mark there is goes with the grade.
        with (
            recording(self.root, lab, student),
            self.gradebook() as gradebook,
            contextlib.suppress(MissingEntry),
        ):
            submission = gradebook.find_submission(lab, student)
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            comments = [one for notebook in submission.notebooks for one in notebook.comments]
            if any(one.manual_comment for one in comments) or any(
                one.manual_score is not None or one.extra_credit for one in grades
            ):
                for grade in grades:
                    grade.auto_score, grade.needs_manual_grade = None, True
                gradebook.db.commit()
            else:
                gradebook.remove_submission(lab, student)
        where = self.directory.autograded_directory
        shutil.rmtree(self.directory.format_path(where, student, lab), ignore_errors=True)

    def _papers(self, student: str, lab: str) -> dict[str, bytes]:
        """Read what nbgrader put beside the work: when it was handed in, and the secret of its feedback."""
        from nbgrader.utils import parse_utc

        found = {}
        for name in NOT_WORK:
            path = self.submission(student, lab) / name
            with contextlib.suppress(OSError, ValueError, OverflowError, UnicodeDecodeError):
                about = os.lstat(path)
                if stat.S_ISREG(about.st_mode) and about.st_size < _SMALL:
                    content = path.read_bytes()
                    if name == "timestamp.txt":
                        parse_utc(content.decode().strip())
                    found[name] = content
        return found

    def _record_from(
        self, stage: Path, student: str, lab: str, outputs: list[list[dict[str, Any]]]
    ) -> None:
        from nbgrader.coursedir import CourseDirectory

        directory = CourseDirectory(parent=self._app, root=str(self.root))
        directory.submitted_directory = str(stage.relative_to(self.root))
        directory.assignment_id = lab
        converter = self._converter()
        converter.coursedir = directory
        converter.force = True
        stand_ins = {_JUDGE: _Recorded(outputs), "nbgrader.preprocessors.SaveAutoGrades": _SAVE}
        converter.autograde_preprocessors = [
            stand_ins.get(one, one) if isinstance(one, str) else one
            for one in converter.autograde_preprocessors
        ]
        said = _Said()
        self._app.log.addHandler(said)
        self._app.log.setLevel(logging.ERROR)
        try:
            with warnings.catch_warnings():
                # SQLAlchemy's, at nbgrader's own way with its session.
                warnings.simplefilter("ignore")
                converter.start()
        except Exception as error:
            sentence = said.sentence(error)
            if sentence.startswith("MemoryError"):
                raise MemoryError from error
            raise GradingError(
                f"nbgrader did not record the submission of {student!r}: {sentence}"
            ) from error
        finally:
            self._app.log.removeHandler(said)


class _OfOne(Autograde):  # type: ignore[misc]
    """nbgrader's own way to record, for students of all names: to it a bracket in a path is a pattern."""

    def init_notebooks(self) -> None:
        """Find the notebooks of the one submission that is staged."""
        pattern = self._format_source(self.coursedir.assignment_id, "*")
        self.notebooks: list[str] = []
        self.assignments = {
            folder: sorted(map(str, Path(folder).glob("*.ipynb"))) for folder in glob.glob(pattern)
        }


class _Said(logging.Handler):
    """Keeps what nbgrader says of what went wrong."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip())

    def sentence(self, error: Exception) -> str:
        """Choose what tells most: the last line of a traceback, where nbgrader logged one."""
        told = [line for line in self.lines if line.startswith("Traceback")]
        return (told or self.lines or [str(error)])[-1].splitlines()[-1]


class _Recorded:
    """Stands where the judge stands, and puts in what was decided already."""

    enabled = True

    def __init__(self, outputs: list[list[dict[str, Any]]]) -> None:
        self.outputs = outputs

    def __call__(self, notebook: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        return with_outputs(notebook, self.outputs), resources


def with_outputs(notebook: NotebookNode, outputs: list[list[dict[str, Any]]]) -> NotebookNode:
    """Put the outputs of each cell into a notebook.

    Raises:
        GradingError: It has another number of cells than when it was run.
    """
    if len(outputs) != len(notebook.cells):
        raise GradingError("The notebook is not the one that was run; grade it again.")
    for cell, own in zip(notebook.cells, outputs, strict=True):
        if cell.cell_type == "code":
            cell.outputs = nbformat.from_dict(own)
    return notebook


def _folder(root: Path) -> Path:
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
