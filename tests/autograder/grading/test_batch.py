"""A class is graded whole: each submission is its own row, nothing is run twice, no worker's death loses anything."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from typer.testing import CliRunner

from autograder.cli import app
from autograder.errors import GradingError
from autograder.grading import Run, load_history
from autograder.grading.assignment import course_seed
from autograder.grading.batch import Workers, grade_lab, summary_file
from autograder.sandbox import SandboxUnavailable
from tests.autograder.grading.conftest import FULL, LAB, SETTINGS, Classroom, Here, marked, solve
from tests.labs import ROOT

pytestmark = pytest.mark.usefixtures("sandbox")

ROWS: dict[str, tuple[str, str]] = {
    "ada": ("graded", ""),
    "corrupt": ("unreadable", "not JSON"),
    "latin": ("unreadable", "not UTF-8"),
    "missing": ("missing", "There is no welcome.ipynb"),
    "unknown kernel": ("graded", "'my-own'"),
    "extra": ("graded", "There is also other.ipynb"),
    "loud": ("graded", ""),
    "heavy": ("graded", ""),
    "other lab": ("wrong lab", "of the lab 05_attention"),
    "<b>'\"&": ("graded", ""),
}
MEGABYTE = 10**6


def loud(notebook: NotebookNode) -> None:
    solve(notebook)
    notebook.cells.insert(0, new_code_cell(f"print('x' * {50 * MEGABYTE})", id="loud"))


def heavy(notebook: NotebookNode) -> None:
    solve(notebook)
    output = new_output("stream", text="x" * 50 * MEGABYTE)
    notebook.cells.insert(0, new_code_cell("1", id="heavy", outputs=[output]))


def other_kernel(notebook: NotebookNode) -> None:
    solve(notebook)
    notebook.metadata["kernelspec"] = {"name": "my-own", "display_name": "x", "language": "python"}


@pytest.fixture(scope="module")
def team() -> Iterator[Workers]:
    with Workers(SETTINGS, 2) as workers:
        workers.warm()
        yield workers


def test_whatever_is_handed_in_is_a_row_of_its_own_and_the_others_are_graded(
    room: Classroom, team: Workers
) -> None:
    for student in ("ada", "extra", "<b>'\"&"):
        room.hand_in(student)
    (room.folder("extra") / "other.ipynb").write_text("{}")
    room.hand_in("unknown kernel", other_kernel)
    room.hand_in("loud", loud)
    room.hand_in("heavy", heavy)
    data = room.hand_in("corrupt").read_bytes()
    room.hand_in("corrupt").write_bytes(data[: len(data) // 2])
    (room.folder("latin") / "welcome.ipynb").write_bytes('{"cells": "é"}'.encode("latin-1"))
    room.folder("missing")
    path = ROOT / "labs" / "05_attention" / "attention.ipynb"
    (room.folder("other lab") / "welcome.ipynb").write_bytes(path.read_bytes())

    told: list[tuple[int, int]] = []
    runs = grade_lab(
        room.course,
        LAB.folder,
        workers=team,
        told=lambda run, done, total: told.append((done, total)),
    )
    assert [run.student for run in runs] == sorted(ROWS)
    for run in runs:
        outcome, reason = ROWS[run.student]
        assert (run.student, run.outcome) == (run.student, outcome)
        assert reason in run.reason
        assert run.points == (FULL if outcome == "graded" else 0)
    assert told == [(number, len(ROWS)) for number in range(1, len(ROWS) + 1)]
    # The question for a person has no points yet.
    assert room.scores() == {run.student: run.points for run in runs}
    for student in ("loud", "heavy"):
        (kept,) = (room.root / "autograded" / student).rglob("*.ipynb")
        assert kept.stat().st_size < 2 * MEGABYTE
    summary = json.loads(summary_file(room.root, LAB.folder).read_text("utf-8"))
    assert summary["outcomes"] == {"graded": 6, "unreadable": 2, "missing": 1, "wrong lab": 1}
    assert [one["student"] for one in summary["runs"]] == sorted(ROWS)


def slow(notebook: NotebookNode) -> None:
    solve(notebook)
    notebook.cells.insert(0, new_code_cell("import time; time.sleep(2)", id="slow"))


def test_what_was_graded_is_not_run_again(room: Classroom) -> None:
    here = Here(SETTINGS)
    room.hand_in("ada")
    room.hand_in("bob", lambda notebook: None)
    first = grade_lab(room.course, LAB.folder, workers=here)
    assert [job.student for job in here.ran] == ["ada", "bob"]
    again = grade_lab(room.course, LAB.folder, workers=here)
    assert again == [dataclasses.replace(run, seconds={}) for run in first]
    assert len(here.ran) == 2
    room.hand_in("bob", slow)
    second = grade_lab(room.course, LAB.folder, workers=here)
    assert [job.student for job in here.ran[2:]] == ["bob"]
    assert [run.points for run in second] == [FULL, FULL]
    # Who hands in what was graded for another is given the same verdicts.
    room.hand_in("carol", slow)
    assert [run.points for run in grade_lab(room.course, LAB.folder, workers=here)] == 3 * [FULL]
    assert len(here.ran) == 3
    assert {name: len(runs) for name, runs in load_history(room.root, LAB.folder).items()} == {
        "ada": 1,
        "bob": 2,
        "carol": 1,
    }


def fails_on_long_lists(notebook: NotebookNode) -> None:
    solve(notebook)
    code = "def average(numbers):\n    return sum(numbers) / min(len(numbers), 100)"
    marked(notebook, "welcome-average-answer").source = code


NEW_PROBE = '''

@private.probe
def many_numbers(implementation: Any, generator: torch.Generator) -> Any:
    """Two hundred numbers."""
    return implementation(torch.rand(200, generator=generator).tolist())
'''


def test_a_changed_exercise_is_graded_again_and_no_other(room: Classroom) -> None:
    here = Here(SETTINGS)
    room.hand_in("ada", fails_on_long_lists)
    (before,) = grade_lab(room.course, LAB.folder, workers=here)
    assert before.points == FULL
    hidden = room.root / "hidden" / LAB.folder / "average.py"
    hidden.write_text(hidden.read_text("utf-8") + NEW_PROBE)
    (after,) = grade_lab(room.course, LAB.folder, workers=here)
    assert set(here.ran[-1].known) == {"welcome.equal_share", "welcome.model_output"}
    assert {one.exercise: one.points for one in after.verdicts} == {
        "welcome.average": 0,
        "welcome.equal_share": 1,
        "welcome.model_output": 1,
    }
    assert room.scores() == {"ada": 2}
    # It is the same submission, so it counts as one attempt.
    assert len(load_history(room.root, LAB.folder)["ada"]) == 1


def test_a_new_seed_grades_every_submission_anew(room: Classroom) -> None:
    here = Here(SETTINGS)
    room.hand_in("ada")
    grade_lab(room.course, LAB.folder, workers=here)
    seed = course_seed(room.root, LAB.folder)
    grade_lab(room.course, LAB.folder, workers=here, new_seed=True)
    assert len(here.ran) == 2
    assert here.ran[1].known == {}
    assert course_seed(room.root, LAB.folder) != seed


def test_only_the_students_asked_for_are_graded(room: Classroom) -> None:
    here = Here(SETTINGS)
    for student in ("ada", "bob"):
        room.hand_in(student)
    (run,) = grade_lab(room.course, LAB.folder, ["bob"], workers=here)
    assert (run.student, [job.student for job in here.ran]) == ("bob", ["bob"])
    with pytest.raises(GradingError, match="carol handed in nothing"):
        grade_lab(room.course, LAB.folder, ["bob", "carol"], workers=here)


def test_without_submissions_it_says_where_they_come_from(room: Classroom) -> None:
    with pytest.raises(GradingError, match="nbgrader collect 00_welcome"):
        grade_lab(room.course, LAB.folder, workers=Here(SETTINGS))


def kill_workers(team: Workers) -> int:
    """Send SIGKILL to the processes of a team, and count them."""
    pids = list(getattr(team._pool, "_processes", None) or {})
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(pids)


def test_what_a_dead_worker_had_in_work_is_graded_by_another(room: Classroom) -> None:
    students = ["ada", "bob"]
    room.hand_in("ada")
    room.hand_in("bob", slow)
    deaths: list[int] = []

    def told(run: Run, done: int, total: int) -> None:
        if not deaths:
            deaths.append(kill_workers(team))

    with Workers(SETTINGS, 2) as team:
        runs = grade_lab(room.course, LAB.folder, workers=team, told=told)
    assert deaths == [2]
    assert [(run.student, run.outcome, run.points) for run in runs] == [
        (student, "graded", FULL) for student in students
    ]
    assert room.scores() == dict.fromkeys(students, FULL)


def test_a_submission_that_ends_every_worker_is_given_up_and_the_others_are_not(
    room: Classroom,
) -> None:
    room.hand_in("bob")
    room.hand_in("zoe", slow)
    stop = threading.Event()

    def hunt() -> None:
        while not stop.wait(0.2):
            kill_workers(team)

    with Workers(SETTINGS, 1) as team:
        grade_lab(room.course, LAB.folder, ["bob"], workers=team)
        hunter = threading.Thread(target=hunt)
        hunter.start()
        try:
            (run,) = grade_lab(room.course, LAB.folder, ["zoe"], workers=team)
        finally:
            stop.set()
            hunter.join()
    assert (run.outcome, run.points) == ("stopped", 0)
    assert "ended by the system, twice" in run.reason
    assert room.scores() == {"bob": FULL, "zoe": 0}


def test_a_class_is_graded_on_a_dask_cluster(room: Classroom) -> None:
    from distributed import LocalCluster

    for student in ("ada", "bob"):
        room.hand_in(student)
    room.hand_in("carol", lambda notebook: None)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Workers(SETTINGS, dask=cluster.scheduler_address) as team,
    ):
        team.warm()
        runs = grade_lab(room.course, LAB.folder, workers=team)
    assert [(run.outcome, run.points) for run in runs] == [
        ("graded", FULL),
        ("graded", FULL),
        ("graded", 0),
    ]
    assert room.scores() == {"ada": FULL, "bob": FULL, "carol": 0}


def test_an_address_without_a_scheduler_is_named() -> None:
    with pytest.raises(GradingError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        Workers(SETTINGS, dask="tcp://127.0.0.1:9")


def test_without_a_sandbox_nothing_is_run_unless_it_is_asked_for(
    room: Classroom, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room.hand_in("ada")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    command = ["grade", LAB.folder, "--course", str(room.root), "--workers", "1", "--json"]
    refused = CliRunner().invoke(app, command)
    assert isinstance(refused.exception, SandboxUnavailable)
    assert "--unsafe-no-sandbox" in str(refused.exception)
    assert not (room.root / "autograded").exists()
    done = CliRunner().invoke(app, [*command, "--unsafe-no-sandbox"])
    assert done.exit_code == 0, done.output
    (run,) = json.loads(done.stdout)["runs"]
    assert (run["outcome"], run["points"], run["violations"]) == ("graded", FULL, [])
