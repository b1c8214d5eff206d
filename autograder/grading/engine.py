"""Runs one submission in a sandbox and judges it outside: the same for a class, for nbgrader and for its formgrader.

`grade` takes a `Job`, which holds all that it needs, and returns a `Result`, which holds all that came of it. Both
can be sent to another machine. It neither reads nor writes the course.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import re
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode

from autograder.grading.assignment import Assignment
from autograder.grading.intact import request
from autograder.grading.run import Fault, Run, Violation
from autograder.grading.submission import checks_of
from autograder.judging.execution import (
    JudgingClient,
    derived_seed,
    refusal_outputs,
    verdict_outputs,
)
from autograder.judging.judge import Verdict
from autograder.reading import Finding, Weight
from autograder.sandbox import Limits, SandboxUnavailable, sandboxed_manager

NO_EVIDENCE = "no evidence"
NO_EVIDENCE_SENTENCE = (
    "The kernel handed over no result of the check, or a part of the checker was replaced in it."
)
_NO_NETWORK = re.compile(
    r"Network is unreachable|Name or service not known|Temporary failure in name resolution|"
    r"Could not resolve host"
)


@dataclass(frozen=True)
class Settings:
    """How submissions are run.

    Attributes:
        limits: What one kernel may use.
        cell_seconds: How long one cell may take.
        readable: Further files and folders that kernels may read.
        environment: Variables of the kernels' environment.
        unsafe: Whether to run them without a sandbox, as this user.
        threads: Threads that the numerical libraries of one kernel may use; with several workers on a machine,
            more than one each wait for each other.
        policy: What a finding in the source leads to, by its weight: `ignore`, `flag` or `hold`.
    """

    limits: Limits = field(default_factory=Limits)
    cell_seconds: int = 180
    readable: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    unsafe: bool = False
    threads: int = 1
    policy: dict[str, str] = field(default_factory=lambda: {Weight.WITHHOLD: "hold"})

    def manager(self, wall_seconds: int | None = None) -> AsyncKernelManager | None:
        """Make the manager of one sandboxed kernel, which may have its own limit on wall time; else None."""
        if self.unsafe:
            return None
        limits = dataclasses.replace(
            self.limits, wall_seconds=wall_seconds or self.limits.wall_seconds
        )
        return sandboxed_manager(limits, self.readable, self.environment, True, self.threads)


def local_data() -> tuple[tuple[str, ...], dict[str, str]]:
    """Name what kernels may read of local data, and the variable that tells them: LLMLAB_DATA, where it is set."""
    folder = os.environ.get("LLMLAB_DATA", "")
    if not folder or not Path(folder).is_dir():
        return (), {}
    return (str(Path(folder).resolve()),), {"LLMLAB_DATA": str(Path(folder).resolve())}


@dataclass(frozen=True)
class Job:
    """One submission to run.

    Attributes:
        student: Who handed it in.
        assignment: What was released, with the seed and the hidden probes.
        notebook: The prepared notebook's text of JSON.
        files: The files beside it.
        key: Stands for all that the verdicts depend on.
        submission: Stands for what was handed in.
        reason: What was mended so that it can be graded.
        violations: What is known already.
        known: Verdicts of an earlier run that still hold, by exercise.
        findings: What a reading of its source found.
    """

    student: str
    assignment: Assignment
    notebook: str
    files: dict[str, bytes]
    key: str
    submission: str
    reason: str = ""
    violations: tuple[Violation, ...] = ()
    known: dict[str, Verdict] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Result:
    """What came of a job: the run, and the outputs of each cell of the prepared notebook."""

    run: Run
    outputs: list[list[dict[str, Any]]]


def now() -> str:
    """Tell the time as a run notes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def grade(job: Job, settings: Settings) -> Result:
    """Run one submission and judge it.

    Raises:
        SandboxUnavailable: No sandbox can be started here, and the settings ask for one.
    """
    watch = _Watch()
    try:
        return _graded(job, settings, watch)
    except SandboxUnavailable:
        raise
    except (
        Exception
    ) as error:  # whatever a kernel made of its protocol is its own row, and no other's
        fault: Fault = "student" if watch.stop else "grader"
        reason = watch.stop or f"Its kernel failed ({type(error).__name__}: {str(error)[:200]})."
        return stopped(job, reason, fault, watch.seconds())


def _graded(job: Job, settings: Settings, watch: _Watch) -> Result:
    notebook = nbformat.from_dict(json.loads(job.notebook))
    wanted = [one for one in job.assignment.fingerprints if one not in job.known]
    with _folder(job) as folder:
        found, seen = _run(notebook, folder, job, settings, wanted, watch)
    verdicts = job.known | found
    for number, name in checks_of(notebook).items():
        if name in verdicts:
            notebook.cells[number].outputs = verdict_outputs(verdicts[name])
    run = Run(
        job.student,
        job.assignment.name,
        job.key,
        job.submission,
        "graded",
        job.reason,
        tuple(verdicts[name] for name in job.assignment.fingerprints if name in verdicts),
        tuple(dict.fromkeys([*job.violations, *seen])),
        watch.seconds(),
        now(),
        (*_replaced(seen), *job.findings),
    )
    return Result(run, [list(cell.get("outputs", [])) for cell in notebook.cells])


