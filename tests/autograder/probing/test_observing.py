"""What an answer may do wrong, and the sentence that its author reads then."""

from __future__ import annotations

import itertools
import linecache
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from autograder.exercise import Exercise, Lab
from autograder.exercise.private import HIDDEN_FILE
from autograder.judging.judge import Verdict
from autograder.notebook.checking import verdict_on
from autograder.probing import observing as evidence_module
from autograder.probing.observing import observe, observe_trusted, plain

_cells = itertools.count()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_module, "SECONDS", 0.3)


def scaled(x: Tensor, factor: float = 2.0) -> Tensor:
    return x * factor


def make_exercise(**settings: Any) -> Exercise:
    """Ask for `scaled`: a function that multiplies a tensor by a factor."""
    exercise = Lab(97, "demo", "Demo").exercise(
        "scaled", points=3, reference=scaled, hints=("a", "b"), **settings
    )

    @exercise.probe
    def small(implementation: Any, generator: torch.Generator) -> Any:
        """Two rows of three numbers, times 1.5."""
        return implementation(torch.randn(2, 3, generator=generator), 1.5)

    @exercise.misconception("Your code adds the factor.")
    def adds(x: Tensor, factor: float) -> Tensor:
        return x + factor

    return exercise


def verdict_of(answer: Any, **settings: Any) -> Verdict:
    return verdict_on(make_exercise(**settings), {"scaled": answer})


def run_cell(source: str, name: str = "scaled") -> Any:
    """Run a cell as a notebook does, so that its lines can be looked up."""
    filename = f"/tmp/ipykernel_1/{next(_cells)}.py"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    names: dict[str, Any] = {"torch": torch}
    exec(compile(source, filename, "exec"), names)
    return names[name]


def fact(verdict: Verdict, label: str) -> str:
    return dict(verdict.facts)[label]


def test_a_right_answer_earns_its_points_and_hears_so() -> None:
    verdict = verdict_of(lambda x, factor: factor * x)
    assert (verdict.status, verdict.points, verdict.possible) == ("passed", 3, 3)
    assert verdict.sentence == "`scaled` is right."


def test_an_answer_of_another_name_is_suggested() -> None:
    verdict = verdict_on(make_exercise(), {"scale": scaled, "_scaled": 1})
    assert verdict.status == "unwritten"
    assert "There is no `scaled` in this notebook yet" in verdict.sentence
    assert "There is `scale`: is that it?" in verdict.sentence


def test_without_a_near_name_the_cell_is_to_be_run() -> None:
    verdict = verdict_on(make_exercise(), {"x": 1})
    assert "Run the cell that defines it." in verdict.sentence


def test_a_value_in_place_of_a_function_is_named_by_its_type() -> None:
    sentence = verdict_of(3.0).sentence
    assert sentence == "`scaled` is a value of type `float`, and a function is asked for."


def test_a_wrong_number_of_arguments_is_told_with_the_signature() -> None:
    verdict = verdict_of(run_cell("def scaled(x):\n    return 2 * x\n"))
    assert "`scaled(x)` was called with 2 arguments" in verdict.sentence
    assert "too many positional arguments" in verdict.sentence


def test_an_error_is_told_with_the_students_own_line() -> None:
    cell = "def scaled(x, factor):\n    y = x * factor\n    return y @ y\n"
    verdict = verdict_of(run_cell(cell))
    assert verdict.sentence.startswith("In line 3, a matrix of 2 × 3 is multiplied by one of 2 × 3")
    assert "`scaled` raises RuntimeError" in fact(verdict, "Observed")
    assert fact(verdict, "Your line") == "line 3: return y @ y"


def test_the_line_is_the_students_even_when_a_library_raised() -> None:
    cell = "def scaled(x, factor):\n    return torch.nn.functional.linear(x, torch.ones(9, 9))\n"
    assert fact(verdict_of(run_cell(cell)), "Your line").startswith("line 2: return torch.nn")


def test_a_line_of_another_cell_is_said_to_be_of_that_cell() -> None:
    helper = run_cell("\n\n\n\ndef doubled(x):\n    return x.clone() @ x\n", "doubled")
    answer = run_cell("def scaled(x, factor):\n    return doubled(x)\n")
    answer.__globals__["doubled"] = helper
    verdict = verdict_of(answer)
    assert verdict.sentence.startswith("In line 6 of the cell of `doubled`, a matrix of 2 × 3")
    assert fact(verdict, "Your line") == "line 6 of the cell of `doubled`: return x.clone() @ x"


