"""The small edits of a program: each as a learner's slip would need it, made and taken back in one tree."""

from __future__ import annotations

import ast
import inspect
from itertools import islice

import pytest

import autograder.student.edits as package
from autograder.student.edits import Action, Edit, Kind, edits_of
from llmlab import foundations, tokenization


def definition(source: str) -> ast.stmt:
    return ast.parse(source).body[0]


def made(source: str) -> list[tuple[str, Edit]]:
    """List each edited program beside its edit."""
    tree = definition(source)
    found = []
    for edit in edits_of(tree):
        with edit.made():
            found.append((ast.unparse(tree), edit))
    return found


def body(line: str) -> str:
    return f"def f(a, b, x, n):\n    y = a\n    return {line}"


def normal(source: str) -> str:
    return ast.unparse(ast.parse(source))


SLIPS = [
    ("x.sum(dim=0)", "x.sum(dim=-1)", Kind.AXIS, Action.CHANGE),
    ("x.norm(dim=0)", "x.norm(dim=-1, keepdim=True)", Kind.AXIS, Action.CHANGE),
    ("torch.softmax(x, 0)", "torch.softmax(x, -1)", Kind.AXIS, Action.CHANGE),
    ("x.mean()", "x.mean(dim=0)", Kind.AXIS, Action.CHANGE),
    ("x.max()", "x.amax(dim=-1, keepdim=True)", Kind.AXIS, Action.CHANGE),
    ("x.sum(0) + a.sum(0)", "x.sum(-1) + a.sum(-1)", Kind.AXIS, Action.CHANGE_ALL),
    ("x[:, a]", "x[a, :]", Kind.AXIS, Action.CHANGE),
    ("x.sum(-1)", "x.sum(-1, keepdim=True)", Kind.KEEPDIM, Action.CHANGE),
    ("x.sum(-1, keepdim=True)", "x.sum(-1)", Kind.KEEPDIM, Action.CHANGE),
    ("x / x.shape[0]", "x / x.shape[-1]", Kind.SIZE, Action.CHANGE),
    ("x / len(x)", "x / x.numel()", Kind.SIZE, Action.CHANGE),
    ("-a * b", "a * b", Kind.SIGN, Action.CHANGE),
    ("a + b", "a - b", Kind.SIGN, Action.CHANGE),
    ("f(a * b)", "f(-a * b)", Kind.SIGN, Action.ADD),
    ("a * b", "a / b", Kind.OPERATOR, Action.CHANGE),
    ("a * b", "a @ b", Kind.OPERATOR, Action.CHANGE),
    ("a // b", "a / b", Kind.DIVISION, Action.CHANGE),
    ("a < b", "a <= b", Kind.COMPARISON, Action.CHANGE),
    ("a == b", "a != b", Kind.COMPARISON, Action.CHANGE),
    ("a and b", "a or b", Kind.CONDITION, Action.CHANGE),
    ("not a", "a", Kind.CONDITION, Action.CHANGE),
    ("a if n else b", "b if n else a", Kind.CONDITION, Action.CHANGE),
    ("a / 2 * b", "a / (2 * b)", Kind.PARENTHESES, Action.CHANGE),
    ("a / b.sum()", "(a / b).sum()", Kind.PARENTHESES, Action.CHANGE),
    ("(a + b).sqrt()", "a.sqrt() + b", Kind.PARENTHESES, Action.CHANGE),
    ("x.mean().sqrt()", "x.sqrt().mean()", Kind.PARENTHESES, Action.CHANGE),
    ("a - b", "b - a", Kind.ARGUMENTS, Action.CHANGE),
    ("f(a, b)", "f(b, a)", Kind.ARGUMENTS, Action.CHANGE),
    ("b @ a.T", "a @ b.T", Kind.ARGUMENTS, Action.CHANGE),
    ("sum(range(n))", "sum(range(n + 1))", Kind.RANGE, Action.CHANGE),
    ("sum(range(n))", "sum(range(1, n))", Kind.RANGE, Action.CHANGE),
    ("list(enumerate(x))", "list(enumerate(x, 1))", Kind.RANGE, Action.CHANGE),
    ("x[1:]", "x[:]", Kind.SLICE, Action.CHANGE),
    ("x[:n]", "x[:n + 1]", Kind.SLICE, Action.CHANGE),
    ("x[:-1]", "x", Kind.SLICE, Action.DROP),
    ("x[0]", "x[-1]", Kind.INDEX, Action.CHANGE),
    ("x[n]", "x[n - 1]", Kind.INDEX, Action.CHANGE),
    ("x.min(dim=-1)", "x.max(dim=-1)", Kind.EXTREME, Action.CHANGE),
    ("x.mean()", "x.sum()", Kind.SUMMARY, Action.CHANGE),
    ("floor(a)", "ceil(a)", Kind.ROUNDING, Action.CHANGE),
    ("a.strip()", "a.rstrip()", Kind.TEXT, Action.CHANGE),
    ("a.lower()", "a", Kind.TEXT, Action.DROP),
    ("sorted(x)", "sorted(x, reverse=True)", Kind.SORTING, Action.CHANGE),
    ("a.log()", "a.log2()", Kind.FUNCTION, Action.CHANGE),
    ("a * 2", "a * 3", Kind.NUMBER, Action.CHANGE),
    ("a.fill(0)", "a.fill(-float('inf'))", Kind.CONSTANT, Action.CHANGE),
    ("a.sort(stable=True)", "a.sort(stable=False)", Kind.CONSTANT, Action.CHANGE),
    ("a + b", "a + n", Kind.NAME, Action.MOVE),
    ("a", "y", Kind.RETURN, Action.MOVE),
    ("f(a).abs()", "f(a)", Kind.CALL, Action.DROP),
    ("a * math.sqrt(n)", "a", Kind.PART, Action.DROP),
    ("f(a, dtype=b)", "f(a)", Kind.ARGUMENT, Action.DROP),
    ("x[None]", "x", Kind.DIMENSION, Action.DROP),
    ("x.T @ a", "x @ a", Kind.AXIS, Action.DROP),
    ("a / n * b", "a / n ** 0.5 * b", Kind.MISSING, Action.ADD),
    ("f(a @ b)", "f(a.mT @ b)", Kind.MISSING, Action.ADD),
]


