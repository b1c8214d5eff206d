"""What the audit makes of an exercise's probes: which wrong programs they let pass."""

from __future__ import annotations

import ast
import io
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Generator, Tensor

from autograder.authoring.audit import (
    Audit,
    Equivalent,
    RightAnswer,
    Survivor,
    Work,
    audit,
    audit_all,
    mutants,
    reference_answer,
    show_audit,
    variant_answer,
)
from autograder.errors import AuthoringError, AutograderError
from autograder.exercise import Exercise, Lab, Probe, register
from autograder.exercise.private import read_private
from autograder.student.edits import Action, Kind

PRIVATE = '''
import torch
from autograder.exercise import Private

private = Private()
TWO = 2


@private.probe
def wide(implementation, generator):
    """Numbers far from zero."""
    return implementation(100 * torch.randn(2, 3, generator=generator))


@private.variant
def by_sums(x):
    """Divide a sum."""
    return (x**TWO).sum(dim=-1) / x.shape[-1]


@private.variant
class NoFunction:
    pass
'''


def mean_of_squares(x: Tensor, scale: float = 1.0) -> Tensor:
    """Take the mean of the squares along the last dimension."""
    if scale < 0:
        raise ValueError(f"{scale} is negative.")
    squares = x**2
    if squares.max() > 50:
        squares = squares * 1.0
    return squares.mean(dim=-1)


def of_rows(implementation: Any, generator: Generator) -> Any:
    """Three rows of three numbers."""
    return implementation(torch.randn(3, 3, generator=generator))


def of_ones(implementation: Any, generator: Generator) -> Any:
    """Two rows of ones, which tell little apart."""
    return implementation(torch.ones(2, 2))


def exercise_of(*probes: Any) -> Exercise:
    exercise = Lab(99, "audit", "Audits").exercise(
        "mean_of_squares", points=1, reference=mean_of_squares, forbidden=("torch.mean",)
    )
    for probe in probes:
        exercise.probe(probe)
    return exercise


def work_of(*probes: Any, **options: Any) -> Work:
    exercise = exercise_of(*probes)
    return Work(exercise, [reference_answer(exercise)], **options)


def kinds_at(found: tuple[Survivor, ...], text: str) -> set[Kind]:
    return {one.kind for one in found if one.text == text}


def definition(source: str) -> ast.stmt:
    return ast.parse(source).body[0]


def written(source: str) -> list[str]:
    tree, found = definition(source), []
    for edit in mutants(tree):
        with edit.made():
            found.append(ast.unparse(tree))
    return found


def test_a_weak_probe_lets_mutants_pass_that_a_better_one_refuses() -> None:
    weak = audit(work_of(of_ones), further=2)
    strong = audit(work_of(of_ones, of_rows), further=2)
    assert weak.mutants == strong.mutants
    assert weak.refused_share < strong.refused_share
    assert Kind.AXIS in kinds_at(weak.open, "return squares.mean(dim=-1)")
    assert Kind.AXIS not in kinds_at(strong.open, "return squares.mean(dim=-1)")
    assert {one.path for one in weak.open} == {__file__}


def test_a_survivor_says_what_it_changes_in_which_line() -> None:
    survivor = next(one for one in audit(work_of(of_ones), further=0).open if one.kind is Kind.AXIS)
    line = Path(__file__).read_text().splitlines()[survivor.line - 1]
    assert line.strip() == survivor.text
    assert survivor.change == "return squares.mean(dim=-1) → return squares.mean(dim=-2)"


def test_a_mutant_that_the_authors_reason_covers_is_closed() -> None:
    mark = Equivalent("return squares.mean(dim=-1)", Kind.AXIS, "All rows are alike.")
    closed = audit(work_of(of_ones, equivalents=[mark]), further=5)
    opened = audit(work_of(of_ones), further=5)
    assert len(closed.open) < len(opened.open)
    assert closed.equivalent_share > 0
    assert closed.refused_share > opened.refused_share
    assert not closed.stale


