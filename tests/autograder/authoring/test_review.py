"""A new exercise is built wrongly in each way that authors know, and each is told in a sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import exercises
from autograder.authoring.review import review_lab
from autograder.authoring.skeleton import write_skeleton
from autograder.errors import AuthoringError
from autograder.exercise import register

PUBLIC = "autograder/exercises/agents/double.py"
PRIVATE = "solutions/42_agents/private/double.py"
ORDER = "autograder/exercises/agents/__init__.py"
PROBE = '''

@exercise.probe
def NAME(implementation: Any, generator: Generator) -> Any:
    """A tensor of two numbers."""
    BODY
'''


def probe(body: str, name: str = "two_numbers") -> str:
    return PROBE.replace("NAME", name).replace("BODY", body)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "autograder" / "exercises").mkdir(parents=True)
    write_skeleton(tmp_path, "42_agents")
    place = str(tmp_path / "autograder" / "exercises")
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, place])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("autograder.exercises.agents"):
            del sys.modules[name]
    vars(exercises).pop("agents", None)


def change(checkout: Path, name: str, before: str, after: str) -> None:
    path = checkout / name
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")


def found(checkout: Path) -> list[str]:
    lab = register.load("agents")
    return [one for _, all_ in review_lab(lab, checkout / "solutions") for one in all_]


def test_the_skeleton_has_nothing_to_mend(checkout: Path) -> None:
    assert found(checkout) == []


END = "return double\n"
WRONGLY = {
    "two probes of one name": (
        PUBLIC,
        END,
        END + probe("return implementation(normal(generator, 2))", "three_numbers"),
        "`agents.double` has two probes of the name `three_numbers`; rename one.",
    ),
    "two faults of one name": (
        PUBLIC,
        END,
        END + '\n\nexercise.misconception("Your code adds 3.")(faulty)\n'
        'exercise.misconception("Your code adds 4.")(faulty)\n',
        "`agents.double` has two faults of the name `faulty`; rename one.",
    ),
    "a hint that is a bare text": (
        PUBLIC,
        '("Where to look.", "The idea.", "The line, in words.")',
        '("Where to look.")',
        "The hints of `agents.double` are a bare `str`",
    ),
    "a fault that is right": (
        PUBLIC,
        'x + 2 if on("adds_two")',
        'x + x if on("adds_two")',
        "The fault `adds_two` of `agents.double` is refused by no public probe",
    ),
    "two faults that behave alike": (
        PUBLIC,
        'x + 2 if on("adds_two")',
        'x * x if on("adds_two")',
        "No public probe of `agents.double` tells `squares` and `adds_two` apart",
    ),
    "a program that is never right": (
        PUBLIC,
        "else 2 * x",
        "else 3 * x",
        "The faulty program `faulty` of `agents.double` is wrong with all faults off",
    ),
    "a switch that is not declared": (
        PUBLIC,
        'on("squares")',
        'on("square")',
        "asks for `square`, which is none of its faults: adds_two, negative, squares",
    ),
    "a probe that asserts": (
        PUBLIC,
        END,
        END + probe("assert implementation(1) == 3"),
        "The probe `two_numbers` of `agents.double` fails on the reference itself (AssertionError",
    ),
    "a probe that returns nothing": (
        PUBLIC,
        END,
        END + probe("implementation(1)"),
        "The probe `two_numbers` of `agents.double` returns None for the reference",
    ),
    "a reference that fails": (
        PUBLIC,
        "    return 2 * x\n",
        "    return x.nothing\n",
        "The probe `three_numbers` of `agents.double` fails on the reference itself (AttributeError",
    ),
    "a probe without a docstring": (
        PUBLIC,
        '    """A tensor of three numbers."""\n',
        "",
        "The probe `three_numbers` has no docstring",
    ),
    "a module that cannot be imported": (
        PUBLIC,
        "from __future__ import annotations",
        "import no_such_module",
        "`autograder.exercises.agents.double` cannot be imported: ModuleNotFoundError",
    ),
    "a module that declares another": (
        PUBLIC,
        '"double",',
        '"triple",',
        "`triple` is not in the order of lab `agents`",
    ),
    "a single variant": (
        PRIVATE,
        "@private.variant\ndef added",
        "def added",
        "`agents.double` has 1 right answers written differently",
    ),
    "a variant that is wrong": (
        PRIVATE,
        "return x * 2",
        "return x * 3",
        "The variant `by_two` of `agents.double` is refused",
    ),
    "a private file that declares nothing": (
        PRIVATE,
        "private = Private()",
        "private = None",
        "A private file cannot be run: AttributeError",
    ),
    "hidden probes that ask for another behavior": (
        PUBLIC,
        "doubled = x + 2 if",
        "doubled = x + x.clamp(max=3) if",
        "The fault `adds_two` of `agents.double` is refused by no public probe",
    ),
}


@pytest.mark.parametrize(("name", "before", "after", "said"), WRONGLY.values(), ids=list(WRONGLY))
def test_what_an_author_did_wrong_is_told_in_a_sentence(
    checkout: Path, name: str, before: str, after: str, said: str
) -> None:
    change(checkout, name, before, after)
    sentences = found(checkout)
    assert any(said in one for one in sentences), sentences
    assert all(one.endswith((".", "…")) or "cannot be" in one for one in sentences)


def test_a_hidden_probe_for_an_exercise_that_there_is_not_is_told(checkout: Path) -> None:
    (checkout / PRIVATE).rename(checkout / "solutions/42_agents/private/doubled.py")
    assert any(
        "doubled.py is for no exercise of lab 42_agents; there are double." in one
        for one in found(checkout)
    )


@pytest.mark.parametrize("points", ["True", "0", "1.5", '"1"'])
def test_points_that_are_no_whole_number_are_told(checkout: Path, points: str) -> None:
    change(checkout, ORDER, '"double": 1', f'"double": {points}')
    with pytest.raises(AuthoringError, match=r"`agents\.double` is worth .* give a whole number"):
        register.load("agents")


def test_a_lab_that_cannot_be_loaded_stops_no_other(checkout: Path) -> None:
    change(checkout, ORDER, '"double": 1', '"double": 0')
    assert "agents" not in [lab.topic for lab in register.labs()]
    assert "welcome" in [lab.topic for lab in register.labs()]
    assert list(register.broken()) == ["agents"]
    assert register.broken()["agents"].startswith("Lab `agents` cannot be loaded: ")
