"""Exercises, probes and faults: what an author of a lab writes.

A lab is a package of `autograder.exercises`, whose `__init__` gives its order and its points, and each exercise is a
module of that package:

    LAB = Lab(5, "attention", "Attention", {"embed": 1, "causal_mask": 1})     # attention/__init__.py

    exercise = LAB.exercise("causal_mask", reference=llmlab.model.causal_mask, hints=(...))

    @exercise.probe
    def square(implementation, generator):
        "Four tokens."
        return implementation(4)

    @exercise.faults(
        looks_ahead="Your mask lets each token see the tokens after it, and not those before.",
        blind_to_itself="Your tokens cannot see themselves: the diagonal is False.",
    )
    def faulty(on):
        def causal_mask(length):
            ones = torch.ones(length, length, dtype=torch.bool)
            diagonal = -1 if on("blind_to_itself") else 0
            return ones.triu(-diagonal) if on("looks_ahead") else ones.tril(diagonal)

        return causal_mask

A probe asserts nothing: it returns plain data (tensors, numbers, text, lists, dictionaries), and
the judge compares that with what the same probe returns for the reference.
"""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

from autograder.errors import AuthoringError
from autograder.exercise.comparison import Comparison, close

ProbeFunction = Callable[[Any, torch.Generator], Any]
Decorated = TypeVar("Decorated", bound=Any)


@dataclass(frozen=True)
class Probe:
    """One experiment on an implementation.

    Attributes:
        name: Identifies the probe within its exercise.
        tried: What it tries, in words for the student.
        run: Calls the implementation on inputs drawn from the generator; returns plain data.
        compare: Decides whether what came back agrees with the reference.
        hidden: Whether it is used only in grading, and its values are never shown.
    """

    name: str
    tried: str
    run: ProbeFunction
    compare: Comparison = field(default_factory=close)
    hidden: bool = False

    def generator(self, exercise_id: str, seed: int) -> torch.Generator:
        """Make the generator that draws this probe's inputs: the same for every implementation."""
        # PyTorch looks at 32 bits of a seed, and each of ours is to make a difference.
        return torch.Generator().manual_seed(
            zlib.crc32(f"{exercise_id}/{self.name}/{seed}".encode())
        )


@dataclass(frozen=True, eq=False)
class Misconception:
    """A plausible wrong answer, and what to tell those who give it."""

    name: str
    sentence: str
    implementation: Any


class Switches:
    """What a faulty program asks which of its faults are on; it remembers which were asked for."""

    def __init__(self, known: frozenset[str], chosen: frozenset[str]) -> None:
        self._known, self._chosen = known, chosen
        self.asked: set[str] = set()

    def __call__(self, name: str) -> bool:
        """Say whether the fault of this name is on.

        Raises:
            AuthoringError: No fault of this name was declared.
        """
        if name not in self._known:
            raise AuthoringError(
                f"The faulty program asks for `{name}`, which is none of its faults: "
                f"{', '.join(sorted(self._known))}."
            )
        self.asked.add(name)
        return name in self._chosen


@dataclass(frozen=True, eq=False)
class FaultyProgram:
    """One implementation with named faults, each of which can be switched on (an error model; Singh et al., 2013).

    Attributes:
        builder: Makes the implementation; it asks its argument, `on("name")`, whether a fault is on.
        sentences: What to tell those whose answer has the fault, by the fault's name. Faults that no probe can tell
            apart share one sentence, word by word.
    """

    builder: Callable[[Switches], Any]
    sentences: Mapping[str, str]
    _alone: dict[str, Switches] = field(default_factory=dict)

    def build(self, *names: str) -> Any:
        """Make the implementation with these faults on; with none it is right."""
        switches = self.switches(*names)
        if len(names) == 1:
            self._alone[names[0]] = switches
        return self.builder(switches)

    def asked_with(self, name: str) -> set[str]:
        """Say which faults the implementation with this one on has asked for, so far as it was run."""
        return self._alone[name].asked if name in self._alone else set()

    def switches(self, *names: str) -> Switches:
        """Make the switches of this program, with some of them on."""
        return Switches(frozenset(self.sentences), frozenset(names))


