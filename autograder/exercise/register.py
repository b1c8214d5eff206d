"""The register of labs: one package a lab, each with its `LAB`.

A lab's package holds its order and its points alone; an exercise's module is imported when it is asked for, so that a
check does not pay for other exercises. A lab that cannot be imported stops no other: `labs` leaves it out, and
`broken` names it.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from autograder import exercises
from autograder.errors import AuthoringError, UnknownExercise, UnknownLab
from autograder.exercise.declaration import Exercise, Lab


def topics() -> list[str]:
    """List the topics that have exercises, in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(exercises.__path__))


def labs() -> list[Lab]:
    """List all labs that can be loaded, in the order of the course."""
    found = [_try(topic) for topic in topics()]
    return sorted((one for one in found if isinstance(one, Lab)), key=lambda lab: lab.number)


def broken() -> dict[str, str]:
    """Say of each lab that cannot be loaded why, by its topic."""
    found = {topic: _try(topic) for topic in topics()}
    return {topic: one for topic, one in found.items() if isinstance(one, str)}


def _try(topic: str) -> Lab | str:
    try:
        return load(topic)
    except AuthoringError as error:
        return str(error)


def load(topic: str) -> Lab:
    """Load the lab of one topic, as `attention`; its folder's name, `05_attention`, will do too.

    Raises:
        UnknownLab: There is none.
        AuthoringError: It cannot be imported.
    """
    prefix, _, rest = topic.partition("_")
    name = rest if prefix.isdigit() else topic
    if name not in topics():
        near = difflib.get_close_matches(name, topics(), 1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(topics())}."
        raise UnknownLab(f"There is no lab `{topic}`; {hint}")
    try:
        lab: Lab = importlib.import_module(f"{exercises.__name__}.{name}").LAB
    except AuthoringError as error:
        raise AuthoringError(f"Lab `{name}` cannot be loaded: {error}") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise AuthoringError(f"Lab `{name}` cannot be loaded: {reason}") from error
    if prefix.isdigit() and lab.folder != topic:
        raise UnknownLab(f"There is no lab `{topic}`; did you mean `{lab.folder}`?")
    return lab


def load_of(exercise_id: str) -> Lab:
    """Load the lab that an exercise is of.

    Raises:
        UnknownLab: There is none.
    """
    return load(exercise_id.partition(".")[0])


def find(exercise_id: str) -> Exercise:
    """Find an exercise by its id, as `attention.causal_mask`.

    Raises:
        UnknownExercise: There is none; the message names the nearest.
    """
    topic = exercise_id.partition(".")[0]
    known = load(topic).points if topic in topics() else {}
    if exercise_id in known:
        return load(topic).find(exercise_id)
    everything = known or {one: lab.points[one] for lab in labs() for one in lab.points}
    near = difflib.get_close_matches(exercise_id, everything, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(everything)}."
    raise UnknownExercise(f"There is no exercise {exercise_id!r}. {hint}")
