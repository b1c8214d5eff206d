"""Whose answers are alike: copies are found, and those who solved the task alike by themselves are not accused."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from autograder.authoring.source import source_notebook
from autograder.classroom.course import init_course
from autograder.classroom.similarity import LONGEST, TELLING, alike, common_from
from autograder.classroom.submitted import read_submitted
from autograder.exercise import register
from tests.labs import SOLUTIONS, private_text, variants

TASK = "attention.scaled_dot_product_attention"
BY_HAND = '''
def attention(query, key, value, mask=None):
    """Average the values by how well their keys fit each query."""
    scores = query.double() @ key.double().transpose(-2, -1) / math.sqrt(key.size(-1))
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(-1e9, dtype=torch.float64))
    shares = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    shares = shares / shares.sum(dim=-1, keepdim=True)
    return (shares @ value.double()).to(value.dtype)
'''
RENAMED = '''
def attention(q, k, v, m=None):
    """My own words."""
    # I thought of this myself.
    logits = q.double() @ k.double().transpose(-2, -1) / math.sqrt(k.size(-1))

    if m is not None:
        logits = torch.where(m, logits, torch.tensor(-1e9, dtype=torch.float64))
    weights = torch.exp(logits - logits.amax(dim=-1, keepdim=True))
    weights = weights / weights.sum(dim=-1, keepdim=True)
    return (weights @ v.double()).to(v.dtype)
'''
EINSUM = """
def attention(query, key, value, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", query * query.shape[-1] ** -0.5, key)
    if mask is not None:
        scores = scores + torch.zeros(mask.shape).masked_fill(~mask, -math.inf)
    return torch.einsum("...qk,...kd->...qd", torch.softmax(scores, -1), value)
"""


def code(exercise: str, name: str) -> str:
    """The text of one of the variants of lab 05."""
    text = private_text(register.load("attention"), exercise)
    (node,) = [one for one in ast.parse(text).body if getattr(one, "name", "") == name]
    found = ast.get_source_segment(text, node)
    assert found
    return found


def test_a_copy_with_renamed_variables_is_found_with_its_percent_and_place() -> None:
    answers = {"ada": {TASK: BY_HAND}, "bob": {TASK: RENAMED}, "cleo": {TASK: EINSUM}}
    (pair,) = alike(answers, {})
    assert pair.students == ("ada", "bob")
    assert pair.share > 0.95
    (answer,) = pair.answers
    for text, spans, word in zip(answer.codes, answer.spans, ("scores", "logits"), strict=True):
        shared = "".join(text[start:end] for start, end in spans)
        assert f"torch.where(m{'ask' * (word == 'scores')}, {word}" in shared
    assert answer.characters >= TELLING


def test_correct_answers_that_were_written_independently_are_not_alike() -> None:
    answers: dict[str, dict[str, str]] = {}
    for exercise, implementations in variants().items():
        if exercise.startswith("attention."):
            for number, one in enumerate(implementations):
                name = getattr(one, "__name__", "")
                if name:
                    answers.setdefault(f"student {number}", {})[exercise] = code(exercise, name)
    assert len(answers) > 2
    assert alike(answers, {}) == []


def test_ten_who_wrote_the_same_line_are_not_alike() -> None:
    line = "def causal_mask(length):\n    return torch.ones(length, length).tril().bool()\n"
    assert alike({f"student {number}": {"mask": line} for number in range(10)}, {}) == []


def test_short_answers_are_not_telling_however_many_they_are() -> None:
    short = "def half(x):\n    total = 2 * x + 1\n    return total / 3\n"
    answers = {f"exercise {number}": short for number in range(9)}
    assert alike({"ada": answers, "bob": answers}, {}) == []


def test_one_answer_of_a_few_lines_is_not_telling_and_two_are() -> None:
    lines = (
        "def answer(x):",
        "    a = x.sum(0) - x.mean(1)",
        "    b = a.max() / 2 - 1",
        "    c = b.std(dim=0)",
        "    return (a * b).view(4, -1).relu() + c",
    )
    answers = dict.fromkeys(("one", "two"), "\n".join(lines))
    once = {"one": answers["one"]}
    assert alike({"ada": once, "bob": once}, {}) == []
    (pair,) = alike({"ada": answers, "bob": answers}, {})
    assert [answer.exercise for answer in pair.answers] == ["one", "two"]


def test_the_model_solution_and_the_code_that_was_given_count_nothing() -> None:
    answers = {"ada": {TASK: BY_HAND}, "bob": {TASK: RENAMED}}
    assert alike(answers, {TASK: [BY_HAND]}) == []
    assert alike(answers, {"another exercise": [BY_HAND]})


def test_a_passage_that_many_share_is_common_knowledge() -> None:
    few = {f"student {number}": {TASK: BY_HAND} for number in range(common_from(30))}
    others = {f"other {number}": {TASK: f"x = {number}"} for number in range(30 - len(few))}
    assert len(alike(few | others, {})) == 3
    assert alike(few | others | {"other 0": {TASK: RENAMED}}, {}) == []


def test_the_limit_of_common_knowledge_grows_with_the_class_to_that_of_moss() -> None:
    assert [common_from(students) for students in (2, 30, 70, 100, 500)] == [3, 3, 7, 10, 10]


def test_who_shares_most_comes_first() -> None:
    half = BY_HAND[: BY_HAND.index("    shares")] + "    return scores @ value\n"
    answers = {
        "ada": {TASK: BY_HAND, "other": BY_HAND},
        "bob": {TASK: RENAMED, "other": RENAMED},
        "cleo": {"third": half},
        "dan": {"third": half},
    }
    pairs = alike(answers, {})
    assert [pair.students for pair in pairs] == [("ada", "bob"), ("cleo", "dan")]
    assert [len(pair.answers) for pair in pairs] == [2, 1]


@pytest.mark.parametrize("text", ["", "   ", "\n", "def (", "'''", "\x00\ud800", "é" * 300])
def test_no_text_of_an_answer_stops_the_comparison(text: str) -> None:
    assert alike({"ada": {TASK: text}, "bob": {TASK: text + " "}}, {}) == []


def test_an_answer_beyond_all_measure_is_left_out() -> None:
    endless = BY_HAND * (LONGEST // len(BY_HAND) + 1)
    assert alike({"ada": {TASK: endless}, "bob": {TASK: endless}}, {}) == []


def test_in_a_course_a_class_of_model_solutions_is_not_alike_and_a_copied_detour_is(
    tmp_path: Path,
) -> None:
    from tests.autograder.classroom.test_submitted import hand_in

    init_course(tmp_path, SOLUTIONS)
    source = source_notebook(SOLUTIONS / "05_attention" / "attention.py")
    solved = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code"
    }
    detour = re.sub(r"(?s)### BEGIN.*END SOLUTION", "", solved["attention-layer_norm-answer"])
    body = code("attention.layer_norm", "norm_in_place").split('"""')[-1]
    copied = {**solved, "attention-layer_norm-answer": detour + body}
    renamed = {**copied, "attention-layer_norm-answer": detour + body.replace("out", "result")}
    for student, answers in {"ada": solved, "bob": solved, "cy": copied, "di": renamed}.items():
        hand_in(tmp_path, student, answers)
    submitted = read_submitted(tmp_path, "05_attention", ["ada", "bob", "cy", "di"])
    assert [pair.students for pair in alike(submitted.answers, submitted.known)] == [("cy", "di")]
