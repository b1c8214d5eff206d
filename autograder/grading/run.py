"""What grading found out about one submission, and where that is kept.

A course keeps one file a student and lab, `COURSE/.autograder/runs/LAB/STUDENT.json`. It lists a run for each
submission that the student handed in, oldest first: grading the same submission again replaces its run, and
a new submission adds one. So the number of runs in it is the number of attempts.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote

from autograder.errors import DamagedRun
from autograder.judging.judge import Status, Verdict
from autograder.reading import Finding, Weight

FOLDER = ".autograder"
_SCHEMA = 2
# A file's name has at most 255 bytes.
_LONGEST = 200

Outcome = Literal["graded", "unreadable", "changed", "wrong lab", "missing", "stopped", "refused"]
# Whose doing it is that a submission was not graded: its code's, its form's, or the grader's own.
Fault = Literal["", "student", "form", "grader"]
PHASES = ("read", "start", "run", "judge", "record")


@dataclass(frozen=True)
class Violation:
    """Something that a student's code did, or a submission was, and should not.

    Attributes:
        kind: `forbidden`, `network`, `changed check`, `left processes`, `timeout`, `limit`, `ended`, `form`,
            `no evidence` or `wrong owner`.
        where: The exercise's id, the cell or the file that it concerns.
        sentence: What happened, for the instructor.
    """

    kind: str
    where: str
    sentence: str


@dataclass(frozen=True)
class Run:
    """What grading found out about one submission.

    Attributes:
        student: Who handed it in.
        lab: The lab's folder, which is nbgrader's name of the assignment.
        key: Stands for all that the verdicts depend on: the submission, the exercises with their
            probes, the seed, the grader. Equal keys need no second run.
        submission: Stands for the content of what was handed in, and for nothing else.
        outcome: `graded`, or why it was not: the notebook is `unreadable`, its checks were `changed`, it is of
            the `wrong lab` or `missing`, its kernel was `stopped` before it began to answer, or it was
            `refused`. Only a graded submission has points.
        reason: Why it was not graded, in one sentence; empty when it was.
        verdicts: One for each exercise, in the order of the lab; none unless it was graded.
        violations: What is to be reported to the instructor.
        seconds: What it cost, by phase: `read`, `start`, `run`, `judge`, `record`.
        finished: When, in ISO 8601 with the time zone.
        findings: What a reading of the source found; it decides no points.
        fault: Whose doing it is that it was not graded; empty when it was.
        terms: Stands for what else the recorded grade depends on: points, time, policies.
    """

    student: str
    lab: str
    key: str
    submission: str
    outcome: Outcome
    reason: str = ""
    verdicts: tuple[Verdict, ...] = ()
    violations: tuple[Violation, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    finished: str = ""
    findings: tuple[Finding, ...] = ()
    fault: Fault = ""
    terms: str = ""

    @property
    def flagged(self) -> tuple[Finding, ...]:
        """The findings that a person should look at."""
        return tuple(one for one in self.findings if one.weight is not Weight.NOTE)

    @property
    def held(self) -> tuple[str, ...]:
        """The exercises whose points a person gives."""
        return tuple(one.exercise for one in self.verdicts if one.held)

    @property
    def points(self) -> float:
        """What it earns in all, before any penalty for lateness."""
        return sum(verdict.points for verdict in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """Write it as what JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Run:
        """Read what `to_json` wrote.

        Raises:
            DamagedRun: A field is missing, unknown, or not of its kind.
        """
        values = _checked(cls, data, "run")
        verdicts = tuple(_verdict(one) for one in _list(values["verdicts"], "verdicts"))
        violations = tuple(
            Violation(**_texts(_checked(Violation, one, "violation")))
            for one in _list(values["violations"], "violations")
        )
        seconds = values["seconds"]
        if not isinstance(seconds, dict) or not set(seconds) <= set(PHASES):
            raise DamagedRun(f"A run's seconds are {seconds!r}, not numbers for {PHASES}.")
        for value in seconds.values():
            _number(value, "second")
        for name, known in (("outcome", get_args(Outcome)), ("fault", get_args(Fault))):
            if values[name] not in known:
                raise DamagedRun(f"A run's {name} is {values[name]!r}, which is none.")
        findings = tuple(_finding(one) for one in _list(values["findings"], "findings"))
        nested = {"verdicts": verdicts, "violations": violations, "seconds": dict(seconds)}
        nested["findings"] = findings
        _texts({name: value for name, value in values.items() if name not in nested})
        try:
            datetime.fromisoformat(values["finished"])
        except ValueError:
            raise DamagedRun(
                f"A run finished at {values['finished']!r}, which is no time."
            ) from None
        return cls(**(values | nested))


def _checked(kind: Any, data: Any, name: str) -> dict[str, Any]:
    fields = {one.name for one in dataclasses.fields(kind)}
    if not isinstance(data, dict) or set(data) != fields:
        raise DamagedRun(f"A {name} must have the fields {sorted(fields)}, and no others.")
    return data


