"""Send 100 MB of text through the whole pipeline, and measure each step and the memory.

    python benchmarks/data_pipeline.py [megabytes]

The corpus is made on the spot: WikiText-2 where LLMLAB_DATA names it, the documentation
of Python, and little stories up to the size that is asked for; then half of the pages are
spoiled, as the web spoils them. Each figure comes from a fresh process. Memory is the proportional set
size of the process and its children together, looked at ten times a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from llmlab.data.report import Report
from llmlab.data.steps import Removed, Step

MEGABYTE = 1_000_000
PROCESSES = 2
STEP_SIZE = 5 * MEGABYTE
PEER_SIZE = 2 * MEGABYTE
QUESTIONS = 500
NEAR = 0.85


def main(megabytes: float) -> None:
    """Run all measurements and print them."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=120)
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        run("write", folder, str(megabytes))
        steps = Table("step", "MB/s of one core", "removed")
        for row in run("steps", folder)["rows"]:
            steps.add_row(*row)
        console.print(steps)
        peers = run("peers", folder)
        table = Table("near duplicates", "MB/s of one core", "pairs")
        for name, speed, pairs in peers["rows"]:
            table.add_row(name, speed, pairs)
        console.print(table, peers["agreement"], sep="\n")
        whole = Table(
            "whole pipeline", "MB", "seconds", "of them computed", "MB/s", "peak MB", "kept"
        )
        for name in ("dataset", "stream short", "stream long"):
            whole.add_row(*run(name, folder)["row"])
        console.print(whole)


def run(name: str, folder: str, *more: str) -> dict[str, Any]:
    """Run one measurement in a Python of its own."""
    # What datasets caches goes with the folder.
    environment = {**os.environ, "HF_HOME": folder}
    command = [sys.executable, __file__, name, folder, *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"The measurement {name!r} failed.")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# --- the corpus -------------------------------------------------------------------------------


def good_texts() -> Iterator[str]:
    """Yield real texts of a page's length, and then stories without end."""
    from llmlab.data import texts

    if os.environ.get("LLMLAB_DATA"):
        for part in ("valid", "test"):
            for article in texts("wikitext-2", part):
                yield from (part for part in article.split(" \n \n ") if len(part) > 1_000)
    yield from texts("python", "documentation")
    yield from texts("tales", seed=1)


def questions() -> list[str]:
    """Give the questions of a test that some pages quote."""
    from llmlab.data import rows

    return [row["question"] for row in islice(rows("arithmetic", seed=2), QUESTIONS)]


def write(folder: Path, megabytes: float) -> dict[str, Any]:
    """Write the raw corpus."""
    from llmlab.data import pages

    size = 0
    with (folder / "raw.jsonl").open("w", encoding="utf-8") as file:
        for page in pages(good_texts(), 1, questions=questions()):
            file.write(json.dumps({"text": page.text}, ensure_ascii=False) + "\n")
            size += len(page.text.encode())
            if size >= megabytes * MEGABYTE:
                return {"size": size}
    return {"size": size}


def raw_texts(folder: Path, size: int, skip: int = 0) -> list[str]:
    """Read the last part of the corpus, up to a size, for what is measured on less than all."""
    from llmlab.data import read_documents

    found, total = [], 0
    for text in islice(read_documents(folder / "raw.jsonl"), skip, None):
        found.append(text)
        total += len(text.encode())
        if total >= size:
            break
    return found


def bytes_of(texts: list[str]) -> float:
    """Give the size of texts in megabytes."""
    return sum(len(text.encode()) for text in texts) / MEGABYTE


