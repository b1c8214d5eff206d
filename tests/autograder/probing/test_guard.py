"""Forbidden functions are found by whatever route they are called."""

from __future__ import annotations

import _thread
import multiprocessing
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.exercise import Exercise, Lab
from autograder.judging.judge import Verdict
from autograder.notebook.checking import verdict_on
from autograder.probing.guard import (
    HEARD_CHARACTERS,
    ForbiddenCall,
    TimeLimitReached,
    forbidding,
    listening,
    time_limit,
)


def shares(scores: Tensor) -> Tensor:
    return scores.softmax(dim=-1)


def exercise_without(*forbidden: str) -> Exercise:
    exercise = Lab(97, "demo", "Demo").exercise(
        "shares", points=2, reference=shares, forbidden=forbidden
    )

    @exercise.probe
    def few(implementation: Any, generator: torch.Generator) -> Any:
        """Four scores."""
        return implementation(torch.randn(4, generator=generator))

    return exercise


def verdict_of(answer: Any) -> Verdict:
    return verdict_on(exercise_without("torch.softmax"), {"shares": answer})


def by_hand(scores: Tensor) -> Tensor:
    powers = (scores - scores.max()).exp()
    return powers / powers.sum()


def in_a_try(scores: Tensor) -> Tensor:
    try:
        return torch.softmax(scores, -1)
    except Exception:
        return by_hand(scores)


class _Inside(nn.Module):
    def forward(self, scores: Tensor) -> Tensor:
        return F.softmax(scores, dim=-1)


ROUTES = {
    "torch": lambda s: torch.softmax(s, -1),
    "method": lambda s: s.softmax(-1),
    "unbound method": lambda s: Tensor.softmax(s, -1),
    "functional": lambda s: F.softmax(s, dim=-1),
    "module": lambda s: nn.Softmax(dim=-1)(s),
    "own module": lambda s: _Inside()(s),
    "special": lambda s: torch.special.softmax(s, -1),
    "aten": lambda s: torch.ops.aten.softmax(s, -1),
    "aten overload": lambda s: torch.ops.aten.softmax.int(s, -1),
    "aten inner": lambda s: torch.ops.aten._softmax(s, -1, False),
    "aten inner overload": lambda s: torch.ops.aten._softmax.default(s, -1, False),
    "inner": lambda s: torch._softmax(s, -1, False),
    "getattr": lambda s: getattr(torch, "soft" + "max")(s, -1),
    "out": lambda s: torch.softmax(s, -1, out=torch.empty(4)),
    "softmin": lambda s: F.softmin(-s, dim=-1),
    "in a try": in_a_try,
}


@pytest.mark.parametrize("answer", ROUTES.values(), ids=ROUTES.keys())
def test_a_forbidden_function_is_named_by_whatever_route_it_is_called(answer: Any) -> None:
    verdict = verdict_of(answer)
    assert verdict.points == 0
    assert (
        verdict.sentence
        == "`shares` calls `torch.softmax`, which this exercise asks you to do without."
    )


def test_the_same_result_by_hand_is_right() -> None:
    assert verdict_of(by_hand).passed


def test_only_what_is_forbidden_is_forbidden() -> None:
    assert verdict_on(exercise_without("torch.cumsum"), {"shares": ROUTES["torch"]}).passed


def test_an_operation_in_place_is_the_same_operation() -> None:
    exercise = Lab(97, "demo", "Demo").exercise(
        "twice", points=1, reference=lambda x: x * 2, forbidden=("torch.mul",)
    )

    @exercise.probe
    def ones(implementation: Any, generator: torch.Generator) -> Any:
        """Ones."""
        return implementation(torch.ones(2))

    def answer(x: Tensor) -> Tensor:
        return x.clone().mul_(2)

    assert "calls `torch.mul`" in verdict_on(exercise, {"twice": answer}).sentence
    assert verdict_on(exercise, {"twice": lambda x: x + x}).passed


def test_attention_inside_a_function_of_pytorchs_is_found_out() -> None:
    exercise = Lab(97, "demo", "Demo").exercise(
        "attend",
        points=1,
        reference=lambda x: F.scaled_dot_product_attention(x, x, x),
        forbidden=("torch.nn.functional.scaled_dot_product_attention",),
    )

    @exercise.probe
    def small(implementation: Any, generator: torch.Generator) -> Any:
        """Three tokens of four numbers."""
        return implementation(torch.randn(1, 3, 4, generator=generator))

    def through_a_module(x: Tensor) -> Tensor:
        layer = nn.MultiheadAttention(4, 1, batch_first=True)
        return layer(x, x, x, need_weights=False)[0]

    sentence = verdict_on(exercise, {"attend": through_a_module}).sentence
    assert "calls `torch.nn.functional.scaled_dot_product_attention`" in sentence
    assert verdict_on(exercise, {"attend": lambda x: (x @ x.mT / 2).softmax(-1) @ x}).passed


def test_calling_the_reference_is_found_out() -> None:
    verdict = verdict_on(exercise_without(), {"shares": lambda scores: shares(scores)})
    assert verdict.points == 0
    assert f"calls `{__name__}.shares`" in verdict.sentence


