"""Makes a course folder in which every stock nbgrader command works."""

from __future__ import annotations

from pathlib import Path

import nbformat

from autograder.authoring.building import lab_sources
from autograder.authoring.source import source_notebook
from autograder.exercise import register
from autograder.exercise.private import hidden_source, private_files
from llmlab.workspace import write_safely

_CONFIG = '''"""nbgrader's configuration of this course; `nbgrader --help-all` explains every option."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader gives it to this file

# nbgrader calls alembic by its name, which is found only where the environment is activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

here = Path(__file__).parent
c.CourseDirectory.course_id = {name!r}
c.CourseDirectory.root = str(here)

# What was handed in is read with limits on time and memory.
c.Autograde.exporter_class = "autograder.classroom.preprocessor.Intake"
# What was released is restored first.
c.Autograde.sanitize_preprocessors = [
    "autograder.classroom.preprocessor.Restore",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Student code runs in a sandboxed kernel; what decides points runs outside it.
c.Autograde.autograde_preprocessors = [
    "autograder.classroom.preprocessor.Judge",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "autograder.classroom.preprocessor.SaveGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "autograder.classroom.feedback_page.Sanitize",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Seconds that one cell may take, and other limits of a kernel: see `nbgrader autograde --help-all`, Judge.
c.Judge.timeout = 180
# c.Judge.limits = {{"memory_bytes": 4 * 2**30, "wall_seconds": 900}}
# What reading, recording or showing one submission may cost, besides running it.
# c.Judge.reading = {{"processor_seconds": 30, "memory_bytes": 2 * 2**30}}
# What a finding in a submission's source leads to; points come from behavior whatever is found.
# c.Judge.policy = {{"note": "ignore", "look": "flag", "withhold": "hold"}}

# What students wrote is shown to you and to them: no script of theirs may run in your browser. Every page is made of
# what was cleaned before, however it was autograded; a second cleaning, by nbconvert, would show tables as text.
c.HTMLExporter.preprocessors = [
    "autograder.classroom.feedback_page.Sanitize",
    "autograder.classroom.formulas.Formulas",
    # For you alone, on formgrader's pages: what was read in the source, who is alike, how the points arose.
    "autograder.classroom.formgrader.SubmissionReport",
]
c.HTMLExporter.sanitize_html = False
c.GenerateFeedback.exporter_class = "autograder.classroom.feedback_page.FeedbackPage"
c.FeedbackPage.preprocessors = [
    "autograder.classroom.feedback_page.Sanitize",
    "autograder.classroom.formulas.Formulas",
]

# A submission that is filed under another student's name is refused, and not only warned about.
c.ExchangeFactory.collect = "autograder.classroom.collect.Collect"

# A lab trains small models, and a validation runs it whole.
c.Execute.timeout = 180

# Where assignments are handed out and in, when no JupyterHub sets it:
# c.Exchange.root = "/srv/nbgrader/exchange"
'''

_README = """# {name}

A course folder of llmlab for nbgrader.

    nbgrader generate_assignment 05_attention
    nbgrader release_assignment 05_attention
    nbgrader collect 05_attention
    nbgrader autograde 05_attention
    nbgrader generate_feedback 05_attention
    nbgrader release_feedback 05_attention

`source/` holds the labs with their answers, `hidden/` the probes that students never see. Keep both to yourself.
"""


def init_course(course: Path, solutions: Path) -> list[str]:
    """Make a course folder with the source notebook and the hidden probes of every lab.

    Files that are there already are left as they are.

    Args:
        course: The folder to make.
        solutions: The labs' sources.

    Returns:
        The names of the assignments.

    Raises:
        AutograderError: There are no sources, or one breaks the format.
        WorkspaceError: The folder cannot be written.
    """
    sources = lab_sources(solutions)
    name = course.resolve().name
    texts = {
        course / "nbgrader_config.py": _CONFIG.format(name=name),
        course / "README.md": _README.format(name=name),
    }
    for source in sources:
        lab = source.parent.name
        target = course / "source" / lab / f"{source.stem}.ipynb"
        texts[target] = nbformat.writes(source_notebook(source)) + "\n"
        for path in private_files(source.parent / "private", register.load(lab)).values():
            hidden = hidden_source(path.read_text("utf-8"))
            texts[course / "hidden" / lab / path.name] = f"{hidden}\n"
    for path, text in texts.items():
        if not path.exists():
            write_safely(path, text.encode())
    return [source.parent.name for source in sources]
