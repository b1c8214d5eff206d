"""The command `autograder`: check, build, and run a classroom."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.errors import AutograderError, UnknownLab
from autograder.judging.feedback import points_text
from autograder.judging.judge import Verdict
from autograder.notebook.attempts import progress_file, standings
from llmlab.errors import LlmlabError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Check answers, build labs, and grade a class.",
)
_LABS_FOLDER = Path("my-labs")
Folder = Annotated[Path, typer.Option("--folder", help="The folder that holds your labs.")]


def _notebook_path(what: str, folder: Path) -> tuple[Path, str]:
    """Find the notebook that a lab's name or a path means, and the lab if it was named."""
    from autograder.exercise import register

    path = Path(what)
    if path.suffix == ".ipynb":
        return path, ""
    lab = register.load(what)
    inside = Path(lab.folder) / f"{lab.topic}.ipynb"
    places = [Path(place) / inside for place in (folder, ".", "..")]
    for place in places:
        if place.exists():
            return place, lab.folder
    raise UnknownLab(
        f"There is no {places[0]} yet; run `llmlab lab` once, or name the notebook's file."
    )


@contextlib.contextmanager
def _progress_aside() -> Iterator[None]:
    """Let the hints and checks that a notebook calls be no attempts of the learner's."""
    before = os.environ.get("LLMLAB_PROGRESS")
    with tempfile.TemporaryDirectory(prefix="llmlab-") as folder:
        os.environ["LLMLAB_PROGRESS"] = str(Path(folder) / "progress.jsonl")
        try:
            yield
        finally:
            del os.environ["LLMLAB_PROGRESS"]
            if before is not None:
                os.environ["LLMLAB_PROGRESS"] = before