def test_a_reason_does_not_cover_what_a_hidden_probe_refuses() -> None:
    hidden = [Probe("rows", "Rows.", of_rows, hidden=True)]
    mark = Equivalent("return squares.mean(dim=-1)", Kind.AXIS, "So it seems.")
    found = audit(work_of(of_ones, equivalents=[mark], hidden=hidden), further=2)
    assert {one.hidden for one in found.open if one.kind is Kind.AXIS} == {"rows"}


def test_a_mutant_that_another_draw_tells_apart_is_open_whatever_its_author_says() -> None:
    def rarely(implementation: Any, generator: Generator) -> Any:
        """Ones, and on other draws than the first some rows."""
        if generator.initial_seed() == first:
            return implementation(torch.ones(2, 2))
        return implementation(torch.randn(3, 3, generator=generator))

    from autograder.exercise.draws import PUBLIC_SEED

    first = (
        exercise_of(rarely).probes[0].generator("audit.mean_of_squares", PUBLIC_SEED).initial_seed()
    )
    mark = Equivalent("return squares.mean(dim=-1)", Kind.AXIS, "So it seems.")
    found = audit(work_of(rarely, equivalents=[mark]), further=3)
    parted = [one for one in found.open if one.kind is Kind.AXIS]
    assert parted
    assert all(one.seed is not None for one in parted)


def test_a_line_that_nobody_asks_for_has_no_mutants() -> None:
    mark = Equivalent("squares = squares * 1.0", None, "Only large numbers come here.")
    found = audit(work_of(of_rows, equivalents=[mark]), further=0)
    assert not kinds_at(found.survivors, mark.line)
    assert kinds_at(audit(work_of(of_rows), further=0).open, mark.line)
    assert not found.stale


@pytest.mark.parametrize("kind", [Kind.KEEPDIM, None])
def test_a_reason_for_no_mutant_is_stale(kind: Kind | None) -> None:
    mark = Equivalent("return nothing", kind, "There was such a line once.")
    assert audit(work_of(of_rows, equivalents=[mark]), further=0).stale == (mark,)


def test_a_variant_is_read_from_its_private_file_and_is_not_declared_again() -> None:
    private = read_private(PRIVATE)
    exercise = exercise_of(of_rows)
    answer = variant_answer(private.variants[0], PRIVATE, Path("private/mean_of_squares.py"))
    found = audit(Work(exercise, [answer], private.probes), further=2)
    assert found.mutants > 10
    assert found.refused_share > 0.8
    assert {one.path for one in found.survivors} <= {"private/mean_of_squares.py"}
    assert len(private.variants) == 2


def test_an_answer_that_is_refused_itself_is_its_authors_error() -> None:
    def other(implementation: Any, generator: Generator) -> Any:
        """Nothing that the variant can do."""
        return implementation(3)

    answer = variant_answer(read_private(PRIVATE).variants[0], PRIVATE, Path("private.py"))
    with pytest.raises(
        AuthoringError, match=r"`by_sums` in private\.py is refused by the probe `other`"
    ):
        audit(Work(exercise_of(other), [answer]), further=0)


def test_an_answer_without_source_is_its_authors_error() -> None:
    names: dict[str, Any] = {}
    exec("def variant(x): return x", names)
    with pytest.raises(AuthoringError, match="is not to be had"):
        variant_answer(names["variant"], "", Path("private.py"))


def test_a_reference_of_another_library_is_left_to_its_variants() -> None:
    with pytest.raises(AuthoringError, match="is not to be had"):
        reference_answer(register.find("welcome.average"))
    assert reference_answer(register.find("attention.causal_mask")).program.definitions


def test_an_answer_that_cannot_be_executed_again_is_its_authors_error() -> None:
    text = "LOCK = __import__('threading').Lock()\ndef locked(x):\n    with LOCK: return x"
    names: dict[str, Any] = {}
    exec(compile(text, "<hidden probes>", "exec"), names)
    answer = variant_answer(names["locked"], text, Path("private.py"))
    with pytest.raises(AuthoringError, match="cannot be executed again"):
        audit(Work(exercise_of(of_rows), [answer]), further=0)


