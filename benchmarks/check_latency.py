"""How long a student waits: importing the course, and a public check of every exercise.

Prints, for the machine it runs on, what `import llmlab` and `from autograder import check` cost beyond `import torch`,
how long a check takes that passes (for each right answer that is known), and how long one that fails takes to explain,
beyond the time of the answer's own probes (for each wrong answer of tests/answers).

    python benchmarks/check_latency.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from autograder.exercise import PUBLIC_SEED, register  # noqa: E402
from autograder.judging import diagnosis  # noqa: E402

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
IMPORT_LIMIT, MEDIAN_LIMIT, FAILING_LIMIT = 0.5, 0.3, 3.0


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


def passing() -> dict[str, list[float]]:
    """Give the seconds of one public check for each right answer that is known, by exercise."""
    from autograder.notebook.checking import verdict_on
    from tests.labs import EXERCISES, variants

    found = {}
    for exercise in track(EXERCISES, "Passing", console=Console(stderr=True), transient=True):
        found[exercise.id] = []
        for answer in variants()[exercise.id]:
            _forget()
            began = time.perf_counter()
            verdict_on(exercise, {exercise.name: answer})
            found[exercise.id].append(time.perf_counter() - began)
    return found


def failing() -> dict[str, list[float]]:
    """Give the seconds that explaining takes, beyond the answer's own probes, for each wrong answer of the readers."""
    from autograder.notebook.checking import verdict_on
    from autograder.student.answers import collect
    from benchmarks.answers import define, imports_of

    found: dict[str, list[float]] = {}
    files = sorted((ROOT / "tests" / "answers").glob("*.json"))
    for path in track(files, "Failing", console=Console(stderr=True), transient=True):
        content = json.loads(path.read_text("utf-8"))
        for number, answer in enumerate(content["answers"]):
            if answer["kind"] != "wrong":
                continue
            exercise = register.find(answer["exercise"])
            prelude = content["preludes"].get(answer["prelude"], "")
            names = define(number, [imports_of(path.stem), prelude, answer["code"]])
            began = time.perf_counter()
            collect(exercise, names, PUBLIC_SEED)
            probed = time.perf_counter() - began
            _forget()
            began = time.perf_counter()
            verdict_on(exercise, names)
            # Two runs of the same probes differ by a little, and no explanation takes less than nothing.
            beyond = max(0.0, time.perf_counter() - began - probed)
            found.setdefault(exercise.id, []).append(beyond)
    return found


def _forget() -> None:
    """Forget what the judge remembers of references and faults, as a notebook that starts afresh."""
    for remembered in (diagnosis.of_reference, diagnosis.of_misconception):
        remembered.cache_clear()


def show(title: str, found: dict[str, list[float]], console: Console) -> tuple[float, float]:
    """Print a row an exercise; return the median and the slowest of all."""
    table = Table(title=f"{title}, in milliseconds")
    table.add_column("exercise")
    for name in ("answers", "median", "slowest"):
        table.add_column(name, justify="right")
    for exercise, times in found.items():
        median, slowest = statistics.median(times), max(times)
        table.add_row(exercise, str(len(times)), f"{1000 * median:.0f}", f"{1000 * slowest:.0f}")
    console.print(table)
    everything = [seconds for times in found.values() for seconds in times]
    return statistics.median(everything), max(everything)


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
    # PyTorch loads its compiler with the first optimizer of a process, some two seconds. In lab 02 the widget that
    # stands before the first such exercise has done so.
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    median, slowest = show("A check that passes", passing(), console)
    console.print(
        f"passing: median {median:.3f} s (limit {MEDIAN_LIMIT} s), slowest {slowest:.3f} s"
    )
    usual, longest = show("A check that fails, beyond the answer's own probes", failing(), console)
    console.print(
        f"failing: median {usual:.3f} s, slowest {longest:.3f} s (limit {FAILING_LIMIT} s)"
    )
    return int(ours > IMPORT_LIMIT or median > MEDIAN_LIMIT or longest > FAILING_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
