"""How nbgrader's cells name exercises; grading reads this without what writes notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.exercise import register
from autograder.exercise.declaration import Exercise

if TYPE_CHECKING:
    # A learner's first check would wait for it: it loads the whole of JSON's schemas.
    from nbformat import NotebookNode


def grade_id(exercise_id: str) -> str:
    """Write an exercise's id as nbgrader allows it: `attention-causal_mask`."""
    return exercise_id.replace(".", "-")


def exercise_of(cell: NotebookNode) -> Exercise | None:
    """Find the exercise that a check cell checks; None for any other cell."""
    marks = cell.metadata.get("nbgrader", {})
    if cell.cell_type != "code" or not isinstance(marks, dict):
        return None
    if not marks.get("grade") or marks.get("solution"):
        return None
    topic, _, name = str(marks.get("grade_id", "")).partition("-")
    if topic not in register.topics():
        return None
    lab, exercise_id = register.load(topic), f"{topic}.{name}"
    return lab.find(exercise_id) if exercise_id in lab.points else None
