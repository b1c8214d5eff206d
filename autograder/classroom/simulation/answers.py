"""All answers to one lab that a simulated class can draw from, as the text of its answer cells.

They are the lab's solution, its differently written correct answers (where a checkout has them), its misconceptions,
and what goes wrong in every class: crashes, loops without an end, warnings, wrong shapes.

Every answer stands on its own. One that would use an earlier answer carries a right copy of it, so that a mistake costs
the points of its own exercise and of no other.
"""

from __future__ import annotations

import random
import textwrap
from typing import Any

from nbformat import NotebookNode

from autograder.authoring.building import solutions_folder
from autograder.classroom.simulation.standalone import (
    Definitions,
    factory,
    faulty_text,
    misconception_text,
    names_used,
    standing_alone,
)
from autograder.errors import AuthoringError, AutograderError
from autograder.exercise import PUBLIC_SEED, Exercise, Lab
from autograder.exercise.cells import grade_id
from autograder.exercise.private import private_files, read_private
from autograder.judging.judge import judge
from autograder.probing.observing import observe_trusted

_TRIES = 8


def _variants(lab: Lab) -> dict[str, list[tuple[str, str]]]:
    """Write the differently written correct answers, by exercise, where the sources of the labs are at hand."""
    try:
        files = private_files(solutions_folder() / lab.folder / "private", lab)
    except AutograderError:
        return {}
    found: dict[str, list[tuple[str, str]]] = {}
    for exercise_id, path in files.items():
        exercise, text = lab.find(exercise_id), path.read_text("utf-8")
        for number, value in enumerate(read_private(text).variants):
            if exercise.is_plain:
                entry: tuple[str, str | None] = (str(number), f"{exercise.name} = {value!r}")
            else:
                title = getattr(value, "__name__", "")
                entry = (title, standing_alone(exercise, title, text, {}))
            if entry[1] is not None:
                found.setdefault(exercise.id, []).append((entry[0], entry[1]))
    return found


class Answers:
    """All answers to one lab that can be drawn, as the text of its answer cells.

    Args:
        source: The lab's notebook with its answers.

    Raises:
        AuthoringError: The notebook lacks an answer.
    """

    def __init__(self, lab: Lab, source: NotebookNode) -> None:
        self.lab = lab
        ids = {f"{grade_id(one.id)}-answer": one for one in lab}
        self.solution: dict[str, str] = {}
        for cell in source.cells:
            marks = cell.metadata.get("nbgrader", {})
            answered = ids.get(marks.get("grade_id", ""))
            if answered is not None:
                self.solution[answered.id] = _without_marks(cell.source)
        missing = [one.id for one in lab if one.id not in self.solution]
        if missing:
            raise AuthoringError(
                f"The source of {lab.folder} has no answer to {', '.join(missing)}."
            )
        self.variants = _variants(lab)
        self._modules = {one.id: Definitions(_python(self.solution[one.id])) for one in lab}

    def right(self, exercise: Exercise) -> str:
        """Write the solution's answer, with right copies of the earlier answers that it uses."""
        others = {one.name: one for one in self.lab if one is not exercise}
        wanted = [one for name, one in others.items() if name in self._uses(exercise)]
        if not wanted:
            return self.solution[exercise.id]
        statements: list[str] = []
        seen: set[str] = set()

        def add(one: Exercise) -> None:
            if one.id in seen:
                return
            seen.add(one.id)
            for name in sorted(self._uses(one)):
                if name in others:
                    add(others[name])
            statements.append(_python(self.solution[one.id]))

        add(exercise)
        return factory(exercise.name, statements, exercise.name)

    def _uses(self, exercise: Exercise) -> set[str]:
        return set().union(*(names_used(node) for node in self._modules[exercise.id].nodes))

    def misconception(self, exercise: Exercise, chance: random.Random) -> tuple[str, str] | None:
        """Draw a misconception and its text; None if none of the exercise's can be written."""
        names = [one.name for one in exercise.misconceptions]
        for name in chance.sample(names, len(names)):
            text = misconception_text(exercise, name)
            if text is not None:
                return name, text
        return None

    def pair(self, exercise: Exercise, chance: random.Random) -> tuple[str, str] | None:
        """Draw two faults of one program that together are wrong; None if there are none."""
        programs = [one for one in exercise.programs if len(one.sentences) > 1]
        for _ in range(_TRIES if programs else 0):
            program = chance.choice(programs)
            names = chance.sample(list(program.sentences), 2)
            text = faulty_text(exercise, program, *names)
            # Two faults may undo each other, and an answer that is right earns its points.
            if text is not None and not _is_right(exercise, program.build(*names)):
                return "+".join(names), text
        return None

    def crash(self, exercise: Exercise) -> str:
        """Write an answer that raises an error."""
        return self._failing(exercise, 'raise ValueError("the sizes do not match")')

    def loop(self, exercise: Exercise) -> str:
        """Write an answer that never returns."""
        return self._failing(exercise, "while True:\n    pass")

    def _failing(self, exercise: Exercise, statement: str) -> str:
        if exercise.is_plain:
            return 'raise ValueError("this is no value")'
        if isinstance(exercise.reference, type):
            inner = textwrap.indent(statement, " " * 8)
            return f"class {exercise.name}:\n    def __init__(self, *args, **kwargs):\n{inner}"
        inner = textwrap.indent(statement, " " * 4)
        return f"def {exercise.name}(*args, **kwargs):\n{inner}"

    def shape(self, exercise: Exercise) -> str:
        """Write an answer that returns something of another shape."""
        if exercise.is_plain:
            return f"{exercise.name} = [[], []]"
        if isinstance(exercise.reference, type):
            return f"def {exercise.name}(*args, **kwargs):\n    return [[], []]"
        return f"def {exercise.name}(*args, **kwargs):\n    return [[], [[]]]"

    def warning(self, exercise: Exercise) -> str:
        """Write the right answer, with warnings and a line on standard error."""
        noise = "import sys\nimport warnings\n\nwarnings.warn('careful')\nprint('loud', file=sys.stderr)"
        return f"{noise}\n\n{self.right(exercise)}"


def _is_right(exercise: Exercise, answer: Any) -> bool:
    evidence = [observe_trusted(exercise, one, answer, PUBLIC_SEED) for one in exercise.probes]
    return judge(exercise, exercise.probes, evidence, PUBLIC_SEED).passed


def _without_marks(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(
        one for one in lines if one.strip() not in ("### BEGIN SOLUTION", "### END SOLUTION")
    )


def _python(text: str) -> str:
    """Leave out what only IPython understands."""
    lines = [one for one in text.splitlines() if not one.lstrip().startswith(("%", "!"))]
    return "\n".join(lines)