@app.command()
def check(
    what: Annotated[str, typer.Argument(metavar="LAB|NOTEBOOK", help="05_attention, or a file.")],
    folder: Folder = _LABS_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run a notebook from top to bottom and say how each of its exercises stands.

    Ends with 0 when all is right, 1 when an answer is wrong or missing, 2 when the file cannot be used.
    """
    from autograder.judging.execution import copied_checks, read_notebook, run_and_judge
    from autograder.reading import as_remarks, read_notebook_cells

    path, wanted = _notebook_path(what, folder)
    console = Console()
    status = contextlib.nullcontext() if as_json else console.status(f"Running {path} …")
    with status, _progress_aside():
        verdicts = run_and_judge(path, wanted=wanted)
        notebook = read_notebook(path)
        findings = read_notebook_cells(notebook)
    if as_json:
        typer.echo(json.dumps([asdict(verdict) for verdict in verdicts], indent=2))
    else:
        console.print(_table(verdicts))
    # Grading reads the source too; whoever wrote it hears of that first.
    told = Console(stderr=as_json)
    for one in dict.fromkeys(copied_checks(notebook).values()):
        told.print(f"The check of {one} stands more than once; the last one counts.")
    if findings:
        told.print("What your teacher will read about the notebook; it takes no points away:")
    for remark in as_remarks(findings):
        told.print(f"  {escape(remark)}", soft_wrap=True)
    raise typer.Exit(0 if all(verdict.passed for verdict in verdicts) else 1)


def _table(verdicts: list[Verdict]) -> Table:
    earned = sum(verdict.points for verdict in verdicts)
    possible = sum(verdict.possible for verdict in verdicts)
    table = Table(caption=f"{points_text(earned)} of {points_text(possible)} points")
    table.add_column("exercise")
    table.add_column("points", justify="right")
    table.add_column("verdict")
    table.add_column("diagnosis")
    for verdict in verdicts:
        table.add_row(
            verdict.exercise,
            f"{points_text(verdict.points)}/{points_text(verdict.possible)}",
            {"passed": "✓ right", "wrong": "✗ wrong", "unwritten": "○ not written"}[verdict.status],
            "" if verdict.passed else escape(verdict.sentence),
        )
    return table


@app.command()
def progress(folder: Folder = _LABS_FOLDER) -> None:
    """Show how far you have come."""
    from autograder.notebook.progress_page import progress_text

    if not folder.is_dir() and folder != _LABS_FOLDER:
        raise UnknownLab(f"There is no folder {folder}; give the one that holds your labs.")
    place = folder if folder.is_dir() else Path.cwd()
    typer.echo(progress_text(standings(progress_file(place))))


@app.command()
def reset(
    lab: Annotated[str, typer.Argument(help="The lab, as 05_attention.")],
    folder: Folder = _LABS_FOLDER,
) -> None:
    """Lay a lab afresh, and keep what you have under a name with the date."""
    from autograder.exercise import register
    from llmlab.workspace import reset_lab

    kept = reset_lab(folder, register.load(lab).folder)
    for copy in kept:
        typer.echo(f"Yours is kept as {copy}.")
    typer.echo(f"{lab} is laid afresh in {folder}.")


@app.command()
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if labs/ is stale.")
    ] = False,
    solutions: Annotated[
        Path | None, typer.Option(help="The labs' sources; by default this checkout's.")
    ] = None,
    labs: Annotated[
        Path | None, typer.Option(help="Where releases go; by default labs/ beside the sources.")
    ] = None,
) -> None:
    """Build the released notebooks in labs/ from the sources in solutions/."""
    from autograder.authoring.building import build as build_labs
    from autograder.authoring.building import solutions_folder

    sources = solutions or solutions_folder()
    target = labs or sources.parent / "labs"
    written = build_labs(sources, target, check)
    for path in written:
        typer.echo(f"Wrote {path}.")
    if not written:
        typer.echo("All labs are up to date.")


@app.command()
def init(
    course: Annotated[Path, typer.Argument(help="The course folder to make.")],
    solutions: Annotated[
        Path | None, typer.Option(help="The labs' sources; by default this checkout's.")
    ] = None,
) -> None:
    """Make a course folder for nbgrader, with every lab; its stock commands work there."""
    from autograder.authoring.building import solutions_folder
    from autograder.classroom.course import init_course

    names = init_course(course, solutions or solutions_folder())
    typer.echo(f"{course} is a course with {len(names)} labs: {', '.join(names)}.")
    typer.echo(f"Go on with: cd {course} && nbgrader generate_assignment {names[-1]}")


@app.command()
def insights(
    lab: Annotated[str, typer.Argument(help="The lab, as 05_attention.")],
    course: Annotated[Path, typer.Option(help="The course folder.")] = Path("."),
    output: Annotated[
        Path | None,
        typer.Option(help="The page to write; by default insights/LAB.html in the course folder."),
    ] = None,
) -> None:
    """Write a page on what the class understood in a lab, and its tables as CSV beside it.

    It shows the misconceptions by how many hold them, how hard each exercise is, what was not graded or went
    wrong, and whose answers are alike; behind each name is the report of that submission, in a folder beside the
    page. All of it opens offline, and is for the instructor alone.
    """
    from autograder.classroom.page import write_insights

    with Console().status(f"Reading the submissions of {lab} …"):
        *written, reports = write_insights(course, lab, output)
    for path in written:
        typer.echo(f"Wrote {path}.")
    typer.echo(f"The reports of the submissions are in {reports}.")


@app.command()
def report(
    lab: Annotated[str, typer.Argument(help="The lab, as 05_attention.")],
    student: Annotated[str, typer.Argument(help="Whose submission, by nbgrader's name.")],
    course: Annotated[Path, typer.Option(help="The course folder.")] = Path("."),
    output: Annotated[
        Path | None,
        typer.Option(help="The file; by default insights/LAB/STUDENT.html in the course folder."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON in the place of a page; printed without --output.")
    ] = False,
) -> None:
    """Write a page on one submission: what its source showed, who is alike, and how its points arose.

    It names other students and shows what they wrote: it is for the instructor alone.
    """
    from autograder.classroom.report import gather_report
    from autograder.classroom.report_page import report_json, write_report

    if as_json and output is None:
        typer.echo(report_json(gather_report(course, lab, student)), nl=False)
        return
    typer.echo(f"Wrote {write_report(course, lab, student, output, as_json=as_json)}.")


@app.command()
def grade(
    lab: Annotated[str, typer.Argument(help="The assignment, as 05_attention.")],
    course: Annotated[Path, typer.Option(help="The course's folder.")] = Path("."),
    students: Annotated[
        str, typer.Option(help="Only these, as ada,bob or 'ada,\"Doe, Jane\"'; by default all.")
    ] = "",
    workers: Annotated[
        int, typer.Option(min=1, help="How many submissions to run at once, on this machine.")
    ] = 2,
    dask: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Run them on a Dask cluster: tcp://host:8786.")
    ] = "",
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe-no-sandbox",
            help="Run what students wrote as yourself, with your files and your network.",
        ),
    ] = False,
    new_seed: Annotated[
        bool, typer.Option("--new-seed", help="Draw new inputs; every submission is run anew.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run a class's submissions in a sandbox, judge them, and record the points in nbgrader's gradebook.

    What was graded before and has not changed is not run again. Ends with 0 when every submission was graded, 1
    when one could not be, 2 when grading could not begin.
    """
    from autograder.grading.report import grade_and_show

    # A name that holds a comma is put between quotes, as in a table.
    rows = csv.reader([students], skipinitialspace=True)
    chosen = [name.strip() for row in rows for name in row if name.strip()]
    all_graded = grade_and_show(
        course, lab, chosen, workers, dask, unsafe=unsafe, new_seed=new_seed, as_json=as_json
    )
    raise typer.Exit(0 if all_graded else 1)


@app.command()
def simulate(
    lab: Annotated[str, typer.Argument(help="The lab, as 05_attention.")],
    students: Annotated[int, typer.Option(help="How many students.")] = 30,
    seed: Annotated[int, typer.Option(help="Equal seeds draw equal classes.")] = 1,
    course: Annotated[Path, typer.Option(help="The course folder.")] = Path("."),
) -> None:
    """Write the submissions of a class that does not exist, with the true score of each.

    Answers are drawn from right ones, misconceptions, blanks, crashes, loops and attacks. The true scores are
    in COURSE/simulated/LAB.json. Submissions of real students are never overwritten.
    """
    from autograder.classroom.simulation import FOLDER
    from autograder.classroom.simulation import simulate as write_class
    from autograder.exercise import register

    found = register.load(lab)
    with Console().status(f"Drawing {students} students …"):
        drawn = write_class(course, found, students, seed)
    folder = course / "submitted"
    typer.echo(f"Wrote {len(drawn)} submissions of {found.folder} into {folder}.")
    typer.echo(f"Their true scores are in {course / FOLDER / found.folder}.json.")


@app.command()
def audit(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[LAB|EXERCISE]", help="05_attention, or attention.embed; by default all."
        ),
    ] = "",
    solutions: Annotated[
        Path | None, typer.Option(help="The labs' sources; by default this checkout's.")
    ] = None,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants/--no-mutants", help="Try small edits of right answers too (minutes)."
        ),
    ] = True,
) -> None:
    """Say what an author forgot: faults that no probe refuses or tells apart, hidden behavior, mutants that pass.

    Ends with 0 when there is nothing to mend, 1 when there is.
    """
    from autograder.authoring.auditing import audit_and_show
    from autograder.authoring.building import solutions_folder

    clean = audit_and_show(what, solutions or solutions_folder(), mutants=mutants)
    raise typer.Exit(0 if clean else 1)


@app.command()
def new(
    lab: Annotated[str, typer.Argument(metavar="NN_TOPIC", help="The new lab, as 19_agents.")],
    root: Annotated[Path, typer.Option(help="The checkout of the project.")] = Path("."),
) -> None:
    """Write the skeleton of a new lab: its exercises, source, hidden probes, variants and chapter."""
    from autograder.authoring.skeleton import write_skeleton

    for path in write_skeleton(root, lab):
        typer.echo(f"Wrote {path}.")
    typer.echo("Fill them in, and run `autograder build`.")


def main() -> None:
    """Run the command; an error of ours is one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a pipe that cannot show a mark, or a file's odd name, gets a question mark.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not sys.warnoptions:
        # What a library warns of is for us to mend, and not for the person to read.
        warnings.simplefilter("ignore")
    try:
        app()
    except (AutograderError, LlmlabError) as error:
        typer.echo(f"autograder: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        place = error.filename or "A file"
        typer.echo(f"autograder: {place} cannot be used ({error.strerror or error}).", err=True)
        sys.exit(2)
