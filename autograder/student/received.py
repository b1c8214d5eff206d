"""Makes an exercise of the excerpt that was handed over: its probes, its name and what it forbids, and no more."""

from __future__ import annotations

import pkgutil
import sys
import types
from typing import Any

from autograder.exercise import Exercise, Private, Probe
from autograder.exercise.declaration import value_probe
from autograder.exercise.excerpt import Excerpt
from autograder.exercise.private import HIDDEN_FILE, PROBES_FILE


def received(text: str) -> tuple[Exercise, list[Probe]]:
    """Read an excerpt, and return the exercise with the probes that are asked."""
    excerpt = Excerpt.from_json(text)
    exercise = Exercise(
        excerpt.id,
        0,
        pkgutil.resolve_name(excerpt.reference) if excerpt.reference else None,
        excerpt.name,
        forbidden=excerpt.forbidden,
        choices=excerpt.choices,
        mutates=excerpt.mutates,
    )
    if exercise.is_plain:
        exercise.probes.append(value_probe(exercise))
    names: dict[str, Any] = {}
    for name, part in excerpt.parts.items():
        last = name == next(reversed(excerpt.parts))
        module = types.ModuleType(name)
        names = vars(module)
        # A probe's decorators ask for it by this name.
        names["exercise"] = exercise
        # The parts import one another, and dataclasses look for their module.
        sys.modules[name] = module
        file = HIDDEN_FILE if excerpt.hidden and last else PROBES_FILE
        exec(compile(part, file, "exec"), names)  # noqa: S102 - the course's own probes
    if not excerpt.hidden:
        return exercise, exercise.probes
    return exercise, [
        probe for one in names.values() if isinstance(one, Private) for probe in one.probes
    ]