def test_code_whose_text_is_lost_still_has_a_line_number() -> None:
    names: dict[str, Any] = {}
    exec(compile("def scaled(x, factor):\n    1 / 0\n", "<gone>", "exec"), names)
    assert fact(verdict_of(names["scaled"]), "Your line") == "line 2"


def test_an_error_without_a_text_makes_a_whole_sentence() -> None:
    verdict = verdict_of(run_cell("def scaled(x, factor):\n    assert factor == 2\n"))
    assert fact(verdict, "Observed") == "`scaled` raises AssertionError."


def test_an_error_that_ends_with_a_full_stop_gets_no_second() -> None:
    verdict = verdict_of(run_cell("def scaled(x, f):\n    raise ValueError('Too large.')\n"))
    assert verdict.sentence == "`scaled` raises ValueError: Too large."


def test_an_error_whose_text_raises_is_survived() -> None:
    class Rude(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text for you")

    def answer(x: Tensor, factor: float) -> Tensor:
        raise Rude

    assert verdict_of(answer).sentence == "`scaled` raises Rude."


def test_none_asks_whether_a_return_is_missing() -> None:
    verdict = verdict_of(lambda x, factor: None)
    assert verdict.sentence == "`scaled` returns None: is a `return` missing?"


def test_a_wrong_shape_is_told_with_both_shapes() -> None:
    verdict = verdict_of(lambda x, factor: (x * factor).mT)
    assert verdict.sentence == "Yours is the transpose of what was expected."
    assert fact(verdict, "Tried") == "Two rows of three numbers, times 1.5."
    assert "(2, 3)" in fact(verdict, "Expected")
    assert "(3, 2)" in fact(verdict, "Got")


@pytest.mark.parametrize(
    ("convert", "kind"),
    [
        (lambda x: x.numpy(), "`ndarray`"),
        (lambda x: "text", "`str`"),
        (lambda x: 1.0, "`float`"),
        (lambda x: (i for i in x), "`generator`"),
    ],
)
def test_another_type_is_named_beside_the_tensor_expected(convert: Any, kind: str) -> None:
    sentence = verdict_of(lambda x, factor: convert(x * factor)).sentence
    assert sentence == f"`scaled` returns {kind}, and a tensor was expected."


def test_whole_numbers_are_told_apart_from_real_ones() -> None:
    sentence = verdict_of(lambda x, factor: (x * factor).long()).sentence
    assert "gives whole numbers, and real numbers were expected" in sentence


def test_more_precision_costs_nothing() -> None:
    assert verdict_of(lambda x, factor: x.double() * factor).passed


def test_another_device_is_named() -> None:
    sentence = verdict_of(lambda x, factor: (x * factor).to("meta")).sentence
    assert "device `meta`, and `cpu` was expected" in sentence


def test_an_error_of_the_meta_device_does_not_count_as_not_written() -> None:
    cell = "def scaled(x, factor):\n    return torch.tensor((x * factor).to('meta').tolist())\n"
    verdict = verdict_of(run_cell(cell))
    assert verdict.status == "wrong"
    assert "not written" not in verdict.sentence


def test_a_sparse_tensor_gets_a_sentence() -> None:
    sentence = verdict_of(lambda x, factor: (x * factor).to_sparse()).sentence
    assert "a tensor without ordinary values, which cannot be compared" in sentence


def test_nan_is_named() -> None:
    sentence = verdict_of(lambda x, factor: x * factor / 0 * 0).sentence
    assert sentence == "Every value of yours is NaN (not a number)."


def test_wrong_values_are_told_with_the_largest_error_and_where() -> None:
    def answer(x: Tensor, factor: float) -> Tensor:
        result = x * factor
        result[1, 2] += 5
        return result

    verdict = verdict_of(answer)
    assert "wrong values (1 of 6)" in verdict.sentence
    assert "at [1, 2]" in verdict.sentence
    assert fact(verdict, "Got").startswith("[[")


def test_of_a_large_tensor_the_worst_number_is_shown() -> None:
    exercise = Lab(97, "demo", "Demo").exercise("zeros", points=1, reference=torch.zeros)

    @exercise.probe
    def many(implementation: Any, generator: torch.Generator) -> Any:
        """A hundred zeros."""
        return implementation(10, 10)

    def answer(*shape: int) -> Tensor:
        result = torch.zeros(shape) + 0.5
        result[3, 4] = 7
        return result

    verdict = verdict_on(exercise, {"zeros": answer})
    assert fact(verdict, "Expected") == "0 at [3, 4] (tensor of shape (10, 10), float32)"
    assert fact(verdict, "Got") == "7 at [3, 4] (tensor of shape (10, 10), float32)"


def test_a_misconception_takes_the_place_of_the_observation() -> None:
    verdict = verdict_of(lambda x, factor: x + factor)
    assert verdict.sentence == "Your code adds the factor."
    assert verdict.misconception == "adds"
    assert verdict.reason == "fault"
    assert "‹" in fact(verdict, "Got")


def test_an_input_changed_in_place_is_named() -> None:
    def answer(x: Tensor, factor: float) -> Tensor:
        x *= factor
        return x

    verdict = verdict_of(answer)
    assert "changes its input `x` in place" in verdict.sentence
    assert not verdict.passed
    assert verdict_of(answer, mutates=True).passed


@pytest.mark.parametrize(
    "change",
    [
        lambda box: box["pair"][0][1].add_(1),
        lambda box: box["names"].append("new"),
        lambda box: box.pop("names"),
        lambda box: box.update(names=3),
        lambda box: box.update(pair=torch.ones(1)),
    ],
)
def test_a_change_inside_a_list_or_dictionary_is_noticed(change: Callable[[Any], Any]) -> None:
    def read(box: Any) -> int:
        return 1

    exercise = Lab(97, "demo", "Demo").exercise("read", points=1, reference=read)

    @exercise.probe
    def nested(implementation: Any, generator: torch.Generator) -> Any:
        """A dictionary of lists, with a tensor that has a gradient."""
        weight = torch.ones(2, requires_grad=True) * 2
        return implementation({"pair": [(1, weight)], "names": ["a"]})

    def careless(box: Any) -> int:
        with torch.no_grad():
            change(box)
        return 1

    assert verdict_on(exercise, {"read": lambda box: 1}).passed
    assert "input `box` in place" in verdict_on(exercise, {"read": careless}).sentence


def loop(x: Tensor, factor: float) -> Tensor:
    while True:
        pass


def stubborn(x: Tensor, factor: float) -> Tensor:
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def sleeping(x: Tensor, factor: float) -> Tensor:
    time.sleep(60)
    return x


def swallowing_once(x: Tensor, factor: float) -> Tensor:
    try:
        time.sleep(60)
    except BaseException:
        time.sleep(60)
    return x


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("answer", [loop, stubborn, sleeping, swallowing_once])
def test_what_never_ends_is_stopped(answer: Any) -> None:
    sentence = verdict_of(answer).sentence
    assert "did not finish within 0.3 seconds: is there a loop without an end?" in sentence


@pytest.mark.usefixtures("short")
def test_an_endless_loop_costs_one_time_limit_however_many_probes_there_are() -> None:
    exercise, calls = make_exercise(), []
    for name in ("second", "third"):

        def again(implementation: Any, generator: torch.Generator) -> Any:
            """Again."""
            return implementation(torch.ones(2), 1.0)

        again.__name__ = name
        exercise.probe(again)

    def answer(x: Tensor, factor: float) -> Tensor:
        calls.append(1)
        return loop(x, factor)

    assert "did not finish" in verdict_on(exercise, {"scaled": answer}).sentence
    assert len(calls) == 1


@pytest.mark.usefixtures("short")
def test_a_loop_is_stopped_outside_the_main_thread_too() -> None:
    found: list[Verdict] = []
    thread = threading.Thread(target=lambda: found.append(verdict_of(loop)))
    thread.start()
    thread.join(30)
    assert "did not finish within 0.3 seconds" in found[0].sentence


def test_the_time_limit_can_be_given() -> None:
    exercise = make_exercise()
    seen = observe(exercise, exercise.probes[0], loop, 1, seconds=0.1)
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.message) == ("timeout", "0.1 seconds")


