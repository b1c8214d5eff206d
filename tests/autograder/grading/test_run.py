"""What grading keeps about a submission survives the way to the disk, and nothing else is believed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import DamagedRun
from autograder.grading import Run, Violation, load_history, load_runs, save_run
from autograder.grading.run import runs_folder
from autograder.judging.judge import Verdict
from autograder.reading import Finding, Weight

VERDICT = Verdict(
    "attention.embed", "wrong", 0, 2, "It is wrong.", "picks_columns", (("Tried", "it"),), ("n",), 3
)
RUN = Run(
    "ada",
    "05_attention",
    "key",
    "first",
    "graded",
    verdicts=(VERDICT,),
    violations=(Violation("network", "cell 3", "The code asked for a network."),),
    seconds={"start": 0.1, "run": 2.0, "judge": 0.0},
    finished="2026-11-25T10:00:00+00:00",
    findings=(Finding("magic", "cell 2", "`%tiem` is not known here.", Weight.NOTE, 1, "%tiem x"),),
    terms="terms",
)


def changed(**values: Any) -> Run:
    return Run(**({name: getattr(RUN, name) for name in RUN.__dataclass_fields__} | values))


def test_a_run_comes_back_from_json_as_it_was() -> None:
    assert Run.from_json(json.loads(json.dumps(RUN.to_json()))) == RUN


DAMAGE = {
    "no object": lambda data: [data],
    "a field is missing": lambda data: data.pop("student"),
    "a field too many": lambda data: data.update(more=1),
    "a number for a name": lambda data: data.update(student=7),
    "no such outcome": lambda data: data.update(outcome="excellent"),
    "no such phase": lambda data: data["seconds"].update(lunch=1.0),
    "seconds that are text": lambda data: data["seconds"].update(run="1"),
    "seconds that are no number": lambda data: data["seconds"].update(run=float("nan")),
    "a time that is none": lambda data: data.update(finished="yesterday"),
    "verdicts that are no list": lambda data: data.update(verdicts="many"),
    "a verdict without a status": lambda data: data["verdicts"][0].pop("status"),
    "no such status": lambda data: data["verdicts"][0].update(status="perfect"),
    "points that are infinite": lambda data: data["verdicts"][0].update(points=float("inf")),
    "points below zero": lambda data: data["verdicts"][0].update(points=-1),
    "points that are a truth value": lambda data: data["verdicts"][0].update(points=True),
    "a fact of three parts": lambda data: data["verdicts"][0].update(facts=[["a", "b", "c"]]),
    "a note that is no text": lambda data: data["verdicts"][0].update(notes=[1]),
    "a violation that is text": lambda data: data.update(violations=["network"]),
    "a finding of no weight": lambda data: data["findings"][0].update(weight="heavy"),
    "a finding's line that is text": lambda data: data["findings"][0].update(line="1"),
    "nobody's fault": lambda data: data.update(fault="teacher"),
    "a violation without a kind": lambda data: data["violations"][0].update(kind=None),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_run_out_of_form_is_refused(damage: Any) -> None:
    data = copy.deepcopy(json.loads(json.dumps(RUN.to_json())))
    replaced = damage(data)
    with pytest.raises(DamagedRun):
        Run.from_json(replaced if isinstance(replaced, list) else data)


def test_each_new_submission_counts_as_an_attempt_and_a_regrade_does_not(tmp_path: Path) -> None:
    save_run(tmp_path, RUN)
    save_run(tmp_path, changed(key="other seed"))
    save_run(tmp_path, changed(submission="second", verdicts=()))
    save_run(tmp_path, changed(student="bob"))
    history = load_history(tmp_path, RUN.lab)
    assert {student: len(runs) for student, runs in history.items()} == {"ada": 2, "bob": 1}
    assert [run.key for run in history["ada"]] == ["other seed", "key"]
    assert [run.submission for run in load_runs(tmp_path, RUN.lab)] == ["second", "first"]
    assert load_runs(tmp_path, "06_transformer") == []


@pytest.mark.parametrize(
    "student", ["..", "a\nb", "a/../../b", "<b>", "é", "%2e", "x" * 200, "\n" * 250]
)
def test_a_students_name_leads_nowhere_else(student: str, tmp_path: Path) -> None:
    save_run(tmp_path, changed(student=student))
    assert [run.student for run in load_runs(tmp_path, RUN.lab)] == [student]
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.parent == runs_folder(tmp_path, RUN.lab)


def test_a_run_of_the_first_schema_is_read_with_what_it_lacks(tmp_path: Path) -> None:
    save_run(tmp_path, RUN)
    (file,) = runs_folder(tmp_path, RUN.lab).iterdir()
    data = json.loads(file.read_text())
    data["schema"] = 1
    for name in ("findings", "fault", "terms"):
        del data["runs"][0][name]
    del data["runs"][0]["verdicts"][0]["held"]
    file.write_text(json.dumps(data))
    assert load_runs(tmp_path, RUN.lab) == [changed(findings=(), terms="")]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 3, "runs": []}', "[" * 100_000])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    save_run(tmp_path, RUN)
    (file,) = runs_folder(tmp_path, RUN.lab).iterdir()
    file.write_text(text)
    with pytest.raises(DamagedRun, match=r"ada\.json"):
        load_runs(tmp_path, RUN.lab)


def test_points_add_up() -> None:
    right = Verdict("attention.embed", "passed", 2, 2, "Right.")
    assert changed(verdicts=(VERDICT, right, right)).points == 4
