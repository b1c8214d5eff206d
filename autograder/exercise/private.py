"""What an author keeps from students: the hidden probes of a lab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autograder.exercise.comparison import Comparison, close
from autograder.exercise.declaration import Decorated, Probe, make_probe

# A hidden probe's code bears this name, so that no message quotes a line of it.
HIDDEN_FILE = "<hidden probes>"
HIDDEN_MODULE = "hidden"


@dataclass
class HiddenProbes:
    """The probes of one lab that are never released: `solutions/NN_topic/hidden.py` fills one."""

    topic: str
    probes: dict[str, list[Probe]] = field(default_factory=dict)

    def probe(
        self, name: str, *, compare: Comparison | None = None
    ) -> Callable[[Decorated], Decorated]:
        """Add a hidden probe to the exercise `topic.name`, as a decorator."""

        def add(function: Decorated) -> Decorated:
            probe = make_probe(function, compare or close(), hidden=True)
            self.probes.setdefault(f"{self.topic}.{name}", []).append(probe)
            return function

        return add


def read_hidden(source: str) -> dict[str, list[Probe]]:
    """Run the text of a lab's hidden.py and return its probes by the exercise's id."""
    if not source:
        return {}
    names: dict[str, Any] = {"__name__": HIDDEN_MODULE}
    exec(compile(source, HIDDEN_FILE, "exec"), names)  # noqa: S102 - the instructor's own file
    found = names["HIDDEN"]
    assert isinstance(found, HiddenProbes)  # noqa: S101 - an author's mistake, seen by the tests
    return found.probes