def test_megabytes_of_print_are_cut_and_cost_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(x: Tensor, factor: float) -> Tensor:
        print("x" * 3_000_000)
        return x * factor

    verdict = verdict_of(answer)
    assert verdict.points == 3
    assert "It printed: xxx" in verdict.notes[0]
    assert "(3,000,001 characters in all)" in verdict.notes[0]
    assert len(verdict.notes[0]) < 300
    assert capsys.readouterr().out == ""


def test_warnings_and_standard_error_cost_nothing_and_are_shown() -> None:
    def answer(x: Tensor, factor: float) -> Tensor:
        warnings.warn("careful with that", stacklevel=1)
        print("on stderr", file=sys.stderr)
        return x * factor

    verdict = verdict_of(answer)
    assert verdict.points == 3
    assert verdict.notes == ("It warned: careful with that", "It printed: on stderr")


@pytest.mark.parametrize("leave", [sys.exit, lambda: sys.exit("bye"), quit])
def test_leaving_python_is_told_as_such(leave: Any) -> None:
    def answer(x: Tensor, factor: float) -> Tensor:
        leave()
        return x

    assert verdict_of(answer).sentence == "`scaled` ends the Python process instead of returning."


def test_recursion_without_an_end_is_an_error_like_others() -> None:
    cell = "def scaled(x, factor):\n    return scaled(x, factor)\n"
    verdict = verdict_of(run_cell(cell))
    assert "a function calls itself again and again" in verdict.sentence
    assert fact(verdict, "Your line").startswith("line")


