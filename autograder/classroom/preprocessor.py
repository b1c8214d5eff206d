"""Puts grading into nbgrader: an exporter and three preprocessors for `c.Autograde`.

`Intake` is the exporter, and reads what was handed in, with limits on time and memory. `Restore` stands first in
`sanitize_preprocessors`: it restores what decides points from the released notebook, and puts a stand-in in the place
of a notebook whose checks were changed. `Judge` stands in `autograde_preprocessors` in the place of `Execute`: it runs
the notebook in a sandbox and judges its exercises outside. So `nbgrader autograde` and the button of its formgrader
grade as `autograder grade` does, with the same results kept. `SaveGrades` stands in the place of `SaveAutoGrades`, and
queues the points that a person is to give.

An instructor's own cells, with asserts or hidden tests, run in the sandbox, and nbgrader reads their points as ever.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades

from autograder.errors import GradingError
from autograder.grading import options
from autograder.grading.apart import shared
from autograder.grading.assignment import Assignment
from autograder.grading.cache import cached_or_graded, refusal
from autograder.grading.gradebook import Course, with_outputs
from autograder.grading.intake import read_notebook_apart
from autograder.grading.run import Violation, save_run
from autograder.grading.submission import Prepared, prepare_notebook, read_files
from autograder.judging.execution import HELD, refusal_outputs
from autograder.sandbox import sandbox_works

# Where `Intake` puts what it read, and `Restore` finds it; no notebook can put anything there.
_READ = "autograder_read"


class _OfCourse(NbGraderPreprocessor):
    """Finds the course that a notebook belongs to."""

    def _course(self) -> Course:
        directory = getattr(self.parent, "coursedir", None) or self.parent.parent.coursedir
        return Course(Path(directory.root))

    def _assignment(self, resources: dict[str, Any]) -> Assignment:
        about = resources["nbgrader"]
        return self._course().assignment(about["assignment"], about["notebook"])


class Intake(NotebookExporter):
    """Reads what was handed in, for `c.Autograde.exporter_class`: in a child with limits on time and memory.

    A notebook that cannot be read, or not within the limits, is not graded and says why, as with `autograder grade`.
    """

    def from_filename(
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Read a submitted notebook; one that nbgrader itself has written is read as ever."""
        converter: Any = self.parent
        if not getattr(converter, "_sanitizing", False):
            return super().from_filename(filename, resources, **kwargs)
        about, path = resources["nbgrader"], Path(filename).absolute()
        course = Course(Path(converter.coursedir.root))
        assignment = course.assignment(about["assignment"], about["notebook"])
        apart = shared(course.budget())
        resources[_READ] = read_notebook_apart(apart, path, assignment)
        resources["metadata"] = ResourcesDict(name=path.stem, path=str(Path(filename).parent))
        exporter: Any = super()
        return exporter.from_notebook_node(resources[_READ].notebook, resources, **kwargs)


class Restore(_OfCourse):
    """Restores what was released, before nbgrader's own preprocessors do."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Restore one submitted notebook."""
        # A course of an earlier version has no `Intake`; its notebooks are read without limits.
        prepared = resources.pop(_READ, None) or prepare_notebook(
            nb, self._assignment(resources), lambda notebook: notebook
        )
        # No mark of the student's own survives here, so the next step can rely on this one.
        prepared.notebook.metadata["autograder"] = NotebookNode(
            lab=resources["nbgrader"]["assignment"],
            outcome=prepared.outcome,
            reason=prepared.reason,
            content=prepared.content,
            violations=[asdict(one) for one in prepared.violations],
        )
        return prepared.notebook, resources


class Judge(_OfCourse, options.Judge):
    """Runs a notebook in a sandbox and judges its exercises outside."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run and judge one submitted notebook.

        Raises:
            SandboxUnavailable: No sandbox can be started, and none may be done without.
        """
        settings = self.settings()
        if not settings.unsafe:
            sandbox_works()
        about = nb.metadata.get("autograder", {})
        if "content" not in about:
            raise GradingError(
                "Nothing restored this notebook before it came here; let c.Autograde.sanitize_preprocessors "
                "begin with autograder.classroom.preprocessor.Restore, as in a course that `autograder init` makes."
            )
        prepared = Prepared(
            nb,
            about["outcome"],
            about["reason"],
            tuple(Violation(**one) for one in about["violations"]),
            about["content"],
        )
        course, assignment = self._course(), self._assignment(resources)
        student = resources["nbgrader"]["student"]
        files = read_files(Path(resources["metadata"]["path"]))
        if prepared.outcome != "graded":
            save_run(course.root, refusal(student, assignment, prepared, files))
            return with_outputs(nb, refusal_outputs(nb, prepared.reason)), resources
        apart = shared(self.budget())
        result = cached_or_graded(
            course.root, student, assignment, prepared, files, settings, apart
        )
        return with_outputs(nb, result.outputs), resources


class SaveGrades(SaveAutoGrades):
    """Saves points as nbgrader does, and puts what a person is to decide into its queue for manual grading."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Save the points of all cells at once: whoever is ended in between leaves no sum of some of them."""
        about = resources["nbgrader"]
        self.notebook_id, self.assignment_id = about["notebook"], about["assignment"]
        self.student_id, self.db_url = about["student"], about["db_url"]
        with Gradebook(self.db_url) as self.gradebook:
            session = self.gradebook.db
            commit, session.commit = session.commit, session.flush
            try:
                nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
            finally:
                session.commit = commit
            session.commit()
        return nb, resources

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._add_score(cell, resources)
        if any(output.get("ename") == HELD for output in cell.get("outputs", ())):
            about = (self.notebook_id, self.assignment_id, self.student_id)
            grade = self.gradebook.find_grade(cell.metadata["nbgrader"]["grade_id"], *about)
            grade.needs_manual_grade = True
            self.gradebook.db.commit()
