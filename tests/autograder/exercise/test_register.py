"""The register of labs: how they are found, and what a wrong name is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autograder.errors import UnknownExercise, UnknownLab
from autograder.exercise import register

LABS = register.labs()


def test_labs_stand_in_the_order_of_the_course_under_numbers_of_their_own() -> None:
    numbers = [lab.number for lab in LABS]
    assert numbers == sorted(set(numbers))
    assert {lab.topic for lab in LABS} == set(register.topics())


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)
def test_a_lab_is_found_by_its_topic_and_by_its_folder(lab: exercises.Lab) -> None:
    assert register.load(lab.topic) is lab
    assert register.load(lab.folder) is lab
    for exercise in lab:
        assert register.find(exercise.id) is exercise
        assert exercise.id == f"{lab.topic}.{exercise.name}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("atention", "There is no lab `atention`; did you mean `attention`?"),
        ("05_atention", "There is no lab `05_atention`; did you mean `attention`?"),
        ("06_attention", "There is no lab `06_attention`; did you mean `05_attention`?"),
        ("zzz", "There is no lab `zzz`; there are: attention"),
        ("", "There is no lab ``; there are: attention"),
        ("../attention", "There is no lab `../attention`"),
        ("05_", "There is no lab `05_`; there are: attention"),
    ],
)
def test_a_lab_that_does_not_exist_is_told_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UnknownLab) as error:
        register.load(name)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("attention.casual_mask", "Did you mean 'attention.causal_mask'?"),
        ("atention.causal_mask", "Did you mean 'attention.causal_mask'?"),
        ("causal_mask", "Did you mean 'attention.causal_mask'?"),
        ("welcome.0123456789", "There are: welcome.average, "),
        ("", "There are: welcome.average, "),
    ],
)
def test_an_exercise_that_does_not_exist_is_told_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UnknownExercise) as error:
        register.find(name)
    assert str(error.value).startswith(f"There is no exercise {name!r}. {said}")


def test_asking_for_an_exercise_loads_it_alone() -> None:
    code = (
        "import sys; from autograder.exercise import register; register.find('welcome.average');"
        "print([name for name in sys.modules if name.startswith('autograder.exercises.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        done.stdout.strip()
        == "['autograder.exercises.welcome', 'autograder.exercises.welcome.average']"
    )