@pytest.mark.parametrize("text", ["NotImplementedError", "NotImplementedError('to do')"])
def test_the_untouched_stub_is_not_written_yet(text: str) -> None:
    verdict = verdict_of(run_cell(f"def scaled(x, factor):\n    raise {text}\n"))
    assert verdict.status == "unwritten"
    assert verdict.sentence == "`scaled` is not written yet."
    assert verdict.points == 0


def test_a_stub_that_is_called_is_named() -> None:
    cell = (
        "def helper(x):\n    raise NotImplementedError()\n"
        "def scaled(x, factor):\n    return helper(x)\n"
    )
    verdict = verdict_of(run_cell(cell))
    assert verdict.sentence == "`scaled` calls your `helper`, which is not written yet."


def test_an_interrupt_by_the_person_is_theirs() -> None:
    def answer(x: Tensor, factor: float) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict_of(answer)


def test_an_answer_neither_moves_nor_reads_the_random_state_of_the_notebook() -> None:
    exercise, drawn = make_exercise(), []

    def answer(x: Tensor, factor: float) -> Tensor:
        drawn.append(torch.rand(()).item())
        return x * factor

    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    observe(exercise, exercise.probes[0], answer, 1)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(4)
    observe(exercise, exercise.probes[0], answer, 1)
    assert drawn[0] == drawn[1]


def test_what_a_notebook_sets_for_pytorch_decides_nothing() -> None:
    exercise = make_exercise()
    seen: list[tuple[torch.dtype, bool]] = []

    @exercise.probe
    def drawn(implementation: Any, generator: torch.Generator) -> Any:
        """Four numbers drawn at random."""
        seen.append((torch.get_default_dtype(), torch.is_grad_enabled()))
        return implementation(torch.randn(4, generator=generator))

    def answer(x: Tensor) -> Tensor:
        return x * 2

    usual = observe(exercise, exercise.probes[-1], answer, 7)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            found = observe(exercise, exercise.probes[-1], answer, 7)
            assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.value.equal(usual.value)
    assert set(seen) == {(torch.float32, True)}


def test_text_that_no_file_can_hold_is_replaced() -> None:
    def answer(x: Tensor, factor: float) -> Tensor:
        print("\ud800")
        raise ValueError("\ud800")

    verdict = verdict_of(answer)
    assert "ValueError: ?" in verdict.sentence
    assert verdict.notes == ("It printed: ?",)
    assert plain({"\ud800": "\udfff"}) == {"?": "?"}


# Classes


