"""Keeps the results of runs by what they depend on, so that no submission is run twice for the same answer.

One file a submission's content lies in `COURSE/.autograder/cache/LAB/`. It is found by a digest of the content, the
seed and the grader. In it each exercise's verdict stands beside that exercise's fingerprint: when an exercise
changes, its verdict alone is stale, and only its probes are run again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode

from autograder.errors import DamagedRun
from autograder.grading.apart import Apart
from autograder.grading.assignment import Assignment
from autograder.grading.engine import NO_EVIDENCE, Job, Result, Settings, grade, now
from autograder.grading.fingerprint import grader_version
from autograder.grading.intake import with_findings
from autograder.grading.policy import with_policy
from autograder.grading.run import FOLDER, Run, Violation, save_run, write_whole
from autograder.grading.submission import Files, Prepared, key_of
from autograder.judging.judge import Verdict

_SCHEMA = 1


def base_key(assignment: Assignment, notebook: NotebookNode, files: Files) -> str:
    """Stand for all that a run depends on, but for the exercises."""
    content = [key_of(notebook), files.digest]
    parts = [assignment.name, str(assignment.seed), grader_version(), *content]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def full_key(base: str, assignment: Assignment) -> str:
    """Stand for all that a run's verdicts depend on."""
    return hashlib.sha256(f"{base} {sorted(assignment.fingerprints.items())}".encode()).hexdigest()


def submission_key(prepared: Prepared, files: Files) -> str:
    """Stand for what a student handed in, and for nothing else."""
    return hashlib.sha256(f"{prepared.content} {files.digest}".encode()).hexdigest()


@dataclass(frozen=True)
class Kept:
    """A result that was kept, and the exercises whose verdicts in it no longer hold."""

    result: Result
    stale: tuple[str, ...]


def _file(course: Path, lab: str, base: str) -> Path:
    return course / FOLDER / "cache" / lab / f"{base}.json"


def keep(course: Path, base: str, assignment: Assignment, result: Result) -> None:
    """Keep a result; one that only an accident of the machine explains is not kept."""
    if result.run.outcome != "graded":
        return
    data = {
        "schema": _SCHEMA,
        "run": result.run.to_json(),
        "fingerprints": assignment.fingerprints,
        "outputs": result.outputs,
    }
    write_whole(_file(course, assignment.name, base), json.dumps(data).encode())


def find(course: Path, base: str, assignment: Assignment) -> Kept | None:
    """Find the result of a submission; a file that is damaged counts as none."""
    path = _file(course, assignment.name, base)
    try:
        data = json.loads(path.read_bytes())
        if data["schema"] != _SCHEMA:
            return None
        run, outputs, fingerprints = (
            Run.from_json(data["run"]),
            data["outputs"],
            data["fingerprints"],
        )
    except (OSError, ValueError, KeyError, TypeError, DamagedRun):
        return None
    judged = {verdict.exercise for verdict in run.verdicts}
    stale = tuple(
        name
        for name, print_ in assignment.fingerprints.items()
        if fingerprints.get(name) != print_ or name not in judged
    )
    return Kept(Result(run, outputs), stale)


def job_of(
    student: str,
    assignment: Assignment,
    prepared: Prepared,
    files: Files,
    base: str,
    kept: Kept | None,
) -> Job:
    """Make the job that grades a submission, or what of it is stale."""
    known: dict[str, Verdict] = {}
    if kept:
        # Why a kernel handed over nothing is no part of a verdict: where anything is run, it is asked again.
        unseen = {one.where for one in kept.result.run.violations if one.kind == NO_EVIDENCE}
        known = {
            verdict.exercise: verdict
            for verdict in kept.result.run.verdicts
            if verdict.exercise in assignment.fingerprints
            and verdict.exercise not in (*kept.stale, *unseen)
        }
    return Job(
        student,
        assignment,
        json.dumps(prepared.notebook),
        files.contents,
        full_key(base, assignment),
        submission_key(prepared, files),
        prepared.reason,
        (*prepared.violations, *files.left_out),
        known,
    )


def of_student(result: Result, job: Job) -> Result:
    """Give a kept result to the student whose submission has the same content."""
    run = replace(
        result.run,
        student=job.student,
        submission=job.submission,
        key=job.key,
        reason=job.reason,
        violations=tuple(dict.fromkeys((*job.violations, *_own(result.run)))),
        seconds={},
        finished=now(),
    )
    return Result(run, result.outputs)


def _own(run: Run) -> tuple[Violation, ...]:
    """Name what a run itself showed, and not how the submission was filed."""
    return tuple(
        one for one in run.violations if one.kind not in ("changed check", "form", "wrong owner")
    )


def refusal(student: str, assignment: Assignment, prepared: Prepared, files: Files) -> Run:
    """Write the run of a submission that is not graded."""
    submission = submission_key(prepared, files)
    return Run(
        student,
        assignment.name,
        full_key(submission, assignment),
        submission,
        prepared.outcome,
        prepared.reason,
        violations=(*prepared.violations, *files.left_out),
        finished=now(),
        fault="grader" if prepared.outcome == "stopped" else "form",
    )


def cached_or_graded(
    course: Path,
    student: str,
    assignment: Assignment,
    prepared: Prepared,
    files: Files,
    settings: Settings,
    apart: Apart,
) -> Result:
    """Grade one prepared notebook here, unless its result is kept; keep the result, and note the run.

    Raises:
        SandboxUnavailable: No sandbox can be started here.
    """
    base = base_key(assignment, prepared.notebook, files)
    kept = find(course, base, assignment)
    job = job_of(student, assignment, prepared, files, base, kept)
    if kept and not kept.stale:
        result = of_student(kept.result, job)
    else:
        result = grade(with_findings(apart, job), settings)
        keep(course, base, assignment, result)
    result = with_policy(result, prepared.notebook, settings.policy)
    save_run(course, result.run)
    return result
