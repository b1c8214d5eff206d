"""Whether grades hold: a class graded in peace, then anew by graders at once that are killed again and again.

The class is a simulated one, so what each student truly earns is known. One grader grades it. Then several grade it
anew at once; each is killed with SIGKILL at moments that a seed draws, and started again at once. Wherever a grade
stands, in the runs, the gradebook or the exported table, it must be the true one or absent with a reason; and after a
last grading that nobody interrupts, all must be the true ones. Ends with 1 where one is not.

    python benchmarks/killed_graders.py [--students 200] [--seed 1] [--lab 05_attention] [--graders 2] [--kills 3]
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
# An answer that never returns need not be waited for as long as in a real course.
CONFIG = "\nc.Judge.timeout = 12\n"
NBGRADER = "nbgrader.apps.nbgraderapp"
EXPORTER = "autograder.classroom.exporters.CsvExporter"
# So many seconds a grader lives at the least.
SHORTEST = 2.0

Truth = Mapping[str, Mapping[str, int]]


@dataclass
class Found:
    """What one place says of the grades of a class.

    Attributes:
        when: After what it was looked at.
        where: The place: the runs, the gradebook or the exported table.
        true: Who has the true grade.
        absent: Who has none, and why.
        wrong: Who has another, and which.
    """

    when: str
    where: str
    true: list[str] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


@dataclass
class Grader:
    """One grader: it is killed so many seconds after each of its first starts, and then left alone."""

    lives: list[float]
    process: subprocess.Popen[bytes]
    started: float


def main() -> int:
    """Grade a class in peace and under fire, and say whether any grade is wrong."""
    given = options()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="llmlab-killed-") as place:
        peace, fire = Path(place).resolve() / "in-peace", Path(place).resolve() / "under-fire"
        with console.status("Making a course and drawing the class …"):
            true = make_course(peace, given.lab, given.students, given.seed)
            shutil.copytree(peace, fire)
        console.print(
            f"{given.students} simulated students of {given.lab}, seed {given.seed}; {given.graders} graders, each "
            f"killed {given.kills} times; {os.cpu_count()} cores"
        )
        began = time.monotonic()
        finish(peace, given, console, "One grader")
        seconds = time.monotonic() - began
        console.print(f"one grader took {seconds:.0f} s")
        calm = look(peace, given.lab, true, "graded in peace")
        broken = under_fire(fire, given, true, seconds, console)
        finish(fire, given, console, "A last rerun")
        last = look(fire, given.lab, true, "after a rerun")
    found = [*calm, *broken, *last]
    console.print(table(found))
    for one in found:
        for student, told in one.wrong.items():
            console.print(f"{one.when}, {one.where}: {student} has {told}", markup=False)
    holds = not any(one.wrong for one in found) and not any(one.absent for one in [*calm, *last])
    console.print("Every grade holds." if holds else "Not every grade holds.")
    return 0 if holds else 1


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lab", default="05_attention")
    parser.add_argument("--graders", type=int, default=2)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def make_course(folder: Path, lab: str, students: int, seed: int) -> Truth:
    """Make a course with a released lab and a simulated class; return what each truly earns."""
    from autograder.classroom.course import init_course
    from autograder.classroom.simulation import simulate, truth
    from autograder.exercise import register

    init_course(folder, ROOT / "solutions")
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(CONFIG)
    command(folder, NBGRADER, "generate_assignment", lab)
    simulate(folder, register.load(lab), students, seed)
    return truth(folder, lab)


def command(folder: Path, module: str, *arguments: str) -> None:
    """Run a command in a course to its end."""
    done = subprocess.run(
        run_as(module, *arguments), cwd=folder, env=environment(), capture_output=True
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode("utf-8", "replace"))


def run_as(module: str, *arguments: str) -> list[str]:
    """Write the command that calls the `main` of a module."""
    return [sys.executable, "-c", f"from {module} import main; main()", *arguments]


def environment() -> dict[str, str]:
    """Give a command this checkout, and the folder in which nbgrader finds alembic."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}


def start(folder: Path, given: argparse.Namespace) -> subprocess.Popen[bytes]:
    """Start a grader."""
    arguments = ["grade", given.lab, "--course", str(folder), "--workers", str(given.workers)]
    return subprocess.Popen(
        run_as("autograder.cli", *arguments),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=(folder / "said.txt").open("ab"),
    )


def finish(folder: Path, given: argparse.Namespace, console: Console, what: str) -> None:
    """Run one grader to its end, with a bar that shows how far it is."""
    grader = start(folder, given)
    try:
        with watching(console) as progress:
            task = progress.add_task(what, total=given.students)
            while grader.poll() is None:
                time.sleep(0.5)
                progress.update(task, completed=recorded(folder, given.lab))
    finally:
        grader.kill()
    if grader.returncode not in (0, 1):
        raise SystemExit((folder / "said.txt").read_text("utf-8", "replace"))