@dataclass(eq=False)
class Exercise:
    """One thing that a student writes, and everything that is known about it.

    Attributes:
        id: `topic.name`, as in `attention.causal_mask`.
        points: What it is worth.
        reference: The function or class in `llmlab` that is right, or the right plain answer.
        name: The name that the student gives the answer.
        hints: From where to look, to the idea, to the line in words.
        forbidden: Functions that the answer may not call, as `torch.softmax`.
        choices: For a choice question, what can be chosen.
        mutates: Whether changing its inputs in place is the answer's job.
        matters: One sentence on why this matters in a real model, told to those who got it right.
    """

    id: str
    points: int
    reference: Any
    name: str
    hints: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    mutates: bool = False
    matters: str = ""
    probes: list[Probe] = field(default_factory=list)
    misconceptions: list[Misconception] = field(default_factory=list)
    programs: list[FaultyProgram] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether the answer is a value (a number, a choice), and not code."""
        return not callable(self.reference)

    def as_asked(self, answer: Any) -> Any:
        """Take a plain answer as it was meant: `" B)"` for a choice, a tensor of one element for a number."""
        if isinstance(answer, str) and self.choices:
            meant = answer.strip().strip("().").strip().lower()
            return meant if meant in self.choices else answer
        if isinstance(answer, torch.Tensor) and answer.numel() == 1 and not answer.is_complex():
            return answer.item()
        return answer

    def probe(self, function: Decorated) -> Decorated:
        """Add a probe, as a decorator; its docstring's first line says what it tries."""
        return self.probe_with(close())(function)

    def probe_with(self, compare: Comparison) -> Callable[[Decorated], Decorated]:
        """Add a probe that is compared in another way, as a decorator."""

        def add(function: Decorated) -> Decorated:
            probe = make_probe(function, compare, hidden=False)
            if any(probe.name == one.name for one in self.probes):
                raise AuthoringError(
                    f"`{self.id}` has two probes of the name `{probe.name}`; rename one."
                )
            self.probes.append(probe)
            return function

        return add

    def faults(self, **sentences: str) -> Callable[[Decorated], Decorated]:
        """Add a faulty program, as a decorator of what builds it.

        Args:
            sentences: The sentence to those whose answer has the fault, by the fault's name.
        """

        def add(builder: Decorated) -> Decorated:
            program = FaultyProgram(builder, sentences)
            self.programs.append(program)
            for name, sentence in sentences.items():
                self._add(Misconception(name, sentence, program.build(name)))
            return builder

        return add

    def misconception(self, sentence: str) -> Callable[[Decorated], Decorated]:
        """Add a wrong program of its own, as a decorator, with the sentence to those who wrote it."""

        def add(implementation: Decorated) -> Decorated:
            self._add(Misconception(implementation.__name__, sentence, implementation))
            return implementation

        return add

    def wrong_value(self, name: str, value: Any, sentence: str) -> None:
        """Add a wrong plain answer with the sentence to those who give it."""
        self._add(Misconception(name, sentence, value))

    def _add(self, misconception: Misconception) -> None:
        if any(misconception.name == one.name for one in self.misconceptions):
            raise AuthoringError(
                f"`{self.id}` has two faults of the name `{misconception.name}`; rename one."
            )
        self.misconceptions.append(misconception)


def make_probe(function: ProbeFunction, compare: Comparison, hidden: bool) -> Probe:
    """Turn a probe function into a `Probe`; its docstring is what the student reads.

    Raises:
        AuthoringError: The function has no docstring.
    """
    if not function.__doc__:
        raise AuthoringError(
            f"The probe `{function.__name__}` has no docstring; say in one line what it tries."
        )
    tried = function.__doc__.strip().splitlines()[0]
    return Probe(function.__name__, tried, function, compare, hidden)


def value_probe(exercise: Exercise) -> Probe:
    """Make the only probe of a plain answer: its value."""
    return Probe("value", "The value of your answer.", lambda answer, _: exercise.as_asked(answer))