def test_checks_of_arguments_and_what_says_the_same_are_no_mutants() -> None:
    source = "def f(a, b):\n    if a < 0:\n        raise ValueError(a)\n    c = a\n    d = b\n    return c * d + 1"
    found = written(source)
    assert all("if a < 0:\n        raise ValueError(a)" in one for one in found)
    assert not any("d = b\n    c = a" in one for one in found)
    assert not any("return 1 + c * d" in one or "return d * c + 1" in one for one in found)
    assert any("return c / d + 1" in one for one in found)
    assert len(found) == len(set(found))


def test_mutants_add_nothing_and_change_one_thing_at_a_time() -> None:
    tree = definition("def f(x):\n    return x.sum(0) + x.mean(0)")
    actions = {edit.action for edit in mutants(tree)}
    assert actions <= {Action.CHANGE, Action.DROP, Action.MOVE}


def test_a_mutant_that_ends_its_process_is_refused_and_the_next_is_tried() -> None:
    text = """
import os

def ended(x):
    if x.dim() != 2:
        os._exit(3)
    return (x**2).mean(dim=-1)
"""
    names: dict[str, Any] = {}
    exec(compile(text, "<hidden probes>", "exec"), names)
    answer = variant_answer(names["ended"], text, Path("private.py"))
    found = audit(Work(exercise_of(of_rows), [answer]), further=1)
    assert found.mutants == len(answer.mutants)
    assert "os._exit(3)" in {one.text for one in found.survivors}
    assert found.refused_share > 0.5


def test_shares_of_nothing_are_those_of_a_clean_exercise() -> None:
    nothing = Audit("audit.nothing", 0)
    assert (nothing.refused_share, nothing.equivalent_share) == (1.0, 0.0)
    assert nothing.is_clean


def test_a_fragile_answer_or_an_open_mutant_too_many_is_not_clean() -> None:
    survivor = Survivor("a.py", 1, "x", Kind.SIGN, "x → y")
    assert Audit("audit.some", 100, (survivor,)).is_clean
    assert not Audit("audit.some", 20, (survivor,)).is_clean
    assert not Audit("audit.some", 100, fragile=(("variant", 1_000_003),)).is_clean


def test_one_mutant_that_a_hidden_probe_alone_refuses_is_not_clean() -> None:
    survivor = Survivor("a.py", 1, "x", Kind.SIGN, "x → y", hidden="rows")
    assert not Audit("audit.some", 1000, (survivor,)).is_clean


def test_the_report_names_file_line_and_change_once_a_line_and_kind() -> None:
    other = Survivor("a.py", 3, "y", Kind.AXIS, "y → z", hidden="rows")
    survivor = Survivor("a.py", 1, "x", Kind.SIGN, "x[0] → -x[0]")
    mark = Equivalent("gone", Kind.SIGN, "it was there")
    stream = io.StringIO()
    found = Audit("audit.some", 50, (survivor, survivor, other), (mark,), (("variant", 8),))
    show_audit(found, Console(file=stream, width=200))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "audit.some: to mend; 94.0% of 50 mutants refused, 0 more equivalent (0.0%)"
    assert lines[1] == "  a.py:1: SIGN: x[0] → -x[0], and 1 more like it"
    assert lines[2] == "  a.py:3: AXIS: y → z, which the hidden probe `rows` refuses"
    assert "seed 8" in lines[3]
    assert "gone (it was there)" in lines[4]


def test_several_exercises_are_audited_in_their_order() -> None:
    works = [work_of(of_rows), work_of(of_ones)]
    small = [Work(one.exercise, [few(one.answers[0])]) for one in works]
    found = audit_all(small, Console(file=io.StringIO()))
    assert [one.mutants for one in found] == [5, 5]


def few(answer: RightAnswer) -> RightAnswer:
    return RightAnswer(answer.program, answer.path, answer.lines, answer.mutants[:5])


def test_without_child_processes_there_is_no_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    work = work_of(of_rows)
    monkeypatch.delattr(os, "fork")
    with pytest.raises(AutograderError, match="forked"):
        audit(work)
