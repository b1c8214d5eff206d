"""How long a class takes to grade: stock `nbgrader autograde` beside `autograder grade` with its sandbox on.

Both grade the same submissions of lab 05, in alternating batches of one run, so that whatever else the machine does
meets both. Two of five answers are wrong, as readers wrote them (tests/answers), and both explain them. Stock nbgrader
runs every cell, checks included, in a kernel that is this user; ours runs them in sandboxes and judges outside, with
hidden probes as well. Starting our workers is counted.

    python benchmarks/grading.py [--submissions 30] [--batch 10] [--workers 2]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
import torch
from nbformat import NotebookNode
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from autograder.exercise import register  # noqa: E402
from autograder.exercise.cells import exercise_of  # noqa: E402

LAB = "05_attention"
GOAL, MEMORY_GOAL = 5.0, 600
WRONG = 0.4
STOCK = """c = get_config()
c.CourseDirectory.course_id = "stock"
c.Execute.timeout = 180
"""


def submissions(source: NotebookNode, release: NotebookNode, count: int) -> list[NotebookNode]:
    """Write notebooks in which two answers of five are wrong as readers' were, drawn by a fixed seed."""
    chance = random.Random(5)  # noqa: S311
    wrong = wrong_answers()
    solved = {cell.metadata.nbgrader.grade_id: cell.source for cell in _solutions(source)}
    found = []
    for _ in range(count):
        notebook = nbformat.from_dict(release)
        for cell in _solutions(notebook):
            cell.source = solved[cell.metadata.nbgrader.grade_id]
        answer = None
        for cell in notebook.cells:
            answer = cell if cell.metadata.get("nbgrader", {}).get("solution") else answer
            exercise = exercise_of(cell)
            if exercise and answer and chance.random() < WRONG:
                answer.source = chance.choice(wrong[exercise.id])
        found.append(notebook)
    return found


def _solutions(notebook: NotebookNode) -> list[NotebookNode]:
    return [one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("solution")]


def wrong_answers() -> dict[str, list[str]]:
    """Collect what readers wrote wrong, and of plain answers the wrong values that are known, by the exercise."""
    lab = register.load(LAB)
    found = {
        one.id: [f"{one.name} = {fault.implementation!r}" for fault in one.misconceptions]
        for one in lab
        if one.is_plain
    }
    for path in (ROOT / "tests" / "answers").rglob(f"{lab.topic}.json"):
        content = json.loads(path.read_text("utf-8"))
        for answer in content["answers"]:
            if answer["kind"] == "wrong":
                prelude = content["preludes"].get(answer["prelude"], "")
                code = f"{prelude}\n\n{answer['code']}".strip()
                found.setdefault(answer["exercise"], []).append(code)
    return found


def make_course(folder: Path, stock: bool) -> None:
    """Make a course with the lab released; the stock one has nbgrader's own configuration."""
    from autograder.classroom.course import init_course

    init_course(folder, ROOT / "solutions")
    if stock:
        (folder / "nbgrader_config.py").write_text(STOCK)
    nbgrader(folder, "generate_assignment", LAB)


def nbgrader(folder: Path, *arguments: str) -> None:
    """Run a stock nbgrader command in a course."""
    program = str(Path(sys.executable).with_name("nbgrader"))
    paths = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    environment = {**os.environ, "PATH": os.pathsep.join(paths), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([program, *arguments], cwd=folder, env=environment, capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode("utf-8", "replace"))


class Memory(threading.Thread):
    """Watches how much memory each worker uses, with its warmed parent of kernels and the kernel."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self.stop = threading.Event()

    def run(self) -> None:
        """Look twice a second; memory that processes share is counted in shares."""
        while not self.stop.wait(0.5):
            for worker in psutil.Process().children():
                try:
                    own = [worker, *worker.children(recursive=True)]
                    mebibytes = sum(one.memory_full_info().pss for one in own) / 2**20
                except psutil.Error:
                    continue
                self.most = max(self.most, mebibytes)


def measure(count: int, batch: int, workers: int) -> None:
    """Grade in alternating batches, and print what it took."""
    from autograder.authoring.source import release_notebook, source_notebook
    from autograder.grading.batch import Workers, grade_lab
    from autograder.grading.gradebook import Course
    from autograder.grading.run import PHASES, Run

    console = Console()
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    console.print(
        f"{os.cpu_count()} cores ({model[1] if model else platform.processor()}), Python "
        f"{platform.python_version()}, PyTorch {torch.__version__}; {count} submissions of {LAB}, batches of "
        f"{batch}, {workers} workers"
    )
    source = source_notebook(ROOT / "solutions" / LAB / "attention.py")
    seconds = {"stock": 0.0, "ours": 0.0}
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as place:
        stock, ours = Path(place).resolve() / "stock", Path(place).resolve() / "ours"
        for folder in (stock, ours):
            make_course(folder, folder == stock)
        written = submissions(source, release_notebook(source), count)
        batches = [range(first, min(first + batch, count)) for first in range(0, count, batch)]
        for group, numbers in enumerate(batches):
            for number in numbers:
                for folder in (stock, ours):
                    path = folder / "submitted" / f"g{group}-{number}" / LAB / "attention.ipynb"
                    path.parent.mkdir(parents=True)
                    nbformat.write(written[number], path)
        course = Course(ours)
        began = time.perf_counter()
        with Workers(course.settings(), workers) as team:
            team.warm()
            memory = Memory()
            memory.start()
            seconds["ours"] += time.perf_counter() - began
            for group, numbers in enumerate(batches):
                began = time.perf_counter()
                runs += grade_lab(
                    course, LAB, [f"g{group}-{number}" for number in numbers], workers=team
                )
                seconds["ours"] += time.perf_counter() - began
                began = time.perf_counter()
                nbgrader(stock, "autograde", LAB, "--student", f"g{group}-*")
                seconds["stock"] += time.perf_counter() - began
            memory.stop.set()
        fewer = check_scores(stock, ours)
    table = Table("", "seconds in all", "seconds a submission")
    for name, total in seconds.items():
        table.add_row(name, f"{total:.1f}", f"{total / count:.2f}")
    console.print(table)
    means = {phase: sum(run.seconds.get(phase, 0) for run in runs) / len(runs) for phase in PHASES}
    console.print(
        "ours, seconds a submission: "
        + ", ".join(f"{phase} {value:.2f}" for phase, value in means.items())
    )
    right = sum(verdict.passed for run in runs for verdict in run.verdicts)
    judged = sum(len(run.verdicts) for run in runs)
    console.print(
        f"{judged - right} of {judged} answers refused; hidden probes refused more than stock in {fewer} submissions"
    )
    ratio = seconds["stock"] / seconds["ours"]
    console.print(f"ratio {ratio:.2f} (goal: at least {GOAL:g})")
    console.print(f"memory of a worker {memory.most:.0f} MiB (goal: under {MEMORY_GOAL})")


def check_scores(stock: Path, ours: Path) -> int:
    """Make sure that both graded every submission, and that ours gave more points to none.

    Returns:
        To how many ours gave fewer, since hidden probes refused what public ones pass.
    """
    from nbgrader.api import Gradebook

    found = []
    for folder in (stock, ours):
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            found.append({s.student.id: s.score for s in gradebook.assignment_submissions(LAB)})
    theirs, own = found
    if theirs.keys() != own.keys() or any(own[one] > theirs[one] for one in own):
        raise SystemExit(f"The points differ: {theirs} and {own}.")
    return sum(own[one] < theirs[one] for one in own)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=30)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    measure(given.submissions, given.batch, given.workers)
