"""Shows a grading on the terminal: a progress bar while it runs, then a table, or JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from autograder.grading.batch import Workers, grade_lab, summary_file
from autograder.grading.gradebook import Course, Grade
from autograder.grading.run import PHASES, Run
from autograder.judging.feedback import points_text
from autograder.reading import as_remarks
from autograder.sandbox import sandbox_works


def grade_and_show(
    folder: Path,
    lab: str,
    students: Collection[str],
    workers: int,
    dask: str = "",
    *,
    unsafe: bool = False,
    new_seed: bool = False,
    as_json: bool = False,
) -> bool:
    """Grade an assignment of the course in a folder, and show what came of it.

    Returns:
        Whether every submission was graded.

    Raises:
        AutograderError: Grading cannot begin; the message says why.
    """
    course = Course(folder)
    settings = course.settings(unsafe)
    # On a cluster the workers have the sandbox, and say so themselves when they have none.
    if not settings.unsafe and not dask:
        sandbox_works()
    console = Console(stderr=as_json)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with (
        Workers(settings, workers, dask) as team,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        task = progress.add_task(f"Grading {lab}", total=None)

        def told(run: Run, done: int, total: int) -> None:
            progress.update(task, description=f"Grading {lab}", completed=done, total=total)

        def waiting() -> None:
            progress.update(task, description="Waiting for another grader in this course")

        team.warm()
        runs = grade_lab(
            course, lab, students, workers=team, new_seed=new_seed, told=told, waiting=waiting
        )
    if as_json:
        print(summary_file(course.root, lab).read_text("utf-8"), end="")
    else:
        console.print(_table(lab, runs, course.grades(lab)))
        console.print(_costs(runs))
    return all(run.outcome == "graded" for run in runs)


def _table(lab: str, runs: Sequence[Run], grades: Mapping[str, Grade]) -> Table:
    table = Table(title=f"{lab}: {len(runs)} submission{'s' * (len(runs) != 1)}")
    table.add_column("student")
    table.add_column("grade", justify="right")
    table.add_column("outcome")
    table.add_column("to look at")
    for run in runs:
        grade = grades.get(run.student)
        score = f"{points_text(grade.score)}/{points_text(grade.possible)}" if grade else "none"
        remarks = [run.reason, *(f"{one.kind}: {one.sentence}" for one in run.violations)]
        remarks += [f"look at {one}" for one in as_remarks(run.flagged)]
        if grade and grade.waits:
            remarks.append("waits for a person" + (f": {', '.join(run.held)}" if run.held else ""))
        table.add_row(
            escape(run.student if run.student.isprintable() else repr(run.student)),
            score,
            run.outcome,
            escape("\n".join(dict.fromkeys(filter(None, remarks)))),
        )
    return table


def _costs(runs: Sequence[Run]) -> str:
    """Say what a submission cost on average, among those that were run."""
    ran = [run for run in runs if run.seconds.get("run")]
    if not ran:
        return "Nothing had to be run again."
    means = {name: sum(run.seconds.get(name, 0) for run in ran) / len(ran) for name in PHASES}
    parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in means.items())
    return f"Seconds a submission, on average of {len(ran)}: {parts}."
