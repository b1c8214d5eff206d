"""Grades a class: prepares each submission, runs them in parallel, keeps each result at once, records each once.

Workers are local processes or those of a Dask cluster. They are given jobs and give results; this process alone
reads and writes the course. So whenever it is killed, what was kept is whole, and a restart does what is missing.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograder.errors import AutograderError, GradingError, TooCostly
from autograder.grading import cache
from autograder.grading.apart import Apart, end_with_parent, forked_afresh
from autograder.grading.assignment import Assignment, course_seed
from autograder.grading.engine import Job, Result, Settings, grade, now, stopped
from autograder.grading.gradebook import Course
from autograder.grading.intake import read_apart, record_apart, with_findings
from autograder.grading.policy import with_policy
from autograder.grading.run import (
    FOLDER,
    Fault,
    Run,
    Violation,
    load_history,
    save_run,
    write_whole,
)
from autograder.grading.submission import Files, Prepared, refused
from autograder.judging.execution import refusal_outputs
from autograder.sandbox import sandbox_works

Told = Callable[[Run, int, int], None]


@dataclass(frozen=True)
class Ready:
    """A submission that was read: a job, or a result where nothing needs to be run."""

    student: str
    assignment: Assignment
    prepared: Prepared
    files: Files
    base: str
    job: Job | None
    result: Result | None
    seconds: float = 0.0


class Workers:
    """Runs jobs somewhere, several at once.

    Args:
        settings: How submissions are run.
        count: How many local processes to use.
        dask: The address of a Dask scheduler, whose workers are used in their place.
    """

    def __init__(self, settings: Settings, count: int = 2, dask: str = "") -> None:
        self.settings, self.count = settings, count
        self._dask: Any = None
        self._pool: Executor | None = None
        if dask:
            self._dask = _dask_client(dask)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        if self._dask is not None:
            self._dask.close()

    def warm(self) -> None:
        """Start the local processes now, so that the first submission does not wait for them."""
        if self._dask is None:
            for _ in range(self.count):
                self._local().submit(_warm, self.settings)

    def _local(self) -> Executor:
        if self._pool is None:
            # A worker begins with nothing of this process, its open files and threads least of all.
            self._pool = ProcessPoolExecutor(self.count, forked_afresh(), _begin)
        return self._pool

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Yield each job's result when it is there; a job whose worker dies is tried once more."""
        if self._dask is not None:
            yield from self._run_on_dask(jobs)
            return
        coming, waiting, suspects = iter(jobs), list[Job](), list[Job]()
        while True:
            # After a death nobody knows whose fault it was: each that was in work is tried by itself.
            alone = bool(suspects)
            source = suspects if alone else waiting
            in_work: dict[Future[Result], Job] = {}
            try:
                while True:
                    while len(in_work) < (1 if alone else 2 * self.count):
                        if not alone and not source:
                            source.extend(itertools.islice(coming, 1))
                        if not source:
                            break
                        # It stays in the queue until it is handed over: a pool may have died by now.
                        in_work[self._local().submit(grade, source[0], self.settings)] = source[0]
                        del source[0]
                    if not in_work:
                        break
                    done, _ = concurrent.futures.wait(in_work, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield in_work[future], _result_of(future, in_work[future])
                        del in_work[future]
                if not alone:
                    return
            except BrokenProcessPool:
                self._pool = None
                if alone:
                    yield from ((job, _given_up(job)) for job in in_work.values())
                else:
                    suspects = list(in_work.values())

    def _run_on_dask(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        distributed = _distributed()
        futures: dict[Any, Job] = {
            self._dask.submit(grade, job, self.settings, pure=False, retries=1): job for job in jobs
        }
        for future in distributed.as_completed(futures):
            try:
                yield futures[future], _result_of(future, futures[future])
            except distributed.KilledWorker:
                yield futures[future], _given_up(futures[future])


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise GradingError(
            "Grading on a Dask cluster needs the package `distributed`; install it with `pip install distributed`."
        ) from None


def _dask_client(address: str) -> Any:
    try:
        return _distributed().Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise GradingError(f"There is no Dask scheduler at {address} ({error}).") from None


def _begin() -> None:
    """Make a worker ready: one thread a library is enough where several workers share the machine."""
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=end_with_parent, name="end-with-parent", daemon=True).start()


def _warm(settings: Settings) -> None:
    from autograder.sandbox.provisioner import warm_up

    if not settings.unsafe:
        warm_up(settings.environment, settings.readable, settings.threads)


def _result_of(future: Any, job: Job) -> Result:
    """Take a result; a fault of the grader's own is the row of the submission that brought it out."""
    try:
        result: Result = future.result()
    except (BrokenProcessPool, AutograderError):
        raise
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            raise
        reason = f"It could not be graded ({type(error).__name__}: {str(error)[:200]})."
        return stopped(job, reason, "grader")
    return result


def _given_up(job: Job) -> Result:
    reason = "The process that graded it was ended by the system, twice; look at its memory."
    return stopped(job, reason, "grader")


def grade_lab(
    course: Course,
    lab: str,
    students: Collection[str] = (),
    *,
    workers: Workers,
    new_seed: bool = False,
    told: Told = lambda run, done, total: None,
    waiting: Callable[[], None] = lambda: None,
) -> list[Run]:
    """Grade the submissions of one assignment, and record them in nbgrader's gradebook.

    One grader at a time works in a course: a second one waits for the first.

    Args:
        course: The course.
        lab: nbgrader's name of the assignment.
        students: Whose submissions; by default all.
        workers: Where they are run.
        new_seed: Whether to draw new inputs, which grades every submission anew.
        told: Is called with each run that is done, how many are done and how many there are.
        waiting: Is called when another grader is at work in the course.

    Returns:
        The run of each student, in the order of their names.

    Raises:
        GradingError: There is nothing to grade, or no such student.
        SandboxUnavailable: No sandbox can be started here, and the settings ask for one.
    """
    if not workers.settings.unsafe:
        sandbox_works()
    with course.alone(waiting):
        return _grade_alone(course, lab, students, workers, new_seed, told)


def _grade_alone(
    course: Course,
    lab: str,
    students: Collection[str],
    workers: Workers,
    new_seed: bool,
    told: Told,
) -> list[Run]:
    if new_seed:
        course_seed(course.root, lab, new=True)
    assignment = _only(course.assignments(lab), lab)
    asked = _asked(course, lab, students)
    history = load_history(course.root, lab)
    recorded, due = course.grades(lab), course.due(lab)
    waiting: dict[str, Ready] = {}
    runs: dict[str, Run] = {}

    def finish(one: Ready, result: Result) -> None:
        result = with_policy(result, one.prepared.notebook, workers.settings.policy)
        grade = recorded.get(one.student)
        terms = course.terms(one.student, one.assignment, grade.due if grade else due)
        result = replace(result, run=replace(result.run, terms=terms))
        earlier = history.get(one.student, ()) if grade else ()
        runs[one.student] = _finish(apart, course, one, result, earlier)
        told(runs[one.student], len(runs), len(asked))

    def jobs() -> Iterator[Job]:
        """Read the submissions while others are run: no more lie in memory than are in work."""
        for student in asked:
            one = _ready(apart, course, assignment, student)
            if one.result:
                finish(one, one.result)
            elif one.job:
                waiting[student] = one
                yield one.job

    with Apart(course.budget()) as apart:
        for job, result in workers.run(jobs()):
            one = waiting.pop(job.student)
            cache.keep(course.root, one.base, assignment, result)
            finish(one, result)
    done = [runs[student] for student in sorted(runs)]
    write_summary(course.root, lab, done)
    return done


def _only(assignments: list[Assignment], lab: str) -> Assignment:
    if len(assignments) > 1:
        raise GradingError(
            f"{lab} has {len(assignments)} notebooks; grade it with `nbgrader autograde {lab}`, which uses the "
            "same sandbox."
        )
    return assignments[0]


def _asked(course: Course, lab: str, students: Collection[str]) -> list[str]:
    there = course.submitted(lab)
    if unknown := sorted(set(students) - set(there)):
        raise GradingError(
            f"{', '.join(unknown)} handed in nothing for {lab}; `nbgrader collect {lab}` fetches submissions."
        )
    if not there:
        raise GradingError(
            f"Nobody handed in {lab}: there is no folder of it in {course.root / 'submitted'}. Run `nbgrader "
            f"collect {lab}` first."
        )
    return sorted(students or there)


def _ready(apart: Apart, course: Course, assignment: Assignment, student: str) -> Ready:
    """Read one submission; whatever is wrong with it is its own affair."""
    started = time.monotonic()
    try:
        one = _read(apart, course, assignment, student)
    except GradingError as error:
        prepared = refused(assignment, "stopped", str(error))
        one = _turned_down(student, assignment, prepared, Files({}))
    return replace(one, seconds=_since(started))


def _read(apart: Apart, course: Course, assignment: Assignment, student: str) -> Ready:
    prepared, files = read_apart(apart, course, assignment, student)
    if prepared.outcome != "graded":
        return _turned_down(student, assignment, prepared, files)
    if unreadable := course.unreadable_time(student, assignment.name):
        about = Violation("form", "timestamp.txt", unreadable)
        prepared = replace(prepared, violations=(*prepared.violations, about))
    base = cache.base_key(assignment, prepared.notebook, files)
    kept = cache.find(course.root, base, assignment)
    job = cache.job_of(student, assignment, prepared, files, base, kept)
    if kept and not kept.stale:
        fresh = cache.of_student(kept.result, job)
        return Ready(student, assignment, prepared, files, base, job, fresh)
    return Ready(student, assignment, prepared, files, base, with_findings(apart, job), result=None)


def _turned_down(student: str, assignment: Assignment, prepared: Prepared, files: Files) -> Ready:
    run = cache.refusal(student, assignment, prepared, files)
    result = Result(run, refusal_outputs(prepared.notebook, prepared.reason))
    return Ready(student, assignment, prepared, files, "", None, result)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _finish(
    apart: Apart, course: Course, one: Ready, result: Result, earlier: tuple[Run, ...]
) -> Run:
    """Record a result, unless it is recorded already by an earlier run, and note the run."""
    lab, run = one.assignment.name, result.run
    if not one.job and run.fault == "grader":
        # Nothing is known of this submission, so nothing is written of it, and the next grading reads it again.
        return run
    last = earlier[-1] if earlier else None
    same = last and _standing(last) == _standing(run)
    if last and same and course.is_filed(one.student, lab):
        # It cost nothing this time.
        return replace(last, seconds={})
    started = time.monotonic()
    seconds = {"read": one.seconds} | run.seconds
    try:
        record_apart(
            apart,
            course,
            one.student,
            one.assignment,
            one.prepared,
            result.outputs,
            one.files.contents,
        )
    except AutograderError as error:
        fault: Fault = "form" if isinstance(error, TooCostly) else "grader"
        run = replace(run, outcome="stopped", reason=str(error), verdicts=(), fault=fault)
    run = replace(run, seconds=seconds | {"record": _since(started)})
    save_run(course.root, run)
    return run


def _standing(run: Run) -> tuple[object, ...]:
    """Name what a recorded grade is a function of."""
    points = [(one.exercise, one.points, one.held) for one in run.verdicts]
    return run.key, run.outcome, run.reason, run.terms, points


def summary_file(course: Path, lab: str) -> Path:
    """Name the summary of the last grading of a lab."""
    return course / FOLDER / f"{lab}.json"


def write_summary(course: Path, lab: str, runs: Collection[Run]) -> None:
    """Write what a grading came to, as JSON."""
    outcomes: dict[str, int] = {}
    for run in runs:
        outcomes[run.outcome] = outcomes.get(run.outcome, 0) + 1
    data = {
        "lab": lab,
        "finished": now(),
        "outcomes": outcomes,
        "runs": [
            {
                "student": run.student,
                "outcome": run.outcome,
                "points": run.points,
                "reason": run.reason,
                "fault": run.fault,
                "held": list(run.held),
                "violations": [f"{one.kind}: {one.sentence}" for one in run.violations],
                "findings": [asdict(one) for one in run.findings],
                "seconds": run.seconds,
            }
            for run in runs
        ],
    }
    write_whole(summary_file(course, lab), (json.dumps(data, indent=1) + "\n").encode())