def module_name(name: str) -> str:
    """Name the module of an exercise: `MultiHeadAttention` stands in `multi_head_attention`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@dataclass(eq=False)
class Lab:
    """The exercises of one lab, in the order in which it asks them.

    Each exercise is loaded when it is asked for, so that a list of exercises costs no import, and a check pays for
    its own exercise alone.

    Attributes:
        number: The lab's place in the course.
        topic: The package of `autograder.exercises` that holds its exercises.
        title: What people call it.
        order: The points of each exercise by its name, in order; the only place where these numbers stand.
        stops: The exercises after which a sitting may end, by their names.
    """

    number: int
    topic: str
    title: str
    order: dict[str, int] = field(default_factory=dict)
    stops: tuple[str, ...] = ()
    _declared: dict[str, Exercise] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, points in self.order.items():
            self._require_points(name, points)
        if strange := [name for name in self.stops if name not in self.order]:
            raise AuthoringError(
                f"Lab `{self.topic}` has a place to stop after `{strange[0]}`, which is none of its exercises."
            )

    @property
    def folder(self) -> str:
        """The lab's folder in labs/ and solutions/, and nbgrader's name for the assignment."""
        return f"{self.number:02}_{self.topic}"

    @property
    def points(self) -> dict[str, int]:
        """The points of each exercise by its id, in order."""
        return {f"{self.topic}.{name}": points for name, points in self.order.items()}

    @property
    def exercises(self) -> dict[str, Exercise]:
        """All exercises by their ids, in order."""
        return {exercise_id: self.find(exercise_id) for exercise_id in self.points}

    def __iter__(self) -> Iterator[Exercise]:
        return iter(self.exercises.values())

    def find(self, exercise_id: str) -> Exercise:
        """Load one exercise.

        Raises:
            KeyError: The lab has none of this id.
            AuthoringError: Its module declares no exercise of this name, or cannot be imported.
        """
        if exercise_id not in self.points:
            raise KeyError(exercise_id)
        if exercise_id not in self._declared:
            name = exercise_id.partition(".")[2]
            module = f"autograder.exercises.{self.topic}.{module_name(name)}"
            try:
                importlib.import_module(module)
            except AuthoringError:
                raise
            except Exception as error:
                raise AuthoringError(
                    f"`{module}` cannot be imported: {type(error).__name__}: {error}"
                ) from error
            if exercise_id not in self._declared:
                raise AuthoringError(
                    f'`{module}` declares no `{name}`; begin it exercise = LAB.exercise("{name}", …).'
                )
        return self._declared[exercise_id]

    def exercise(
        self,
        name: str,
        *,
        reference: Any,
        points: int | None = None,
        hints: tuple[str, ...] = (),
        forbidden: tuple[str, ...] = (),
        choices: tuple[str, ...] = (),
        mutates: bool = False,
        matters: str = "",
    ) -> Exercise:
        """Declare an exercise; its id is `topic.name`.

        Args:
            name: The name that the student gives the answer.
            reference: What is right.
            points: What it is worth; left out, what the lab's order says.
            hints: From where to look, to the idea, to the line in words.
            forbidden: Functions that the answer may not call.
            choices: For a choice question, what can be chosen.
            mutates: Whether changing its inputs in place is the answer's job.
            matters: One sentence on why this matters in a real model.

        Raises:
            AuthoringError: The name is taken or not in the lab's order, the points are not a positive whole
                number, or the hints are no tuple.
        """
        exercise_id = f"{self.topic}.{name}"
        if exercise_id in self._declared:
            raise AuthoringError(f"There are two exercises `{exercise_id}`; rename one.")
        if points is None:
            if name not in self.order:
                raise AuthoringError(
                    f"`{name}` is not in the order of lab `{self.topic}`; add it there, with its points."
                )
            points = self.order[name]
        else:
            self._require_points(name, points)
            self.order[name] = points
        for what, given in (("hints", hints), ("forbidden", forbidden), ("choices", choices)):
            if not isinstance(given, tuple):
                raise AuthoringError(
                    f"The {what} of `{exercise_id}` are a bare `{type(given).__name__}`; write a tuple, with a "
                    "comma after its only item."
                )
        exercise = Exercise(
            exercise_id, points, reference, name, hints, forbidden, choices, mutates, matters
        )
        if exercise.is_plain:
            exercise.probes.append(value_probe(exercise))
        self._declared[exercise_id] = exercise
        return exercise

    def _require_points(self, name: str, points: object) -> None:
        if not isinstance(points, int) or isinstance(points, bool) or points < 1:
            raise AuthoringError(
                f"`{self.topic}.{name}` is worth {points} points; give a whole number from 1 on."
            )