class Shift(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.amount = nn.Parameter(torch.full((size,), 2.0))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.amount


def module_exercise() -> Exercise:
    exercise = Lab(97, "demo", "Demo").exercise("Shift", points=2, reference=Shift)

    @exercise.probe
    def five(implementation: Any, generator: torch.Generator) -> Any:
        """A vector of five."""
        return implementation(5)(torch.randn(5, generator=generator))

    return exercise


def verdict_of_class(body: str) -> Verdict:
    head = "from torch import nn\nclass Shift(nn.Module):\n"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return verdict_on(module_exercise(), {"Shift": run_cell(head + lines, "Shift")})


INIT = "def __init__(self, size):\n    super().__init__()\n    self.size = size\n"


def test_a_class_is_checked_through_its_forward() -> None:
    assert verdict_of_class(INIT + "def forward(self, x):\n    return x + 2").passed


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (INIT + "def forward(self, x):\n    x += 2\n    return x", "changes its input `x`"),
        (INIT + "def forward(self, x):\n    x + 2", "returns None: is a `return` missing?"),
        (INIT + "def forward(self):\n    return 2", "`forward()` does not fit the call"),
        (INIT, 'missing the required "forward" function'),
        ("def __init__(self):\n    super().__init__()", "was called with 1 argument, and"),
        (INIT + "def forward(self, x):\n    return x[:2] + 2", "lacks elements at the end"),
        (INIT + "def forward(self, x):\n    raise NotImplementedError()", "not written yet"),
    ],
)
def test_what_a_class_may_do_wrong_has_its_sentence(body: str, said: str) -> None:
    verdict = verdict_of_class(body)
    assert not verdict.passed
    assert said in verdict.sentence


def test_a_function_where_a_class_is_asked_for_is_told() -> None:
    verdict = verdict_on(module_exercise(), {"Shift": lambda size: None})
    assert verdict.sentence == "`Shift` is a function, and a class is asked for."


def test_a_child_of_the_reference_is_no_answer() -> None:
    class Mine(Shift):
        pass

    for answer in (Shift, Mine):
        sentence = verdict_on(module_exercise(), {"Shift": answer}).sentence
        assert "Shift`, which is there already; write yours in the cell above." in sentence


# Optimizers, generators


class Descent(torch.optim.Optimizer):
    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= group["lr"] * parameter.grad


def optimizer_exercise() -> Exercise:
    exercise = Lab(97, "demo", "Demo").exercise("Descent", points=2, reference=Descent)

    @exercise.probe
    def one_step(implementation: Any, generator: torch.Generator) -> Any:
        """One step down a parabola."""
        weight = nn.Parameter(torch.randn(3, generator=generator))
        optimizer = implementation([weight], lr=0.1)
        (weight**2).sum().backward()
        optimizer.step()
        return weight

    return exercise


def test_an_optimizer_may_change_parameters_in_its_step() -> None:
    class Mine:
        def __init__(self, params: Any, lr: float) -> None:
            self.params, self.lr = params, lr

        def step(self) -> None:
            for one in self.params:
                one.data -= self.lr * one.grad

    class Uphill(Mine):
        def step(self) -> None:
            for one in self.params:
                one.data += self.lr * one.grad

    class Early(Mine):
        def __init__(self, params: Any, lr: float) -> None:
            params[0].data.zero_()
            super().__init__(params, lr)

    exercise = optimizer_exercise()
    assert verdict_on(exercise, {"Descent": Mine}).passed
    uphill = verdict_on(exercise, {"Descent": Uphill})
    assert (uphill.status, uphill.reason) == ("wrong", "relation")
    assert "input `params` in place" in verdict_on(exercise, {"Descent": Early}).sentence


def countdown(start: int) -> Iterator[int]:
    while start:
        yield start
        start -= 1


def generator_exercise() -> Exercise:
    exercise = Lab(97, "demo", "Demo").exercise("countdown", points=1, reference=countdown)

    # A probe of the project's is not taken for a line of the student's; here, it must be told so.
    source = "def probe(f, g):\n    'From three.'\n    return list(f(3))\n"
    names: dict[str, Any] = {}
    exec(compile(source, HIDDEN_FILE, "exec"), names)
    exercise.probe(names["probe"])
    return exercise


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("yield from range(n, 0, -1)", "is right"),
        ("return range(n, 0, -1)", "is right"),
        ("range(n, 0, -1)", "returns None: is a `return` missing?"),
        ("yield from range(n)", "`countdown` gives 0 in the 1st of 3 results, and 3 was expected."),
        ("yield n", "lacks items at the end"),
        ("yield n; 1 / 0", "something is divided by 0"),
        ("raise NotImplementedError(); yield", "is not written yet"),
    ],
)
def test_a_generator_is_run_to_its_end(body: str, said: str) -> None:
    answer = run_cell(f"def countdown(n):\n    {body}\n", "countdown")
    sentence = verdict_on(generator_exercise(), {"countdown": answer}).sentence
    assert said in sentence