@pytest.mark.filterwarnings("ignore")
def test_the_reference_is_the_reference_compiled_and_traced() -> None:
    by_compiler = torch.compile(shares, backend="eager", dynamic=True)
    by_compiler(torch.ones(4))
    for answer in (by_compiler, torch.jit.trace(shares, torch.ones(4))):
        sentence = verdict_on(exercise_without(), {"shares": answer}).sentence
        assert f"calls `{__name__}.shares`" in sentence
    # What was compiled is compiled again after the probe.
    assert torch._dynamo.eval_frame._stance.stance == "default"


def test_a_method_of_the_reference_is_the_reference() -> None:
    class Bias(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1

    exercise = Lab(97, "demo", "Demo").exercise("Bias", points=1, reference=Bias)

    @exercise.probe
    def ones(implementation: Any, generator: torch.Generator) -> Any:
        """Ones."""
        return implementation()(torch.ones(2))

    class Wrapper(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return Bias()(x)

    assert "Bias`, which this exercise" in verdict_on(exercise, {"Bias": Wrapper}).sentence


def test_the_guards_leave_nothing_behind() -> None:
    def profile(*args: object) -> None:
        return None

    sys.setprofile(profile)
    try:
        with forbidding(("torch.softmax",), shares), time_limit(5), listening():
            pass
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(None)
    assert torch.softmax(torch.zeros(2), -1).tolist() == [0.5, 0.5]


def in_thread(scores: Tensor) -> Tensor:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(by_hand, scores).result()


def scripted() -> Any:
    return torch.jit.script(by_hand)


def traced() -> Any:
    return torch.jit.trace(by_hand, torch.ones(4))


def in_text() -> Any:
    source = "def f(s: Tensor):\n    p = (s - s.max()).exp()\n    return p / p.sum()\n"
    return torch.jit.CompilationUnit(source).f


def compiled() -> Any:
    return torch.compile(by_hand, backend="eager")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("build", [scripted, traced, in_text, compiled, lambda: in_thread])
def test_what_is_written_by_hand_is_right_however_it_is_run(build: Any) -> None:
    assert verdict_of(build()).passed


def test_a_graph_may_be_made_where_gradients_are_not_forbidden() -> None:
    def answer(scores: Tensor) -> Tensor:
        given = scores.detach().clone().requires_grad_()
        by_hand(given).square().sum().backward()
        return by_hand(scores)

    assert verdict_of(answer).passed


def test_a_function_of_the_students_own_may_bear_any_name() -> None:
    def softmax(scores: Tensor) -> Tensor:
        return by_hand(scores)

    def entropy(shares: Tensor) -> Tensor:
        return shares

    forbidden = ("torch.softmax", "torch.distributions.Categorical.entropy")
    answer = {"shares": lambda scores: entropy(softmax(scores))}
    assert verdict_on(exercise_without(*forbidden), answer).passed


def test_a_pool_that_was_opened_in_a_probe_is_free_after_it() -> None:
    with ThreadPoolExecutor(1) as pool:
        with forbidding(("torch.softmax",), shares):
            assert pool.submit(by_hand, torch.zeros(2)).result().tolist() == [0.5, 0.5]
        assert pool.submit(torch.softmax, torch.zeros(2), -1).result().tolist() == [0.5, 0.5]
        assert pool.submit(shares, torch.zeros(2)).result().tolist() == [0.5, 0.5]


def test_what_was_put_in_the_way_is_taken_away_again() -> None:
    entries = [
        (_thread, "start_new_thread"),
        (threading, "_start_new_thread"),
        (torch._C.ScriptFunction, "__call__"),
        (torch._C.ScriptMethod, "__call__"),
    ]
    before = [getattr(place, name) for place, name in entries]
    with pytest.raises(ForbiddenCall), forbidding(("torch.softmax",), shares):
        torch.softmax(torch.zeros(2), -1)
    after = [getattr(place, name) for place, name in entries]
    assert list(map(repr, before[2:])) == list(map(repr, after[2:]))
    assert before[:2] == after[:2]
    assert in_text()(torch.zeros(2)).tolist() == [0.5, 0.5]


def test_a_child_process_is_watched_like_its_parent() -> None:
    def answer(scores: Tensor) -> Tensor:
        reading, writing = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(
            target=lambda: writing.send(torch.softmax(scores, -1).tolist())
        )
        child.start()
        child.join(5)
        return torch.tensor(reading.recv()) if reading.poll() else torch.zeros(4)

    assert verdict_of(answer).points == 0


def test_the_ear_is_bounded_and_counts_on() -> None:
    with listening() as heard:
        print("a" * HEARD_CHARACTERS + "b" * 10, end="")
        print("c", end="")
    assert heard.characters == HEARD_CHARACTERS + 11
    assert heard.printed == "a" * HEARD_CHARACTERS


def test_time_that_is_not_used_up_leaves_no_alarm() -> None:
    import signal

    with time_limit(5):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    with pytest.raises(TimeLimitReached), time_limit(0.05):
        time.sleep(5)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