def watching(console: Console) -> Progress:
    """Make a bar that counts submissions."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True)


def recorded(folder: Path, lab: str) -> int:
    """Count the submissions of which there is a run."""
    return len(list((folder / ".autograder" / "runs" / lab).glob("*.json")))


def under_fire(
    folder: Path, given: argparse.Namespace, true: Truth, seconds: float, console: Console
) -> list[Found]:
    """Grade the class with graders that are killed, and look at the grades after each kill and at the end."""
    chance = random.Random(given.seed)  # noqa: S311
    # All of a grader's deaths come while there is work, which is that of one grader, whoever does it.
    longest = max(seconds / (given.kills + 1), 2 * SHORTEST)
    graders = []
    for _ in range(given.graders):
        lives = [chance.uniform(SHORTEST, longest) for _ in range(given.kills)]
        graders.append(Grader(lives, start(folder, given), time.monotonic()))
    found: list[Found] = []
    try:
        with watching(console) as progress:
            task = progress.add_task(f"{given.graders} graders under fire", total=given.students)
            while any(one.lives or one.process.poll() is None for one in graders):
                time.sleep(0.1)
                progress.update(task, completed=recorded(folder, given.lab))
                for number, one in enumerate(graders, 1):
                    if told := struck(one, lambda: start(folder, given)):
                        progress.console.print(f"grader {number} {told}")
                        when = f"kill of grader {number}, {len(one.lives)} to come"
                        found += look(folder, given.lab, true, when, export=False)
    finally:
        for one in graders:
            one.process.kill()
    return found + look(folder, given.lab, true, "graded under fire")


def struck(grader: Grader, again: Callable[[], subprocess.Popen[bytes]]) -> str:
    """Kill a grader whose time has come, start it again, and say so; one that was too fast is started again."""
    if not grader.lives:
        return ""
    lived = time.monotonic() - grader.started
    if grader.process.poll() is not None:
        # It had nothing left to do; the next death comes sooner.
        grader.lives[0] /= 2
        told = "ended by itself"
    elif lived >= grader.lives[0]:
        grader.process.kill()
        grader.process.wait()
        del grader.lives[0]
        told = f"was killed after {lived:.1f} s"
    else:
        return ""
    grader.process, grader.started = again(), time.monotonic()
    return told


def look(folder: Path, lab: str, true: Truth, when: str, export: bool = True) -> list[Found]:
    """Compare each grade, wherever it stands, with the true one; graders may be at work meanwhile."""
    from autograder.classroom.spreadsheet import as_text
    from autograder.grading import load_runs
    from autograder.grading.gradebook import Course

    runs = {run.student: run for run in load_runs(folder, lab)}
    grades = Course(folder).grades(lab)
    places = [Found(when, "runs"), Found(when, "gradebook")]
    for student, points in true.items():
        run, grade, total = runs.get(student), grades.get(student), sum(points.values())
        earned = {one.exercise: one.points for one in run.verdicts} if run else {}
        if run is None or (run.outcome != "graded" and total and run.reason):
            places[0].absent[student] = run.reason if run else "not graded yet"
        elif (earned or dict.fromkeys(points, 0)) == points:
            places[0].true.append(student)
        else:
            places[0].wrong[student] = f"{earned} and not {points}"
        note(places[1], student, grade.score if grade else None, total)
    if export:
        places.append(Found(when, "export"))
        scores = exported(folder)
        for student, points in true.items():
            note(places[2], student, scores.get(as_text(student)), sum(points.values()))
    return places


def note(found: Found, student: str, score: float | None, true: int) -> None:
    """Note a score, or that there is none."""
    if score is None:
        found.absent[student] = "not recorded yet"
    elif score == true:
        found.true.append(student)
    else:
        found.wrong[student] = f"{score:g} and not {true}"


def exported(folder: Path) -> dict[str, float]:
    """Export the gradebook as a table, and read the scores in it."""
    command(folder, NBGRADER, "export", f"--exporter={EXPORTER}", "--to=grades.csv")
    with (folder / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["student_id"]: float(row["score"]) for row in rows if row["score"]}


def table(found: Sequence[Found]) -> Table:
    """Show how many grades are true, absent and wrong, wherever it was looked."""
    shown = Table("when", "where")
    for name in ("true", "absent", "wrong"):
        shown.add_column(name, justify="right")
    for one in found:
        counts = (len(one.true), len(one.absent), len(one.wrong))
        shown.add_row(one.when, one.where, *map(str, counts))
    return shown


if __name__ == "__main__":
    sys.exit(main())