@pytest.mark.usefixtures("short")
def test_a_generator_that_never_yields_is_stopped() -> None:
    answer = run_cell("def countdown(n):\n    while True: pass\n    yield\n", "countdown")
    assert "did not finish" in verdict_on(generator_exercise(), {"countdown": answer}).sentence


# Plain answers and choices


def plain_exercise(reference: Any, choices: tuple[str, ...] = ()) -> Exercise:
    exercise = Lab(97, "demo", "Demo").exercise(
        "share", points=1, reference=reference, choices=choices
    )
    if choices:
        exercise.wrong_value("first", "a", "You picked the first.")
    else:
        exercise.wrong_value("percent", 25, "You gave percent.")
    return exercise


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (0.25, "passed", "is right"),
        (torch.tensor(0.25), "passed", "is right"),
        (torch.ones(2), "wrong", "of type `Tensor`, and `float` was expected"),
        (25, "wrong", "You gave percent."),
        (25.0, "wrong", "You gave percent."),
        (0.3, "wrong", "`share` is not the answer yet."),
        (float("nan"), "wrong", "not the answer yet"),
        (10**400, "wrong", "`share` is a whole number of more than 300 digits"),
        (True, "wrong", "not the answer yet"),
        ("0.25", "wrong", "of type `str`, and `float` was expected"),
        (None, "unwritten", "`share` is not written yet."),
        (..., "unwritten", "`share` is not written yet."),
        (print, "wrong", "`share` is a `builtin_function_or_method`, which cannot be compared."),
    ],
)
def test_a_plain_answer_is_told_by_kind_and_never_by_value(
    answer: Any, status: str, said: str
) -> None:
    verdict = verdict_on(plain_exercise(0.25), {"share": answer})
    assert verdict.status == status
    assert said in verdict.sentence
    assert not verdict.facts or verdict.misconception


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("b", "is right"),
        ("a", "You picked the first."),
        ("c", "not the answer yet"),
        (" B) ", "is right"),
        ("b.", "is right"),
        ("(b)", "is right"),
        ("D", "`share` is 'D', which is none of the choices: 'a', 'b', 'c'."),
        (2, "`share` is 2, which is none of the choices"),
        ("x" * 5000, "text of 5000 characters, which is none of the choices"),
        (["b"], "`share` is ['b'], which is none of the choices"),
        (torch.ones(2), "none of the choices"),
    ],
)
def test_a_choice_is_one_of_those_given(answer: Any, said: str) -> None:
    verdict = verdict_on(plain_exercise("b", ("a", "b", "c")), {"share": answer})
    assert said in verdict.sentence


# Plain data


def test_results_become_plain_data() -> None:
    import numpy as np

    value = {"a": (1, np.float32(0.5), np.int64(3)), 2: [None, True, "x"]}
    assert plain(value) == {"a": [1, 0.5, 3], "2": [None, True, "x"]}
    result = plain(nn.Parameter(torch.ones(2)))
    assert type(result) is Tensor
    assert not result.requires_grad


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j, lambda: 0])
def test_other_objects_cannot_be_compared(value: Any) -> None:
    sentence = verdict_on(plain_exercise(0.25), {"share": [value]}).sentence
    assert sentence == (f"`share` is a `{type(value).__name__}`, which cannot be compared.")


def test_a_list_that_holds_itself_ends() -> None:
    def nothing() -> list[int]:
        return []

    exercise = Lab(97, "demo", "Demo").exercise("nothing", points=1, reference=nothing)
    exercise.probe(run_cell("def call(f, g):\n    'Calls it.'\n    return f()\n", "call"))

    circle: list[Any] = []
    circle.append(circle)
    sentence = verdict_on(exercise, {"nothing": lambda: circle}).sentence
    assert sentence == "`nothing` returns something nested too deeply, which cannot be compared."


def test_the_reference_and_misconceptions_may_call_anything() -> None:
    exercise = make_exercise(forbidden=("torch.mul",))
    trusted = observe_trusted(exercise, exercise.probes[0], torch.mul, 1)
    assert trusted.failure is None
