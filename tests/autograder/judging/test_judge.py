"""What the judge makes of evidence, whoever wrote it: points, diagnosis, facts, and what stays hidden."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.exercise import Exercise, Lab, Probe
from autograder.exercise.private import HIDDEN_FILE, read_private
from autograder.judging.feedback import as_html, as_text
from autograder.judging.judge import Verdict, judge
from autograder.probing.evidence import Evidence, Failure, Returned
from autograder.probing.observing import observe_trusted
from autograder.student.answers import collect

SEED = 7
SECRET = "48151.625"
HIDDEN = f"""
import torch
from autograder.exercise import Private
private = Private()

@private.probe
def unseen(implementation, generator):
    "A number nobody knows."
    return implementation(torch.tensor({SECRET}))
"""


def successor(x: Any) -> Any:
    return x + 1


def make_exercise() -> Exercise:
    exercise = Lab(97, "demo", "Demo").exercise(
        "successor", points=2, reference=successor, hints=("Look.", "Count.", "Add.")
    )

    @exercise.probe
    def one(implementation: Any, generator: torch.Generator) -> Any:
        """The number 1."""
        return {"next": implementation(torch.tensor(1.0))}

    @exercise.probe
    def minus_one(implementation: Any, generator: torch.Generator) -> Any:
        """The number -1."""
        return {"next": implementation(torch.tensor(-1.0))}

    @exercise.misconception("Your code doubles.")
    def doubles(x: Any) -> Any:
        return 2 * x

    @exercise.misconception("Your code looks the number up.")
    def looks_up(x: Any) -> Any:
        return [1, 2][int(x) + 9]

    @exercise.misconception("Your code leaves.")
    def leaves(x: Any) -> Any:
        sys.exit()

    return exercise


def evidence_of(answer: Callable[[Any], Any], exercise: Exercise) -> list[Evidence]:
    return collect(exercise, {"successor": answer}, SEED)


def verdict_on(evidence: list[Evidence], exercise: Exercise) -> Verdict:
    return judge(exercise, exercise.probes, evidence, SEED)


def right(x: Any) -> Any:
    return 1 + x


def test_evidence_of_every_probe_in_order_earns_the_points() -> None:
    exercise = make_exercise()
    verdict = verdict_on(evidence_of(right, exercise), exercise)
    assert verdict == Verdict("demo.successor", "passed", 2, 2, "`successor` is right.")


@pytest.mark.parametrize("kept", [0, 1])
def test_missing_evidence_counts_against_the_answer(kept: int) -> None:
    exercise = make_exercise()
    verdict = verdict_on(evidence_of(right, exercise)[:kept], exercise)
    assert (verdict.status, verdict.points) == ("wrong", 0)
    assert verdict.sentence == "`successor` ends the Python process instead of returning."


@pytest.mark.parametrize("order", [(1, 0), (0, 0), (1, 1), (1, 0, 1)])
def test_evidence_out_of_order_counts_against_the_answer(order: tuple[int, ...]) -> None:
    exercise = make_exercise()
    evidence = evidence_of(right, exercise)
    verdict = verdict_on([evidence[place] for place in order], exercise)
    assert (verdict.status, verdict.points) == ("wrong", 0)
    assert "could not be tried" in verdict.sentence


def test_a_second_try_at_the_end_is_not_looked_at() -> None:
    exercise = make_exercise()
    good, bad = evidence_of(right, exercise), evidence_of(lambda x: x - 1, exercise)
    assert verdict_on([*bad, *good], exercise).points == 0
    assert verdict_on([*good, *bad], exercise).points == 2


@pytest.mark.parametrize("kind", ["raised", "missing", "not_callable", "timeout", "passed", ""])
def test_a_fault_counts_whatever_value_stands_beside_it(kind: str) -> None:
    exercise = make_exercise()
    evidence = evidence_of(right, exercise)
    for message in ("", "`successor` is not there."):
        evidence[1] = replace(evidence[1], failure=Failure(kind, message))
        verdict = verdict_on(evidence, exercise)
        assert not verdict.passed
        assert verdict.points == 0
        assert "`successor`" in verdict.sentence


KINDS = [
    "missing",
    "not_callable",
    "reference",
    "unwritten",
    "signature",
    "raised",
    "forbidden",
    "mutated",
    "timeout",
    "exit",
    "not_plain",
    "probe",
    "no_evidence",
    "other",
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        [torch.tensor(2.0), torch.tensor(0.0), torch.ones(0, 2), torch.ones(9).int()]
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
anything_seen = st.builds(
    Evidence,
    probe=st.sampled_from(["one", "minus_one", "value", ""]),
    value=ANYTHING | st.builds(lambda inner: {"next": inner}, ANYTHING),
    failure=st.none()
    | st.builds(Failure, st.sampled_from(KINDS), st.text(max_size=9), st.text(max_size=9)),
    returned=st.lists(
        st.builds(
            Returned,
            st.sampled_from(["tensor", "None", "list", ""]),
            st.just(()) | st.just((2, 3)),
            has_nan=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    printed=st.text(max_size=9),
    characters=st.integers(-5, 10**12),
    warnings=st.lists(st.text(max_size=9), max_size=4).map(tuple),
)
ASKED = make_exercise()
CHOICE = Lab(97, "demo", "Demo").exercise("letter", points=1, reference="b", choices=("a", "b"))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(anything_seen, max_size=3))
def test_whatever_the_evidence_is_there_is_a_verdict_and_no_points_for_nothing(
    evidence: list[Evidence],
) -> None:
    for exercise in (ASKED, CHOICE):
        verdict = verdict_on(evidence, exercise)
        assert verdict.sentence
        assert as_text(verdict)
        if verdict.points:
            for probe, seen in zip(exercise.probes, evidence, strict=False):
                assert (seen.probe, seen.failure) == (probe.name, None)
                assert (
                    probe.compare(
                        observe_trusted(exercise, probe, exercise.reference, SEED).value, seen.value
                    )
                    is None
                )
            assert len(evidence) >= len(exercise.probes)


@pytest.mark.parametrize("kind", ["missing", "unwritten"])
def test_what_is_not_there_yet_is_not_called_wrong(kind: str) -> None:
    exercise = make_exercise()
    evidence = [Evidence(probe.name, failure=Failure(kind)) for probe in exercise.probes]
    assert verdict_on(evidence, exercise).status == "unwritten"


def test_a_diagnosis_stands_before_what_was_observed() -> None:
    exercise = make_exercise()
    verdict = verdict_on(evidence_of(lambda x: x + x, exercise), exercise)
    assert verdict.sentence == "Your code doubles."
    assert verdict.misconception == "doubles"
    # Doubling 1 gives what the successor gives, so the second probe is the first to part.
    assert [label for label, _ in verdict.facts] == [
        "Tried",
        "Input",
        "Expected ('next')",
        "Got ('next')",
    ]
    assert dict(verdict.facts)["Tried"] == "The number -1."


def test_a_diagnosis_needs_every_probe() -> None:
    exercise = make_exercise()

    def doubles_below_zero(x: Any) -> Any:
        return 2 * x if x < 0 else x + 1.5

    assert verdict_on(evidence_of(doubles_below_zero, exercise), exercise).misconception == ""
    doubled = evidence_of(lambda x: 2 * x, exercise)
    for evidence in ([doubled[0]], [doubled[1], doubled[0]], [doubled[1], doubled[1]]):
        assert verdict_on(evidence, exercise).misconception == ""


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda x: [0][5], "looks_up"),
        (lambda x: {}["key"], ""),
        (lambda x: 1 / 0, ""),
    ],
)
def test_an_error_is_diagnosed_by_its_kind(answer: Any, told: str) -> None:
    exercise = make_exercise()
    assert verdict_on(evidence_of(answer, exercise), exercise).misconception == told


def test_who_leaves_python_is_told_so_and_nothing_else() -> None:
    exercise = make_exercise()
    verdict = verdict_on(evidence_of(lambda x: sys.exit(), exercise), exercise)
    assert verdict.sentence == "`successor` ends the Python process instead of returning."
    assert verdict.misconception == ""


def test_the_facts_say_what_was_tried_expected_and_got() -> None:
    exercise = make_exercise()
    verdict = verdict_on(evidence_of(lambda x: x + 3, exercise), exercise)
    assert verdict.facts == (
        ("Tried", "The number 1."),
        ("Input", "1 (tensor of shape (), float32)"),
        ("Expected ('next')", "2 (tensor of shape (), float32)"),
        ("Got ('next')", "‹4› (tensor of shape (), float32)"),
    )
    assert verdict.hints == 3


def test_the_students_line_is_a_fact() -> None:
    exercise = make_exercise()
    failure = Failure("raised", "ValueError: no", "line 3: return x.view(7)")
    verdict = verdict_on([Evidence("one", failure=failure)], exercise)
    assert verdict.sentence == "`successor` raises ValueError: no."
    assert dict(verdict.facts) == {
        "Tried": "The number 1.",
        "Input": "1 (tensor of shape (), float32)",
        "Your line": "line 3: return x.view(7)",
    }


def test_warnings_are_notes_three_at_most_and_each_once() -> None:
    exercise = make_exercise()
    evidence = [
        replace(one, warnings=("a", "b", "a", "c", "d")) for one in evidence_of(right, exercise)
    ]
    verdict = verdict_on(evidence, exercise)
    assert verdict.passed
    assert verdict.notes == ("It warned: a", "It warned: b", "It warned: c")


def test_the_loudest_probe_is_quoted_at_its_beginning() -> None:
    exercise = make_exercise()
    first, second = evidence_of(right, exercise)
    evidence = [
        replace(first, printed="short", characters=5),
        replace(second, printed="y" * 2000, characters=5000),
    ]
    assert verdict_on(evidence, exercise).notes == (
        f"It printed: {'y' * 200} … (5,000 characters in all)",
    )


# Hidden probes


def _warns(x: Any) -> Any:
    warnings.warn(f"got {x.item()}", stacklevel=1)
    return x


def _prints(x: Any) -> Any:
    print("I was given", x.item())
    return x + 1 if x.item() < 9 else x + 90


def _prints_and_is_right(x: Any) -> Any:
    if x.item() != 1:
        print("I was given", x.item())
    return x + 1


def _changes(x: Any) -> Any:
    return x.add_(1) if x > 9 else x + 1


def _raises(x: Any) -> Any:
    if x > 9:
        raise ValueError(f"what is {x.item()}?")
    return x + 1


ANSWERS = {
    "wrong value": lambda x: x + 1 if x < 9 else x + 90,
    "wrong shape": lambda x: x + 1 if x < 9 else (x + 1)[None],
    "wrong type": lambda x: x + 1 if x < 9 else x.item() + 1,
    "nothing": lambda x: x + 1 if x < 9 else None,
    "text": lambda x: x + 1 if x < 9 else f"I saw {x.item()}",
    "nan": lambda x: x + 1 if x < 9 else x * torch.nan,
    "no plain data": lambda x: x + 1 if x < 9 else {x.item()},
    "a key": lambda x: x + 1 if x < 9 else {str(x.item()): 1},
    "raises": _raises,
    "changes": _changes,
    "warns": _warns,
    "prints": _prints,
    "prints and is right": _prints_and_is_right,
    "diagnosed": lambda x: 2 * x,
}


def graded(answer: Any, exercise: Exercise) -> Verdict:
    hidden: list[Probe] = read_private(HIDDEN).probes
    evidence = collect(exercise, {"successor": answer}, SEED, hidden)
    return judge(exercise, [*exercise.probes, *hidden], evidence, SEED)


def test_a_hidden_probe_decides_points() -> None:
    assert graded(right, make_exercise()).points == 2
    assert graded(ANSWERS["wrong value"], make_exercise()).points == 0


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_nothing_of_a_hidden_probe_is_shown(answer: Any) -> None:
    verdict = graded(answer, make_exercise())
    for shown in (repr(verdict), as_text(verdict), as_html(verdict)):
        for secret in ("48151", "48152", "48241", "48,15", "nobody knows", "unseen", HIDDEN_FILE):
            assert secret not in shown


def test_who_fails_on_hidden_inputs_alone_is_told_to_think_of_other_cases() -> None:
    for name in ("wrong value", "raises", "nothing", "wrong shape"):
        verdict = graded(ANSWERS[name], make_exercise())
        assert "passes what you can see and fails on other inputs" in verdict.sentence
        assert verdict.facts == ()


def test_what_is_printed_for_public_probes_is_still_shown() -> None:
    assert graded(_prints_and_is_right, make_exercise()).notes == ("It printed: I was given -1.0",)


# Plain answers


def test_a_plain_answer_may_be_a_list_and_so_may_a_wrong_one() -> None:
    exercise = Lab(97, "demo", "Demo").exercise("order", points=1, reference=[1, 2])
    exercise.wrong_value("reversed", [2, 1], "You count backwards.")
    assert verdict_on(collect(exercise, {"order": (1, 2)}, SEED), exercise).passed
    verdict = verdict_on(collect(exercise, {"order": [2, 1]}, SEED), exercise)
    assert (verdict.misconception, verdict.sentence) == ("reversed", "You count backwards.")


def test_an_outline_of_a_call_is_no_reason_to_pass_or_fail() -> None:
    exercise = make_exercise()
    evidence = [replace(one, returned=(Returned("None"),)) for one in evidence_of(right, exercise)]
    assert verdict_on(evidence, exercise).passed
