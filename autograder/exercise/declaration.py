"""Exercises, probes and misconceptions: what an author of a lab writes.

A lab declares its exercises in one module of `autograder.exercises`:

    LAB = Lab(5, "attention", "Attention")

    mask = LAB.exercise("causal_mask", points=2, reference=llmlab.model.causal_mask, hints=(...))

    @mask.probe
    def square(implementation, generator):
        "Four tokens."
        return implementation(4)

    @mask.misconception("Your mask lets each token see the tokens after it, and not those before.")
    def looks_ahead(length):
        ...

A probe asserts nothing: it returns plain data (tensors, numbers, text, lists, dictionaries), and
the judge compares that with what the same probe returns for the reference.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
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


@dataclass(eq=False)
class Exercise:
    """One thing that a student writes, and everything that is known about it.

    Attributes:
        id: `topic.name`, as in `attention.causal_mask`.
        points: What it is worth; the only place where this number stands.
        reference: The function or class in `llmlab` that is right, or the right plain answer.
        name: The name that the student gives the answer.
        hints: From where to look, to the idea, to the line in words.
        forbidden: Functions that the answer may not call, as `torch.softmax`.
        choices: For a choice question, what can be chosen.
        mutates: Whether changing its inputs in place is the answer's job.
    """

    id: str
    points: int
    reference: Any
    name: str
    hints: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    mutates: bool = False
    probes: list[Probe] = field(default_factory=list)
    misconceptions: list[Misconception] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """Whether the answer is a value (a number, a choice), and not code."""
        return not callable(self.reference)

    def probe(self, function: Decorated) -> Decorated:
        """Add a probe, as a decorator; its docstring's first line says what it tries."""
        return self.probe_with(close())(function)

    def probe_with(self, compare: Comparison) -> Callable[[Decorated], Decorated]:
        """Add a probe that is compared in another way, as a decorator."""

        def add(function: Decorated) -> Decorated:
            self.probes.append(make_probe(function, compare, hidden=False))
            return function

        return add

    def misconception(self, sentence: str) -> Callable[[Decorated], Decorated]:
        """Add a wrong implementation, as a decorator, with the sentence to those who hold it."""

        def add(implementation: Decorated) -> Decorated:
            misconception = Misconception(implementation.__name__, sentence, implementation)
            self.misconceptions.append(misconception)
            return implementation

        return add

    def wrong_value(self, name: str, value: Any, sentence: str) -> None:
        """Add a wrong plain answer with the sentence to those who give it."""
        self.misconceptions.append(Misconception(name, sentence, value))


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


@dataclass(eq=False)
class Lab:
    """The exercises of one lab, in the order in which it asks them."""

    number: int
    topic: str
    title: str
    exercises: dict[str, Exercise] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The lab's folder in labs/ and solutions/, and nbgrader's name for the assignment."""
        return f"{self.number:02}_{self.topic}"

    def __iter__(self) -> Iterator[Exercise]:
        return iter(self.exercises.values())

    def exercise(
        self,
        name: str,
        *,
        points: int,
        reference: Any,
        hints: tuple[str, ...] = (),
        forbidden: tuple[str, ...] = (),
        choices: tuple[str, ...] = (),
        mutates: bool = False,
    ) -> Exercise:
        """Declare an exercise; its id is `topic.name`.

        Raises:
            AuthoringError: The name is taken, or the points are not a positive whole number.
        """
        exercise_id = f"{self.topic}.{name}"
        if exercise_id in self.exercises:
            raise AuthoringError(f"There are two exercises `{exercise_id}`; rename one.")
        if not isinstance(points, int) or points < 1:
            raise AuthoringError(
                f"`{exercise_id}` is worth {points} points; give a whole number from 1 on."
            )
        exercise = Exercise(
            exercise_id, points, reference, name, hints, forbidden, choices, mutates
        )
        if exercise.is_plain:
            exercise.probes.append(
                Probe("value", "The value of your answer.", lambda answer, generator: answer)
            )
        self.exercises[exercise_id] = exercise
        return exercise
