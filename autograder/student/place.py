"""Finds where in an answer the mistake is: the one place at which a small edit makes all probes agree.

Of the edit itself nothing is said: the learner is told the line, and what to look at in it. The answer's own
function or class and its helpers are built again with one edit after the other, in a child process.
"""

from __future__ import annotations

import dataclasses
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.exercise import Exercise, Probe
from autograder.probing.observing import observe
from autograder.student.child import computed_apart
from autograder.student.definitions import Definition, Program, read_program
from autograder.student.edits import Action, Edit, Kind, edits_of

SECONDS = 2.0
_SHORT, _LONG = 0.05, 0.5
_KINDS = list(Kind)
# Which definition, the line in its cell, and which kind.
_MESSAGE = struct.Struct("<iii")
_NOWHERE = _MESSAGE.pack(-1, 0, 0)


@dataclass(frozen=True)
class Trial:
    """One public probe under one seed, with what the reference returned."""

    probe: Probe
    seed: int
    expected: Any


@dataclass(frozen=True)
class Place:
    """Where a learner should look.

    Attributes:
        line: The line within the learner's cell, as Python's tracebacks count it.
        kind: What to look at.
        text: The line as written.
        function: The function or class that it is in, by its name.
    """

    line: int
    kind: Kind
    text: str
    function: str


def find_place(
    exercise: Exercise, names: Mapping[str, Any], trials: Sequence[Trial], seconds: float = SECONDS
) -> Place | None:
    """Find the place in a wrong answer at which one small edit makes every trial agree.

    Args:
        exercise: The exercise that is answered.
        names: The notebook's own names, the answer under the exercise's.
        trials: Public probes under several seeds.
        seconds: How long this may take, and how much processor time.

    Returns:
        The place, or None: there is no such edit, edits at different places would do, the source is not to
        be had, what the answer uses cannot be copied, or the time is over.
    """
    if exercise.is_plain or exercise.name not in names or not trials:
        return None
    program = read_program(names[exercise.name], exercise.name)
    if not program:
        return None
    message = computed_apart(
        lambda send, end: send(_Search(exercise, program, trials, end).message()),
        _MESSAGE.size,
        seconds,
    )
    return _place(program, message) if len(message) == _MESSAGE.size else None


def _place(program: Program, message: bytes) -> Place | None:
    """Read a child's message, which executed a learner's code and is not to be believed too much."""
    which, line, kind = _MESSAGE.unpack(message)
    if not 0 <= which < len(program.definitions) or not 0 <= kind < len(_KINDS):
        return None
    one = program.definitions[which]
    if not one.tree.lineno <= line <= (one.tree.end_lineno or 0):
        return None
    return Place(line, _KINDS[kind], one.line(line), one.name)


def _unwritten() -> None:
    """Stand in for a reference that is not watched."""


class _Search:
    """Tries the edits of a program, one rank after the other, until one of them explains the mistake."""

    def __init__(
        self, exercise: Exercise, program: Program, trials: Sequence[Trial], end: float
    ) -> None:
        self.exercise, self.program, self.end = exercise, program, end
        # Without its guards an exercise is tried at half the price; what agrees is tried again with them.
        self.unguarded = dataclasses.replace(exercise, forbidden=(), reference=_unwritten)
        self.trials, self.limit = list(trials), _LONG

    def message(self) -> bytes:
        """Search, and pack what was found."""
        found = self._find()
        if not found:
            return _NOWHERE
        definition, edit = found
        which = self.program.definitions.index(definition)
        return _MESSAGE.pack(which, edit.line, _KINDS.index(edit.kind))

    def _find(self) -> tuple[Definition, Edit] | None:
        if not self._order_trials():
            return None
        found: list[tuple[Definition, Edit]] = []
        rank = Action.CHANGE
        for definition, edit in self._edits():
            if edit.action != rank and found:
                break
            rank = edit.action
            if time.monotonic() > self.end:
                return None
            if self._explains(definition, edit):
                found.append((definition, edit))
                if not _in_one_statement([one for _, one in found]):
                    return None
        return min(found, key=_telling, default=None)

    def _edits(self) -> Iterator[tuple[Definition, Edit]]:
        for definition in self.program.definitions:
            for edit in edits_of(definition.tree):
                yield definition, edit

    def _order_trials(self) -> bool:
        """Put the failing trials first, the quick ones of them before the others; False if none fails."""
        answer = self.program.build()
        order, slowest = [], 0.0
        for place, trial in enumerate(self.trials):
            started = time.monotonic()
            agrees = self._agrees(answer, trial, self.exercise)
            took = time.monotonic() - started
            order.append((agrees, took, place))
            slowest = max(slowest, took)
        self.limit = min(_LONG, _SHORT + 5 * slowest)
        self.trials = [self.trials[place] for _, _, place in sorted(order)]
        return not all(agrees for agrees, _, _ in order)

    def _agrees(self, answer: Any, trial: Trial, exercise: Exercise) -> bool:
        seen = observe(exercise, trial.probe, answer, trial.seed, self.limit)
        return not seen.failure and trial.probe.compare(trial.expected, seen.value) is None

    def _explains(self, definition: Definition, edit: Edit) -> bool:
        try:
            with edit.made():
                answer = self.program.build(definition)
            return all(
                self._agrees(answer, trial, exercise)
                for exercise in (self.unguarded, self.exercise)
                for trial in self.trials
            )
        except BaseException:
            return False  # no program, or one that is not to be executed


def _telling(found: tuple[Definition, Edit]) -> tuple[int, int]:
    """Order what was found: the smallest edit, of the kind that says most."""
    edit = found[1]
    return len(edit.changes), _KINDS.index(edit.kind)


def _in_one_statement(edits: Sequence[Edit]) -> bool:
    common = set(edits[0].statements)
    for edit in edits[1:]:
        common &= set(edit.statements)
    return bool(common)
