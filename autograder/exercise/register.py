"""The register of labs: one module a lab, each with its `LAB`.

A module is imported when one of its exercises is asked for, so that a check in one lab does not pay for
the others.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from autograder import exercises
from autograder.errors import UnknownExercise, UnknownLab
from autograder.exercise.declaration import Exercise, Lab


def topics() -> list[str]:
    """List the topics that have exercises, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(exercises.__path__))


def labs() -> list[Lab]:
    """List all labs in the order of the course."""
    return sorted((load(topic) for topic in topics()), key=lambda lab: lab.number)


def load(topic: str) -> Lab:
    """Load the lab of one topic, as `attention`; its folder's name, `05_attention`, will do too.

    Raises:
        UnknownLab: There is none.
    """
    prefix, _, rest = topic.partition("_")
    name = rest if prefix.isdigit() else topic
    if name not in topics():
        near = difflib.get_close_matches(name, topics(), 1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(topics())}."
        raise UnknownLab(f"There is no lab `{topic}`; {hint}")
    lab: Lab = importlib.import_module(f"{exercises.__name__}.{name}").LAB
    if prefix.isdigit() and lab.folder != topic:
        raise UnknownLab(f"There is no lab `{topic}`; did you mean `{lab.folder}`?")
    return lab


def find(exercise_id: str) -> Exercise:
    """Find an exercise by its id, as `attention.causal_mask`.

    Raises:
        UnknownExercise: There is none; the message names the nearest.
    """
    topic = exercise_id.partition(".")[0]
    known = load(topic).exercises if topic in topics() else {}
    if exercise_id in known:
        return known[exercise_id]
    everything = known or {one.id: one for lab in labs() for one in lab}
    near = difflib.get_close_matches(exercise_id, everything, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(everything)}."
    raise UnknownExercise(f"There is no exercise {exercise_id!r}. {hint}")
