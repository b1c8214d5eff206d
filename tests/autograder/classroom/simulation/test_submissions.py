"""A simulated class is written beside its true scores, the same for the same seed, and replaces nobody's work."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.classroom.course import init_course
from autograder.classroom.simulation import draw, simulate, truth
from autograder.cli import app
from autograder.errors import SimulationRefused
from autograder.exercise import Lab
from autograder.exercise.cells import grade_id
from tests.autograder.classroom.simulation.conftest import answers_of, judged
from tests.labs import LABS, SOLUTIONS

WELCOME = LABS[0]
every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)


@every_lab
def test_every_lab_can_be_simulated_and_a_seed_draws_the_same_class(
    lab: Lab, tmp_path: Path
) -> None:
    course = tmp_path / "course"
    init_course(course, SOLUTIONS)
    simulate(course, lab, 12, seed=1)
    first = {path: path.read_bytes() for path in sorted(course.glob("submitted/*/*/*"))}
    assert len(first) == 12
    scores = truth(course, lab.folder)
    simulate(course, lab, 12, seed=1)
    assert first == {path: path.read_bytes() for path in sorted(course.glob("submitted/*/*/*"))}
    assert scores == truth(course, lab.folder)
    simulate(course, lab, 12, seed=2)
    assert first != {path: path.read_bytes() for path in sorted(course.glob("submitted/*/*/*"))}


def test_the_answers_of_a_submission_are_those_that_were_drawn(course: Path) -> None:
    simulate(course, WELCOME, 25, seed=3)
    record = json.loads((course / "simulated" / "00_welcome.json").read_text("utf-8"))
    for name, entry in record["students"].items():
        path = course / "submitted" / name / "00_welcome" / "welcome.ipynb"
        if entry["kind"] != "worker":
            continue
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
        for exercise in WELCOME:
            text = cells[f"{grade_id(exercise.id)}-answer"].source
            drawn = entry["exercises"][exercise.id]
            assert drawn["points"] == (
                exercise.points if drawn["kind"] in ("right", "warning") else 0
            )
            if drawn["kind"] not in ("blank", "loop"):
                verdict = judged(exercise, text)
                assert verdict.points == drawn["points"]


def test_an_earlier_simulation_is_replaced_and_a_real_student_is_not(course: Path) -> None:
    simulate(course, WELCOME, 4, seed=1)
    real = course / "submitted" / "ada" / "00_welcome" / "welcome.ipynb"
    real.parent.mkdir(parents=True)
    real.write_text("ada's own")
    simulate(course, WELCOME, 2, seed=2)
    found = {path.parent.name for path in course.glob("submitted/*/00_welcome")}
    assert found == {*truth(course, "00_welcome"), "ada"}
    assert len(found) == 3
    assert real.read_text() == "ada's own"


def test_a_submission_that_stands_where_one_would_be_written_is_kept(course: Path) -> None:
    answers = answers_of("welcome")
    name = draw(answers, 2, 1)[0].name
    real = course / "submitted" / name / "00_welcome" / "welcome.ipynb"
    real.parent.mkdir(parents=True)
    real.write_text("somebody's own")
    with pytest.raises(SimulationRefused, match="not from a simulation"):
        simulate(course, WELCOME, 3, seed=1)
    assert real.read_text() == "somebody's own"
    assert len(list(course.glob("submitted/*"))) == 1


@pytest.mark.parametrize("record", ["{", '{"written": ["../../home"]}', '{"written": 3}', "[]"])
def test_a_damaged_record_deletes_nothing(record: str, course: Path) -> None:
    simulate(course, WELCOME, 2, seed=1)
    (course / "simulated" / "00_welcome.json").write_text(record)
    with pytest.raises(SimulationRefused, match="damaged"):
        simulate(course, WELCOME, 2, seed=2)
    assert len(list(course.glob("submitted/*/00_welcome/welcome.ipynb"))) == 2


def test_bad_input_is_told_in_one_sentence(course: Path, tmp_path: Path) -> None:
    with pytest.raises(SimulationRefused, match="ask for at least 1"):
        simulate(course, WELCOME, 0, seed=1)
    with pytest.raises(SimulationRefused, match="is no course folder"):
        simulate(tmp_path, WELCOME, 3, seed=1)
    (course / "source" / "00_welcome" / "welcome.ipynb").unlink()
    with pytest.raises(SimulationRefused, match="autograder init"):
        simulate(course, WELCOME, 3, seed=1)
    with pytest.raises(SimulationRefused, match="run `autograder simulate"):
        truth(course, "00_welcome")
    assert not (course / "submitted").exists()


def test_the_command_says_where_everything_is(course: Path) -> None:
    arguments = ["simulate", "00_welcome", "--students", "3", "--course", str(course)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "Wrote 3 submissions of 00_welcome" in done.output
    assert (course / "simulated" / "00_welcome.json").exists()
    unknown = CliRunner().invoke(app, ["simulate", "99_nothing", "--course", str(course)])
    assert unknown.exit_code != 0
