"""How long a student waits: importing the course, and a public check of every exercise.

Prints, for the machine it runs on, what `import llmlab` and `from autograder import check` cost beyond `import torch`,
and the time that a public check takes after import, for a right answer and for each misconception.

    python benchmarks/check_latency.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
IMPORTS = """
import time
began = time.perf_counter()
import torch
torch_done = time.perf_counter()
import llmlab
from autograder import check
print(torch_done - began, time.perf_counter() - torch_done)
"""
REPEATS = 5
IMPORT_LIMIT, CHECK_LIMIT, MEDIAN_LIMIT = 0.5, 1.0, 0.3


def imports() -> tuple[float, float]:
    """Give the median seconds of `import torch`, and of what the course adds, in fresh processes."""
    pairs = []
    for _ in range(REPEATS):
        run = subprocess.run(
            [sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, check=True
        )
        pairs.append(tuple(map(float, run.stdout.split())))
    torch_seconds, ours = zip(*pairs, strict=True)
    return statistics.median(torch_seconds), statistics.median(ours)


def checks() -> dict[str, list[float]]:
    """Give the seconds of one public check for each answer that is known, by exercise."""
    from autograder.exercise import Exercise
    from autograder.notebook.checking import verdict_on
    from tests.labs import EXERCISES, variants

    def seconds(exercise: Exercise, answer: object) -> float:
        # What the judge remembers of the reference is forgotten, as in a notebook that starts afresh.
        for remembered in _remembered():
            remembered.cache_clear()
        began = time.perf_counter()
        verdict_on(exercise, {exercise.name: answer})
        return time.perf_counter() - began

    # PyTorch loads its compiler with the first optimizer of a process, some two seconds. In lab 02 the widget that
    # stands before the first such exercise has done so.
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    found = {}
    for exercise in track(EXERCISES, "Checking", console=Console(stderr=True), transient=True):
        answers = [
            *variants()[exercise.id],
            *(one.implementation for one in exercise.misconceptions),
        ]
        found[exercise.id] = [seconds(exercise, answer) for answer in answers]
    return found


def _remembered() -> list[Any]:
    from autograder import judge

    return [judge._of_reference, judge._of_misconception]


def main() -> int:
    """Print the tables; return 1 if a limit is broken."""
    from llmlab.environment import examine

    console = Console()
    console.print(examine(), highlight=False)
    torch_seconds, ours = imports()
    console.print(
        f"\nimport torch: {torch_seconds:.2f} s; llmlab and autograder.check add {ours:.3f} s "
        f"(limit {IMPORT_LIMIT} s)"
    )
    table = Table(title="A public check, in milliseconds")
    for name, justify in (
        ("exercise", "left"),
        ("answers", "right"),
        ("median", "right"),
        ("slowest", "right"),
    ):
        table.add_column(name, justify=justify)
    found = checks()
    for exercise, times in found.items():
        median, slowest = statistics.median(times), max(times)
        table.add_row(exercise, str(len(times)), f"{1000 * median:.0f}", f"{1000 * slowest:.0f}")
    console.print(table)
    everything = [seconds for times in found.values() for seconds in times]
    median, slowest = statistics.median(everything), max(everything)
    console.print(
        f"{len(everything)} checks: median {median:.3f} s (limit {MEDIAN_LIMIT} s), "
        f"slowest {slowest:.3f} s (limit {CHECK_LIMIT} s)"
    )
    return int(ours > IMPORT_LIMIT or median > MEDIAN_LIMIT or slowest > CHECK_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
