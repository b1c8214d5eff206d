"""Grades a class: prepares each submission, runs them in parallel, keeps each result at once, records each once.

Workers are local processes or those of a Dask cluster. They are given jobs and give results; this process alone
reads and writes the course. So whenever it is killed, what was kept is whole, and a restart does what is missing.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib
import json
import multiprocessing
import os
import pwd
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autograder.errors import AutograderError, GradingError, UnreadableNotebook
from autograder.grading import cache
from autograder.grading.assignment import Assignment, course_seed
from autograder.grading.engine import Job, Result, Settings, grade, now, stopped
from autograder.grading.gradebook import Course
from autograder.grading.policy import with_policy
from autograder.grading.run import FOLDER, Run, Violation, load_history, save_run, write_whole
from autograder.grading.submission import (
    Files,
    Prepared,
    prepare,
    read_files,
    read_notebook_bytes,
    refused,
)
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
            # Spawned: a worker begins with nothing of this process, its open files and threads least of all.
            self._pool = ProcessPoolExecutor(
                self.count, multiprocessing.get_context("spawn"), _begin
            )
        return self._pool

    def run(self, jobs: Collection[Job]) -> Iterator[tuple[Job, Result]]:
        """Yield each job's result when it is there; a job whose worker dies is tried once more."""
        if self._dask is not None:
            yield from self._run_on_dask(jobs)
            return
        waiting, suspects = list(jobs), list[Job]()
        while waiting or suspects:
            # After a death nobody knows whose fault it was: each that was in work is tried by itself.
            alone = bool(suspects)
            source = suspects if alone else waiting
            in_work: dict[Future[Result], Job] = {}
            try:
                while source or in_work:
                    while source and len(in_work) < (1 if alone else 2 * self.count):
                        # It stays in the queue until it is handed over: a pool may have died by now.
                        in_work[self._local().submit(grade, source[0], self.settings)] = source[0]
                        del source[0]
                    done, _ = concurrent.futures.wait(in_work, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield in_work[future], _result_of(future, in_work[future])
                        del in_work[future]
            except BrokenProcessPool:
                self._pool = None
                if alone:
                    yield from ((job, _given_up(job)) for job in in_work.values())
                else:
                    suspects = list(in_work.values())

    def _run_on_dask(self, jobs: Collection[Job]) -> Iterator[tuple[Job, Result]]:
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
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the grader has ended, which SIGKILL does without a word, and end as it did.

    The sandboxes die with the process that made them, whatever it was doing.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - a worker has one
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


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
    ready = [_ready(course, assignment, student) for student in asked]
    runs: dict[str, Run] = {}

    def finish(one: Ready, result: Result) -> None:
        result = with_policy(result, one.prepared.notebook, workers.settings.policy)
        grade = recorded.get(one.student)
        terms = course.terms(one.student, one.assignment, grade.due if grade else due)
        result = replace(result, run=replace(result.run, terms=terms))
        earlier = history.get(one.student, ()) if grade else ()
        runs[one.student] = _finish(course, one, result, earlier)
        told(runs[one.student], len(runs), len(ready))

    by_student = {one.student: one for one in ready}
    jobs = [one.job for one in ready if one.job and not one.result]
    for one in ready:
        if one.result:
            finish(one, one.result)
    for job, result in workers.run(jobs):
        one = by_student[job.student]
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


def _ready(course: Course, assignment: Assignment, student: str) -> Ready:
    """Read one submission; whatever is wrong with it is its own affair."""
    folder = course.submission(student, assignment.name)
    files = Files({})
    try:
        prepared = _named_well(student, assignment) or _owned_well(folder, student, assignment)
        if prepared is None:
            files = read_files(folder)
            prepared = _read(course, folder, assignment)
    except Exception as error:
        reason = f"The submission could not be read ({type(error).__name__}: {str(error)[:200]})."
        prepared = refused(assignment, "unreadable", reason)
    if prepared.outcome != "graded":
        run = cache.refusal(student, assignment, prepared, files)
        result = Result(run, refusal_outputs(prepared.notebook, prepared.reason))
        return Ready(student, assignment, prepared, files, "", None, result)
    if unreadable := course.unreadable_time(student, assignment.name):
        about = Violation("form", "timestamp.txt", unreadable)
        prepared = replace(prepared, violations=(*prepared.violations, about))
    base = cache.base_key(assignment, prepared.notebook, files)
    kept = cache.find(course.root, base, assignment)
    job = cache.job_of(student, assignment, prepared, files, base, kept)
    fresh = cache.of_student(kept.result, job) if kept and not kept.stale else None
    return Ready(student, assignment, prepared, files, base, job, fresh)


def _read(course: Course, folder: Path, assignment: Assignment) -> Prepared:
    name = f"{assignment.notebook}.ipynb"
    others = sorted(path.name for path in folder.glob("*.ipynb") if path.name != name)
    named = f"There is also {', '.join(others)[:200]}" if others else ""
    path = folder / name
    if not os.path.lexists(path):
        reason = f"There is no {name} in the submission." + (f" {named}." if named else "")
        return refused(assignment, "missing", reason)
    try:
        data = read_notebook_bytes(path)
    except UnreadableNotebook as error:
        return refused(assignment, "unreadable", str(error))
    prepared = prepare(data, assignment, course.sanitizer(assignment.name, assignment.notebook))
    if named and prepared.outcome == "graded":
        reason = " ".join(filter(None, [prepared.reason, f"{named}, which was not graded."]))
        return replace(prepared, reason=reason)
    return prepared


def _named_well(student: str, assignment: Assignment) -> Prepared | None:
    if student.strip() == student and student.isprintable() and not student.startswith("."):
        return None
    reason = f"The folder's name {student!r} is no name of a student that nbgrader can keep."
    return refused(assignment, "refused", reason)


def _owned_well(folder: Path, student: str, assignment: Assignment) -> Prepared | None:
    """Refuse a submission whose files belong to another user of this machine than its student or the grader.

    Where files change hands on their way (nbgrader's collecting copies them), the collecting refuses them: see
    `autograder.classroom.collect`.
    """
    mine = {os.geteuid(), os.lstat(folder.parent.parent).st_uid}
    with contextlib.suppress(KeyError):
        mine.add(pwd.getpwnam(student).pw_uid)
    for path in (folder, *sorted(folder.glob("*.ipynb"))):
        owner = os.lstat(path).st_uid
        if owner not in mine:
            with contextlib.suppress(KeyError):
                name = pwd.getpwuid(owner).pw_name
                # The reason comes into the feedback, where no other student is named.
                filed = f"It is filed under {student!r}, and {path.name} belongs to"
                violation = Violation("wrong owner", path.name, f"{filed} the user {name!r}.")
                return refused(assignment, "refused", f"{filed} another user.", (violation,))
    return None


def _finish(course: Course, one: Ready, result: Result, earlier: tuple[Run, ...]) -> Run:
    """Record a result, unless it is recorded already by an earlier run, and note the run."""
    lab, run = one.assignment.name, result.run
    last = earlier[-1] if earlier else None
    same = last and _standing(last) == _standing(run)
    if last and same and course.is_filed(one.student, lab):
        # It cost nothing this time.
        return replace(last, seconds={})
    started = time.monotonic()
    try:
        course.record(
            one.student, one.assignment, one.prepared.notebook, result.outputs, one.files.contents
        )
    except Exception as error:
        run = replace(run, outcome="stopped", reason=str(error), verdicts=(), fault="grader")
    seconds = run.seconds | {"record": round(time.monotonic() - started, 3)}
    run = replace(run, seconds=seconds)
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