# --- the measurements -------------------------------------------------------------------------


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Run something; give the seconds of processor time that it took, and what it gave."""
    start = processor_seconds()
    result = action()
    return processor_seconds() - start, result


def processor_seconds() -> float:
    """Give the processor time of this process and of the children that have ended.

    What one step or one peer takes is told by that; other work on the machine does not change it.
    """
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class PeakMemory:
    """Looks at the clock, and at the memory of this process and its children, while something runs."""

    def __enter__(self) -> PeakMemory:
        self.megabytes, self._over = 0.0, threading.Event()
        self._start = time.perf_counter()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        import psutil

        own = psutil.Process()
        while not self._over.wait(0.1):
            total = 0
            for process in (own, *own.children(recursive=True)):
                # A child may be gone by the time that one looks.
                try:
                    memory = process.memory_full_info()
                except psutil.Error:
                    continue
                total += getattr(memory, "pss", memory.rss)
            self.megabytes = max(self.megabytes, total / MEGABYTE)


def apply(step: Step, texts: list[str]) -> list[str | Removed]:
    """Send texts through one step."""
    return [step.apply(text) for text in texts]


def steps(folder: Path) -> dict[str, Any]:
    """Measure each step, on what the steps before it have left."""
    from llmlab.data import QualityClassifier, default_steps, sample
    from llmlab.data.minhash import MinHasher, content_number, near_duplicates

    texts = raw_texts(folder, STEP_SIZE)
    classifier = QualityClassifier.train(sample("tales", 300), texts[:300], seed=0)
    rows = []
    for step in default_steps(evaluation=questions(), classifier=classifier):
        size, before = bytes_of(texts), len(texts)
        step.apply(texts[0])  # What is loaded once is not the step's.
        seconds, results = timed(partial(apply, step, texts))
        # The classifier is measured here, and has been trained on too little to choose.
        if step.name != "quality classifier":
            texts = [result for result in results if not isinstance(result, Removed)]
        rows.append((step.name, f"{size / seconds:.1f}", f"{before - len(texts):,}"))
    size, hasher = bytes_of(texts), MinHasher()
    seconds, numbers = timed(lambda: [content_number(text) for text in texts])
    copies = len(numbers) - len({*numbers})
    rows.append(("copies", f"{size / seconds:.1f}", f"{copies:,}"))

    def near() -> int:
        first = near_duplicates(hasher.signatures(texts), hasher)
        return sum(int(one != own) for own, one in enumerate(first))

    seconds, removed = timed(near)
    rows.append(("near copies", f"{size / seconds:.1f}", f"{removed - copies:,}"))
    return {"rows": rows}


def peers(folder: Path) -> dict[str, Any]:
    """Find near duplicates with ours and with datasketch, in turns, and compare the pairs."""
    import datasketch

    from llmlab.data import MinHasher, near_pairs, resemblance, shingles

    texts = raw_texts(folder, PEER_SIZE)
    size, hasher = bytes_of(texts), MinHasher()

    def ours() -> set[tuple[int, int]]:
        return near_pairs(hasher.signatures(texts), hasher, 0.0)

    def theirs() -> set[tuple[int, int]]:
        index = datasketch.MinHashLSH(num_perm=112, params=(hasher.bands, hasher.rows))
        pairs = set()
        for number, text in enumerate(texts):
            sketch = datasketch.MinHash(num_perm=112, seed=1)
            sketch.update_batch([" ".join(shingle).encode() for shingle in shingles(text)])
            pairs |= {(other, number) for other in index.query(sketch)}
            index.insert(number, sketch)
        return pairs

    best = {"llmlab": float("inf"), "datasketch": float("inf")}
    found = {}
    for _ in range(3):
        for name, action in (("llmlab", ours), ("datasketch", theirs)):
            seconds, found[name] = timed(action)
            best[name] = min(best[name], seconds)
    either = found["llmlab"] | found["datasketch"]
    near = {pair for pair in either if resemblance(texts[pair[0]], texts[pair[1]]) >= NEAR}
    both = near & found["llmlab"] & found["datasketch"]
    return {
        "rows": [
            (name, f"{size / seconds:.2f}", f"{len(found[name]):,}")
            for name, seconds in best.items()
        ],
        "agreement": f"{len(both):,} of {len(near):,} pairs that resemble each other by at least "
        f"{NEAR} are found by both; what resembles less is found by chance",
    }


def dataset(folder: Path) -> dict[str, Any]:
    """Clean the whole corpus on several processes."""
    import datasets

    from llmlab.data import clean_dataset, default_steps

    datasets.disable_progress_bars()
    raw = datasets.load_dataset("json", data_files=str(folder / "raw.jsonl"), split="train")
    steps = default_steps(evaluation=questions())
    with PeakMemory() as peak:
        seconds, (_, report) = timed(lambda: clean_dataset(raw, steps, num_proc=PROCESSES))
    return {"row": _row(f"dataset, {PROCESSES} processes", report, seconds, peak)}


def stream(folder: Path, share: float) -> dict[str, Any]:
    """Clean a share of a tenth of the corpus as a stream."""
    import datasets

    from llmlab.data import clean_stream, default_steps

    path = folder / "raw.jsonl"
    rows = datasets.load_dataset("json", data_files=str(path), split="train", streaming=True)
    total = sum(1 for _ in path.open(encoding="utf-8"))
    cleaned, report = clean_stream(
        rows.take(int(total * share)), default_steps(evaluation=questions())
    )
    with PeakMemory() as peak:
        seconds, _ = timed(lambda: sum(1 for _ in cleaned))
    return {"row": _row("stream, 1 process", report, seconds, peak)}


def _row(name: str, report: Report, seconds: float, peak: PeakMemory) -> tuple[str, ...]:
    size = report.characters_in / MEGABYTE
    figures = (f"{size:.0f}", f"{peak.seconds:.0f}", f"{seconds:.0f}", f"{size / peak.seconds:.2f}")
    return (name, *figures, f"{peak.megabytes:,.0f}", f"{report.documents_out:,}")


MEASUREMENTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "steps": steps,
    "peers": peers,
    "dataset": dataset,
    "stream short": lambda folder: stream(folder, 0.05),
    "stream long": lambda folder: stream(folder, 0.1),
}


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main(100)
        case [megabytes]:
            main(float(megabytes))
        case ["write", folder, megabytes]:
            print(json.dumps(write(Path(folder), float(megabytes))))
        case [name, folder]:
            print(json.dumps(MEASUREMENTS[name](Path(folder))))