def stopped(
    job: Job, reason: str, fault: Fault = "grader", seconds: dict[str, float] | None = None
) -> Result:
    """Write the result of a submission that could not be run to its end: no points, why, and whose doing it is."""
    violation = Violation("limit" if fault == "student" else "stopped", "kernel", reason)
    run = Run(
        job.student,
        job.assignment.name,
        job.key,
        job.submission,
        "stopped",
        reason,
        violations=tuple(dict.fromkeys([*job.violations, violation])),
        seconds=seconds or {},
        finished=now(),
        fault=fault,
    )
    return Result(run, refusal_outputs(nbformat.from_dict(json.loads(job.notebook)), reason))


class _Watch:
    """Takes the time of each phase, and holds why a kernel was stopped."""

    def __init__(self) -> None:
        self._marks: dict[str, float] = {"begin": time.monotonic()}
        self.stop = ""

    def mark(self, name: str) -> None:
        self._marks.setdefault(name, time.monotonic())

    def seconds(self) -> dict[str, float]:
        end = time.monotonic()
        ready = self._marks.get("ready", end)
        asked = self._marks.get("asked", end)
        return {
            "start": round(ready - self._marks["begin"], 3),
            "run": round(asked - ready, 3),
            "judge": round(end - asked, 3),
        }


@contextlib.contextmanager
def _folder(job: Job) -> Iterator[Path]:
    """Lay the submission's files into a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="llmlab-") as name:
        folder = Path(name).resolve()
        for relative, content in job.files.items():
            path = (folder / relative).resolve()
            if path.is_relative_to(folder):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        yield folder


def _run(
    notebook: NotebookNode,
    folder: Path,
    job: Job,
    settings: Settings,
    wanted: Collection[str],
    watch: _Watch,
) -> tuple[dict[str, Verdict], list[Violation]]:
    """Run a notebook, and again up to where it died if its end took earlier answers with it."""
    started = time.monotonic()
    verdicts, violations, client = _stretch(notebook, folder, job, settings, wanted, watch)
    unsettled, died_at = client.stretch.unsettled, client.stretch.died_at
    left = int(settings.limits.wall_seconds - (time.monotonic() - started))
    if unsettled and died_at and left > 0:
        # What came before the fatal cell is earned, and its hidden probes wait for a kernel that lives.
        before = nbformat.from_dict(notebook)
        before.cells = before.cells[:died_at]
        again, _, _ = _stretch(before, folder, job, settings, unsettled, watch, left)
        verdicts |= again
    return verdicts, violations


def _stretch(
    notebook: NotebookNode,
    folder: Path,
    job: Job,
    settings: Settings,
    wanted: Collection[str],
    watch: _Watch,
    wall_seconds: int | None = None,
) -> tuple[dict[str, Verdict], list[Violation], JudgingClient]:
    topic = job.assignment.topic
    client = JudgingClient(
        notebook,
        folder,
        settings.cell_seconds,
        seed=derived_seed(job.assignment.seed, "public"),
        hidden_seed=derived_seed(job.assignment.seed, "hidden"),
        hidden_sources=job.assignment.hidden,
        manager=settings.manager(wall_seconds),
        only=wanted,
        request=functools.partial(request, topic) if topic else str,
        unseen=job.assignment.sources,
    )
    manager: Any = client.km
    kept: dict[str, Any] = {"strangers": []}

    def on_ready(**_: object) -> None:
        watch.mark("ready")
        kept["provisioner"] = manager.provisioner

    def on_last_cell() -> None:
        watch.mark("asked")
        kept["strangers"] = getattr(manager.provisioner, "strangers", [])

    client.on_notebook_start, client.on_last_cell = on_ready, on_last_cell
    try:
        client.execute()
    finally:
        report = getattr(kept.get("provisioner"), "report", None)
        watch.stop = report.sentence if report and report.stop else ""
    violations = list(_seen(notebook, client, watch.stop, kept["strangers"]))
    return {one.exercise: one for one in client.verdicts}, violations, client


def _seen(
    notebook: NotebookNode, client: JudgingClient, stop: str, strangers: list[str]
) -> Iterator[Violation]:
    """Yield what a run shows of what the code did and should not."""
    stretch = client.stretch
    for number in dict.fromkeys(stretch.timeouts):
        yield Violation("timeout", _place(number), "The cell did not finish within its time limit.")
    if stop:
        yield Violation("limit", _place(stretch.died_at or 0), stop)
    elif stretch.died_at is not None:
        yield Violation("ended", _place(stretch.died_at), "The cell ended its Python process.")
    if strangers:
        names = ", ".join(sorted({name[:40] for name in strangers})[:5])
        yield Violation("left processes", "kernel", f"Processes were left running: {names}.")
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if _NO_NETWORK.search(f"{output.get('text', '')}{output.get('evalue', '')}"):
                yield Violation("network", _place(number), "The code asked for a network.")
    for name, kinds in client.failures.items():
        if kinds & {"forbidden", "reference"}:
            yield Violation(
                "forbidden", name, "The answer called what this exercise asks to do without."
            )
        if "no_evidence" in kinds:
            yield Violation(NO_EVIDENCE, name, NO_EVIDENCE_SENTENCE)


def _place(number: int) -> str:
    return f"cell {number + 1}"


def _replaced(seen: Collection[Violation]) -> Iterator[Finding]:
    """Yield what the run itself has shown of the checker in the kernel."""
    for one in seen:
        if one.kind == NO_EVIDENCE:
            yield Finding("checker", one.where, one.sentence, Weight.WITHHOLD)
