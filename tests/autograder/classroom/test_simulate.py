"""A simulated class earns what it is said to earn, in every lab, and replaces nobody's work."""

from __future__ import annotations

import json
import random
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from typer.testing import CliRunner

from autograder.classroom.course import init_course
from autograder.classroom.simulate import (
    ATTACKS,
    Answers,
    draw,
    misconception_text,
    simulate,
    truth,
)
from autograder.cli import app
from autograder.errors import SimulationRefused
from autograder.exercise import Exercise, Lab, Misconception, register
from autograder.exercise.cells import grade_id
from autograder.judging.judge import Verdict, judge
from autograder.reading import read_cells
from autograder.student.answers import collect
from tests.labs import EXERCISES, LABS, SOLUTIONS, hidden_probes, imports_of, source_of

SEED = 4
every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)


@pytest.fixture(autouse=True, scope="module")
def _optimizers_are_loaded() -> None:
    # PyTorch loads its compiler at the first step of all, for longer than an answer may take on a busy machine.
    parameter = torch.zeros(1, requires_grad=True)
    parameter.grad = torch.ones(1)
    torch.optim.SGD([parameter], lr=1.0).step()


@cache
def answers_of(topic: str) -> Answers:
    lab = register.load(topic)
    return Answers(lab, source_of(lab))


def answers_for(exercise: Exercise) -> Answers:
    return answers_of(exercise.id.partition(".")[0])


@cache
def imported(topic: str) -> dict[str, Any]:
    """What the imports of a lab's own cells put among the names of its notebook."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in source_of(register.load(topic)).cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader"):
            exec(imports_of(cell), names)
    return names


def judged(exercise: Exercise, text: str) -> Verdict:
    """Judge the text of an answer's cell as grading does, with nothing else of the notebook there."""
    names = dict(imported(exercise.id.partition(".")[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(text, "<answer>", "exec"), names)
        except ValueError:
            names.pop(exercise.name, None)
    hidden = hidden_probes(exercise)
    evidence = collect(exercise, names, SEED, hidden)
    return judge(exercise, [*exercise.probes, *hidden], evidence, SEED)


@every_exercise
def test_right_answers_earn_all_points_without_any_other_answer(
    exercise: Exercise, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = answers_for(exercise)
    texts = [text for _, text in answers.variants[exercise.id]]
    assert len(texts) >= 2
    for text in (answers.right(exercise), answers.warning(exercise), *texts):
        verdict = judged(exercise, text)
        assert verdict.points == exercise.points, f"{verdict.sentence} {verdict.facts}\n{text}"
    assert "loud" in capsys.readouterr().err


def sampled(exercise: Exercise) -> list[Misconception]:
    """Eight of an exercise's misconceptions: writing and judging them all would take minutes."""
    return exercise.misconceptions[:: max(1, len(exercise.misconceptions) // 8)]


@every_exercise
def test_misconceptions_are_told_their_own_sentence(exercise: Exercise) -> None:
    for one in sampled(exercise):
        text = misconception_text(exercise, one.name)
        if text is not None:
            verdict = judged(exercise, text)
            assert verdict.points == 0
            assert verdict.sentence == one.sentence, f"{one.name}: {verdict.sentence}\n{text}"


def test_few_misconceptions_cannot_be_written_as_an_answer() -> None:
    sample = [(each, one) for each in EXERCISES for one in sampled(each)]
    written = [one for each, one in sample if misconception_text(each, one.name) is not None]
    # Those that call what their exercise forbids would be refused for that, and told nothing else.
    assert len(written) >= 0.95 * len(sample)


@every_exercise
def test_two_faults_at_once_are_an_answer_that_earns_nothing(exercise: Exercise) -> None:
    pair = answers_for(exercise).pair(exercise, random.Random(4))
    # A program one of whose faults calls what the exercise forbids cannot be handed in at all.
    if pair:
        assert judged(exercise, pair[1]).points == 0


@every_exercise
def test_no_answer_that_is_drawn_reaches_into_the_checker(exercise: Exercise) -> None:
    answers = answers_for(exercise)
    wrong = [misconception_text(exercise, one.name) for one in sampled(exercise)]
    drawn = [*filter(None, wrong), *(text for _, text in answers.variants[exercise.id])]
    texts = [answers.right(exercise), answers.warning(exercise), *drawn]
    assert read_cells(texts, {}) == []


@every_exercise
def test_crashes_and_wrong_shapes_earn_nothing(exercise: Exercise) -> None:
    answers = answers_for(exercise)
    for text in (answers.crash(exercise), answers.shape(exercise)):
        assert judged(exercise, text).points == 0


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


def test_a_larger_class_begins_with_the_smaller_one() -> None:
    answers = answers_of("attention")
    class_of = [draw(answers, number, 1)[0] for number in range(1, 40)]
    assert len({one.name for one in class_of}) == 39
    assert class_of[:5] == [draw(answers, number, 1)[0] for number in range(1, 6)]


def test_two_hundred_students_show_everything_that_can_be_drawn() -> None:
    answers = answers_of("attention")
    drawn = [draw(answers, number, 1)[0] for number in range(1, 201)]
    assert {"worker", "blank", "early exit", "broken file"} <= {one.kind for one in drawn}
    assert len({one.kind for one in drawn} & set(ATTACKS)) >= 6
    kinds = {each.kind for one in drawn for each in one.exercises.values()}
    assert kinds == {
        "right",
        "misconception",
        "pair",
        "blank",
        "crash",
        "loop",
        "shape",
        "warning",
        "lost",
    }
    names = "".join(one.name for one in drawn)
    assert all(character in names for character in "<>'\"&ü李")
    full = sum(one.points for one in answers.lab)
    scores = [one.points for one in drawn]
    assert min(scores) == 0
    assert max(scores) == full
    assert len(set(scores)) > 8


@pytest.fixture
def course(tmp_path: Path) -> Path:
    init_course(tmp_path / "llm101", SOLUTIONS)
    return tmp_path / "llm101"


WELCOME = LABS[0]


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
