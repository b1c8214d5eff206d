"""Collected from the exercises: a new one is covered here the moment it exists."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from autograder.exercise import Exercise, Probe
from autograder.judging.diagnosis import of_misconception
from autograder.judging.judge import Verdict, judge
from autograder.probing.evidence import Evidence
from autograder.probing.observing import observe, observe_trusted
from autograder.student.answers import collect
from tests.labs import EXERCISES, LABS, hidden_probes, variants

SEEDS = (11, 12, 13)
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.id)


def graded(exercise: Exercise, answer: Any, seed: int) -> Verdict:
    """Judge an answer as grading does, with hidden probes."""
    hidden = hidden_probes(exercise)
    evidence = collect(exercise, {exercise.name: answer}, seed, hidden)
    return judge(exercise, [*exercise.probes, *hidden], evidence, seed)


def seen_of(exercise: Exercise, answer: Any, probes: Sequence[Probe], seed: int) -> list[Evidence]:
    return [observe_trusted(exercise, probe, answer, seed) for probe in probes]


@every_exercise
def test_a_fault_loses_points_and_is_told_its_own_sentence_when_graded(exercise: Exercise) -> None:
    # That public probes refuse each fault, and tell all apart, is held for three seeds by test_every_review.py.
    probes, seed = [*exercise.probes, *hidden_probes(exercise)], SEEDS[0]
    for one in exercise.misconceptions:
        evidence = [of_misconception(exercise, probe, one, seed) for probe in probes]
        verdict = judge(exercise, probes, evidence, seed)
        assert verdict.points == 0, f"no probe sees `{one.name}`"
        assert verdict.sentence == one.sentence, f"`{one.name}` is told `{verdict.misconception}`"


@every_exercise
def test_differently_written_correct_answers_get_full_points(exercise: Exercise) -> None:
    written = variants()[exercise.id]
    assert len(written) >= 2
    for answer in written:
        for seed in SEEDS:
            verdict = graded(exercise, answer, seed)
            assert verdict.points == exercise.points, (
                f"{answer}: {verdict.sentence} {verdict.facts}"
            )


def _replaced(result: Any, kind: str) -> Any:
    """Give a result of the right shape without any thought in it."""
    if isinstance(result, torch.Tensor):
        if kind == "random":
            return (
                torch.rand(result.shape).to(result.dtype)
                if result.dtype != torch.bool
                else (torch.rand(result.shape) < 0.5)
            )
        return torch.full_like(result, kind == "ones")
    if isinstance(result, (list, tuple)):
        return type(result)(_replaced(item, kind) for item in result)
    return {"zeros": 0.0, "ones": 1.0, "random": 0.123}[kind]


def trivial(exercise: Exercise, kind: str) -> Any:
    """Write an answer that returns None, zeros, ones, its input or random numbers."""
    reference = exercise.reference
    if exercise.is_plain:
        values = {"None": None, "zeros": 0, "ones": 1, "input": "", "random": 0.123}
        return values[kind]

    def result(args: tuple[Any, ...], compute: Any) -> Any:
        if kind == "None":
            return None
        return args[0] if kind == "input" else _replaced(compute(), kind)

    if not isinstance(reference, type):
        return lambda *args, **kwargs: result(args, lambda: reference(*args, **kwargs))

    def made(*args: Any, **kwargs: Any) -> Any:
        module = reference(*args, **kwargs)
        forward = module.forward
        module.forward = lambda *a, **k: result(a, lambda: forward(*a, **k))
        return module

    return made


@pytest.mark.parametrize("kind", ["None", "zeros", "ones", "input", "random"])
@every_exercise
def test_a_trivial_answer_earns_nothing(exercise: Exercise, kind: str) -> None:
    for seed in SEEDS:
        probes = [*exercise.probes, *hidden_probes(exercise)]
        answer = trivial(exercise, kind)
        evidence = [observe_trusted(exercise, probe, answer, seed) for probe in probes]
        assert judge(exercise, probes, evidence, seed).points == 0


@every_exercise
def test_the_reference_handed_in_as_the_answer_earns_nothing(exercise: Exercise) -> None:
    if exercise.is_plain:
        assert graded(exercise, exercise.reference, 1).passed
        return
    handed_in = graded(exercise, exercise.reference, 1)
    assert handed_in.points == 0
    assert "write yours in the cell above" in handed_in.sentence
    wrapped = graded(exercise, lambda *args, **kwargs: exercise.reference(*args, **kwargs), 1)
    assert wrapped.points == 0


@every_exercise
def test_the_answer_is_judged_the_same_with_the_same_seed(exercise: Exercise) -> None:
    answer = variants()[exercise.id][0]
    probe = exercise.probes[0]
    first, second = (observe(exercise, probe, answer, 5) for _ in range(2))
    assert repr(first.value) == repr(second.value)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.folder)
def test_what_a_misconception_says_to_reread_is_a_heading_of_the_lab(lab: Any) -> None:
    from tests.labs import SOLUTIONS

    text = (SOLUTIONS / lab.folder / f"{lab.topic}.py").read_text("utf-8")
    headings = [line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("# #")]
    for exercise in lab:
        for one in exercise.misconceptions:
            named = one.sentence.partition("eread '")[2].partition("'")[0]
            if named:
                assert named in headings, f"{one.name} names {named!r}"


def _spoil(value: Any) -> None:
    """Change whatever can be changed in place."""
    if isinstance(value, torch.Tensor):
        with torch.no_grad(), contextlib.suppress(RuntimeError):
            value.zero_()
    elif isinstance(value, dict | list | set):
        for item in value.values() if isinstance(value, dict) else value:
            _spoil(item)
        value.clear()
    elif isinstance(value, tuple):
        for item in value:
            _spoil(item)


def vandal(reference: Any) -> Any:
    """Answer as the reference does, and spoil what was given."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        try:
            return reference(*args, **kwargs)
        finally:
            _spoil([*args, *kwargs.values()])

    return answer


@every_exercise
def test_an_answer_that_spoils_its_inputs_changes_no_later_check(exercise: Exercise) -> None:
    if exercise.is_plain:
        return
    probes = [*exercise.probes, *hidden_probes(exercise)]
    before = seen_of(exercise, exercise.reference, probes, seed=5)
    for probe in probes:
        with contextlib.suppress(Exception):
            probe.run(vandal(exercise.reference), probe.generator(exercise.id, 5))
    after = seen_of(exercise, exercise.reference, probes, seed=5)
    for probe, first, second in zip(probes, before, after, strict=True):
        assert probe.compare(first.value, second.value) is None, probe.name