@pytest.mark.parametrize(("wrong", "right", "kind", "action"), SLIPS)
def test_a_slip_is_mended_by_an_edit_of_its_kind(
    wrong: str, right: str, kind: Kind, action: Action
) -> None:
    found = [
        (edit.kind, edit.action) for text, edit in made(body(wrong)) if text == normal(body(right))
    ]
    assert (kind, action) in found


STATEMENTS = [
    ("y = a\n    z = y", "z = y\n    y = a", Kind.STATEMENTS),
    (
        "for i in x:\n        a(i)\n        b(i)",
        "for i in x:\n        a(i)\n    b(i)",
        Kind.INDENTATION,
    ),
    (
        "for i in x:\n        a(i)\n    b(i)",
        "for i in x:\n        a(i)\n        b(i)",
        Kind.INDENTATION,
    ),
    ("if n:\n        a()\n    else:\n        b()", "if n:\n        a()\n    b()", Kind.INDENTATION),
    (
        "if n:\n        a()\n    else:\n        b()",
        "if n:\n        b()\n    else:\n        a()",
        Kind.CONDITION,
    ),
    ("for i in x:\n        break", "for i in x:\n        continue", Kind.EXIT),
    ("for i in x:\n        return i", "for i in x:\n        break", Kind.EXIT),
    ("x += a", "x = x + a", Kind.IN_PLACE),
    ("x = x + a", "x += a", Kind.IN_PLACE),
    ("y = x.fill_(a)", "y = x.fill(a)", Kind.IN_PLACE),
    ("x += a", "x = a", Kind.AUGMENTED),
    ("x.grad = a", "x.grad += a", Kind.AUGMENTED),
    ("x += a", "x -= a", Kind.OPERATOR),
    ("a.step()", "pass", Kind.STATEMENT),
    ("raise ValueError(a)", "pass", Kind.STATEMENT),
    ("if n:\n        a()", "a()", Kind.CONDITION),
    ("x = m(a)\n    y.append(x)", "x = m(a)\n    y.append(x.clone())", Kind.MISSING),
    ("t += s * a", "t += s * a / len(a)", Kind.MISSING),
    ("m = causal(len(a))\n    y = f(a, m)", "m = x\n    y = f(a, m)", Kind.NAME),
]


@pytest.mark.parametrize(("wrong", "right", "kind"), STATEMENTS)
def test_a_slip_among_statements_is_mended_by_an_edit_of_its_kind(
    wrong: str, right: str, kind: Kind
) -> None:
    head = "def f(a, x, n):\n    "
    found = [edit.kind for text, edit in made(head + wrong) if text == normal(head + right)]
    assert kind in found