def _texts(values: dict[str, Any]) -> dict[str, str]:
    for name, value in values.items():
        if not isinstance(value, str):
            raise DamagedRun(f"The field `{name}` is {value!r}, and must be text.")
    return values


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise DamagedRun(f"The {name} are {value!r}, and must be a list.")
    return value


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DamagedRun(f"A {name} is {value!r}, and must be a number.")
    if value < 0:
        raise DamagedRun(f"A {name} is {value!r}, and must not be negative.")
    return value


def _finding(data: Any) -> Finding:
    values = _checked(Finding, data, "finding")
    _texts({name: value for name, value in values.items() if name != "line"})
    _number(values["line"], "finding's line")
    if values["weight"] not in list(Weight):
        raise DamagedRun(f"A finding's weight is {values['weight']!r}, which is none.")
    return Finding(**(values | {"weight": Weight(values["weight"])}))


def _verdict(data: Any) -> Verdict:
    values = _checked(Verdict, data, "verdict")
    facts = tuple(tuple(_list(pair, "facts")) for pair in _list(values["facts"], "facts"))
    notes = tuple(_list(values["notes"], "notes"))
    pieces = [*notes, *(text for pair in facts for text in pair)]
    if any(len(pair) != 2 for pair in facts) or not all(isinstance(text, str) for text in pieces):
        raise DamagedRun("A verdict's facts must be pairs of texts, and its notes texts.")
    named = ("exercise", "status", "sentence", "misconception", "reason", "place", "held")
    _texts({name: values[name] for name in named})
    if values["status"] not in get_args(Status):
        raise DamagedRun(f"A verdict's status is {values['status']!r}, which is none.")
    for name in ("points", "possible", "hints"):
        _number(values[name], f"verdict's {name}")
    return Verdict(**(values | {"facts": facts, "notes": notes}))


def runs_folder(course: Path, lab: str) -> Path:
    """Name the folder of a lab's runs."""
    return course / FOLDER / "runs" / lab


def file_name(student: str) -> str:
    """Write a student's name so that it can be a file's: it may hold a line break, or be of any length."""
    name = quote(student, safe="@+, ", errors="surrogatepass")
    if len(name) > _LONGEST:
        digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()
        name = f"{name[:_LONGEST]}-{digest[:16]}"
    return name


def _run_file(course: Path, lab: str, student: str) -> Path:
    return runs_folder(course, lab) / f"{file_name(student)}.json"


def save_run(course: Path, run: Run) -> None:
    """Keep a run: in the place of the one of the same submission, or after those of earlier ones."""
    path = _run_file(course, run.lab, run.student)
    earlier = _read(path) if path.exists() else []
    runs = [one for one in earlier if one.submission != run.submission]
    data = {"schema": _SCHEMA, "runs": [one.to_json() for one in [*runs, run]]}
    write_whole(path, (json.dumps(data, indent=1, allow_nan=False) + "\n").encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that whoever reads it sees all of it or none, whatever happens to the writer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _read(path: Path) -> list[Run]:
    try:
        data = json.loads(path.read_text("utf-8"))
        if not isinstance(data, dict) or data.get("schema") not in (1, _SCHEMA):
            raise DamagedRun(f"it is not of schema {_SCHEMA}.")
        runs = _list(data.get("runs"), "runs")
        return [Run.from_json(_of_today(one) if data["schema"] == 1 else one) for one in runs]
    except (OSError, ValueError, RecursionError, DamagedRun) as error:
        raise DamagedRun(
            f"{path} cannot be used ({str(error).rstrip('.')}); remove it, and grade the student again."
        ) from error


def _of_today(run: Any) -> Any:
    """Give a run of the first schema the fields that it lacks, so that no earlier grading is lost."""
    if not isinstance(run, dict) or not isinstance(run.get("verdicts"), list):
        return run
    verdicts = [{"held": ""} | one if isinstance(one, dict) else one for one in run["verdicts"]]
    return {"findings": [], "fault": "", "terms": ""} | run | {"verdicts": verdicts}


def _files(course: Path, lab: str) -> Iterator[Path]:
    yield from sorted(runs_folder(course, lab).glob("*.json"))


def load_history(course: Path, lab: str) -> dict[str, tuple[Run, ...]]:
    """Read each student's runs of a lab, one for each submission that was graded, oldest first.

    Raises:
        DamagedRun: A file cannot be used; the message names it.
    """
    histories = (tuple(_read(path)) for path in _files(course, lab))
    return {runs[-1].student: runs for runs in histories if runs}


def load_runs(course: Path, lab: str) -> list[Run]:
    """Read the run of each student's latest submission, in the order of the students' names.

    Raises:
        DamagedRun: A file cannot be used; the message names it.
    """
    return [runs[-1] for _, runs in sorted(load_history(course, lab).items())]
