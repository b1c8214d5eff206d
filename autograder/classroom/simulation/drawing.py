"""Draws students: who attacks, who hands in nothing, and what each of the others writes, with what it truly earns.

What was drawn for a student says what the student has earned, whatever the grader finds. Equal seeds draw equal
classes, and a larger class begins with the smaller one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from autograder.classroom.simulation.answers import Answers
from autograder.classroom.simulation.attacks import ATTACKS, UNGRADABLE
from autograder.exercise import Exercise
from autograder.exercise.cells import grade_id

# What a class's list of names brings along, as far as a folder can be called so.
_AWKWARD = (
    "Zoë Müller",
    "O'Brien",
    'Ada "Countess" L.',
    "<b>Bold<b>",
    "<script>alert(1)<",
    "李雷",
    "Ὑπατία",
    "a&amp;b",
    "=1+1",
    "٣",
)


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one exercise of one student.

    Attributes:
        kind: `right`, `misconception`, `pair` (of faults), `blank`, `crash`, `loop`, `shape`, `warning` or `lost`; the
            last is an answer that is not judged, since the notebook cannot be, or its process has ended before.
        name: The misconception's or the variant's name; else empty.
        points: What it truly earns.
    """

    kind: str
    name: str = ""
    points: int = 0


@dataclass(frozen=True)
class Student:
    """One simulated student.

    Attributes:
        name: The folder's name, which is the student's id.
        kind: `worker`, `blank`, `early exit`, `broken file`, or the name of an attack.
        exercises: What was drawn for each exercise, by its id.
    """

    name: str
    kind: str
    exercises: dict[str, Drawn] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """The true score."""
        return sum(one.points for one in self.exercises.values())


def draw(
    answers: Answers, number: int, seed: int
) -> tuple[Student, Callable[[NotebookNode], bytes]]:
    """Draw one student.

    Args:
        answers: What can be drawn.
        number: Which student, from 1.
        seed: Equal seeds draw equal classes; a larger class begins with the smaller one.

    Returns:
        The student, and what turns the released notebook into the file that is handed in.
    """
    # Text seeds a generator the same way in every process.
    chance = random.Random(f"{seed}/{answers.lab.folder}/{number}")  # noqa: S311
    name = f"sim{number:03}"
    if chance.random() < 0.15:
        name = f"{name} {chance.choice(_AWKWARD)}"
    nothing = {one.id: Drawn("blank") for one in answers.lab}
    share = chance.random()
    if share < 0.06:
        return Student(name, "blank", nothing), _written
    if share < 0.14:
        attack = chance.choice(sorted(ATTACKS))
        if attack in UNGRADABLE:
            nothing = {one.id: Drawn("lost") for one in answers.lab}

        def attacked(notebook: NotebookNode) -> bytes:
            ATTACKS[attack](notebook)
            return _written(notebook)

        return Student(name, attack, nothing), attacked
    if share < 0.17:
        lost = {one.id: Drawn("lost") for one in answers.lab}
        cut = chance.uniform(0.1, 0.9)
        return Student(name, "broken file", lost), lambda notebook: _cut(notebook, cut)
    drawn, texts = _worked(answers, chance, perfect=share < 0.3)
    kind = "worker"
    if share > 0.96:
        kind = "early exit"
        order = list(drawn)
        last = chance.randrange(len(order))
        texts[order[last]] = "import os\n\nos._exit(3)"
        for one in order[last:]:
            drawn[one] = Drawn("lost")

    def filled(notebook: NotebookNode) -> bytes:
        _fill(notebook, texts)
        return _written(notebook)

    return Student(name, kind, drawn), filled


def _worked(
    answers: Answers, chance: random.Random, perfect: bool
) -> tuple[dict[str, Drawn], dict[str, str]]:
    drawn: dict[str, Drawn] = {}
    texts: dict[str, str] = {}
    skill = chance.uniform(0.35, 0.95)
    looped = False
    for exercise in answers.lab:
        if perfect or chance.random() < skill:
            kind = "right"
        else:
            weights = {
                "misconception": 8,
                "pair": 2,
                "blank": 3,
                "crash": 2,
                "shape": 2,
                "warning": 2,
                "loop": 1,
            }
            kind = chance.choices(list(weights), list(weights.values()))[0]
        if kind == "loop":
            # A loop costs the grader a time limit; one a student is enough.
            kind, looped = ("crash", looped) if looped or exercise.is_plain else ("loop", True)
        drawn[exercise.id], text = _answer(answers, exercise, kind, chance)
        if text:
            texts[exercise.id] = text
    return drawn, texts


def _answer(
    answers: Answers, exercise: Exercise, kind: str, chance: random.Random
) -> tuple[Drawn, str]:
    found = None
    if kind == "pair":
        found = answers.pair(exercise, chance)
        kind = "pair" if found else "misconception"
    if kind == "misconception":
        found = answers.misconception(exercise, chance)
        kind = "misconception" if found else "blank"
    if found:
        return Drawn(kind, found[0]), found[1]
    if kind == "right":
        name, text = chance.choice(
            [("", answers.right(exercise)), *answers.variants.get(exercise.id, [])]
        )
        return Drawn(kind, name, exercise.points), text
    if kind == "warning":
        return Drawn(kind, "", exercise.points), answers.warning(exercise)
    if kind == "blank":
        return Drawn(kind), ""
    wrong = {"crash": answers.crash, "loop": answers.loop, "shape": answers.shape}
    return Drawn(kind), wrong[kind](exercise)


def _fill(notebook: NotebookNode, texts: Mapping[str, str]) -> None:
    ids = {f"{grade_id(one)}-answer": text for one, text in texts.items()}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in ids:
            cell.source = ids[name]


def _written(notebook: NotebookNode) -> bytes:
    return (nbformat.writes(notebook) + "\n").encode()


def _cut(notebook: NotebookNode, share: float) -> bytes:
    data = _written(notebook)
    return data[: int(len(data) * share)]