@pytest.mark.parametrize("function", [foundations.cross_entropy, tokenization.merge_pair])
def test_after_all_edits_the_tree_is_as_it_was(function: object) -> None:
    tree = definition(inspect.getsource(function))  # type: ignore[arg-type]
    before = ast.dump(tree, include_attributes=True)
    count = 0
    for edit in edits_of(tree):
        assert ast.dump(tree, include_attributes=True) == before
        with pytest.raises(KeyError), edit.made():
            raise KeyError
        count += 1
    assert ast.dump(tree, include_attributes=True) == before
    assert count > 100


@pytest.mark.parametrize("function", [foundations.softmax, tokenization.pair_counts])
def test_each_edit_changes_the_program_and_names_a_line_of_it(function: object) -> None:
    source = inspect.getsource(function)  # type: ignore[arg-type]
    tree = definition(source)
    before = ast.dump(tree)
    for edit in edits_of(tree):
        assert 1 <= edit.line <= len(source.splitlines())
        assert edit.statements
        with edit.made():
            assert ast.dump(tree) != before


def test_an_edited_program_compiles_or_is_refused_for_its_grammar_alone() -> None:
    tree = definition(inspect.getsource(tokenization.merge_pair))
    refused = 0
    for edit in edits_of(tree):
        with edit.made():
            try:
                compile(ast.Module([tree], []), "<edited>", "exec")
            except SyntaxError:
                refused += 1
    assert refused < 20


def test_edits_are_listed_one_at_a_time() -> None:
    lines = "\n".join(f"    x = x + {i} * f(x, {i})" for i in range(2_000))
    first = list(islice(edits_of(definition(f"def f(x):\n{lines}")), 5))
    assert len(first) == 5


def test_single_changes_come_before_what_is_dropped_moved_and_added() -> None:
    actions = [edit.action for _, edit in made(body("x.sum(0) + a.sum(0) * len(b)"))]
    assert actions == sorted(actions)
    assert set(actions) == set(Action)


def test_what_speaks_to_people_is_never_edited() -> None:
    source = '''
def f(x: Float[Tensor, "1 + 1"], n: int = 3) -> Float[Tensor, "2 * 2"]:
    """Take 1 + 1 and x[0]."""
    print(x[1:] + 7)
    assert x, f"{x[0] - 1} and " + "more"
    if n:
        raise ValueError("not " + str(n * 2))
    return x
'''
    for text, _ in made(source.strip()):
        assert "Take 1 + 1 and x[0]." in text
        assert "Float[Tensor, '1 + 1']" in text
        assert "print(x[1:] + 7)" in text
        assert "f'{x[0] - 1} and ' + 'more'" in text or "assert" not in text
        assert "ValueError('not ' + str(n * 2))" in text or "raise" not in text


@pytest.mark.parametrize(
    "end", ["c = a @ b\n    return c, b", "return a @ b, b", "return [a @ b for a in b]"]
)
def test_no_step_is_added_around_what_is_returned(end: str) -> None:
    steps = [text for text, edit in made(f"def f(a, b):\n    {end}") if edit.kind is Kind.MISSING]
    assert any("a.mT @ b" in text for text in steps)
    assert not any("(a @ b)" in text for text in steps)


def test_the_line_of_a_call_in_a_chain_is_that_of_its_own_name() -> None:
    source = "def f(x):\n    return (\n        x.float()\n        .sum(0)\n        .sqrt()\n    )"
    axes = [edit.line for _, edit in made(source) if edit.kind is Kind.AXIS]
    assert set(axes) == {4}


def test_swapped_statements_are_both_blamed() -> None:
    edits = [
        edit for _, edit in made("def f(x):\n    y = x\n    z = y") if len(edit.statements) == 2
    ]
    assert (edits[0].kind, edits[0].line) == (Kind.STATEMENTS, 2)


def test_every_kind_completes_the_sentence_and_gives_no_answer_away() -> None:
    for kind in Kind:
        assert kind.value[0].islower()
        assert not kind.value.endswith((".", "?", "!"))
        assert kind.value.startswith(
            ("which", "whether", "where", "when", "what", "how", "the ", "a ")
        )
    assert set(package.__all__) == {"Action", "Change", "Edit", "Kind", "edits_of"}
