"""Where a mistake is, in answers of every kind; and a child process that disturbs nobody."""

from __future__ import annotations

import gc
import linecache
import os
import signal
import struct
import textwrap
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import torch
from torch import Generator, Tensor, nn

import autograder.student.place as place_module
from autograder.exercise import Exercise, Lab
from autograder.probing.observing import observe_trusted
from autograder.student.edits import Kind
from autograder.student.place import Place, Trial, find_place

SEEDS = (7, 11, 12)
# Long enough for a machine that is busy with other things.
PATIENT = 20.0
_cells = iter(range(1_000_000))


def mean_of_squares(x: Tensor) -> Tensor:
    return (x**2).mean(dim=-1)


def sums(values: list[int]) -> list[int]:
    result, total = [], 0
    for value in values:
        total += value
        result.append(total)
    return result


class Scale(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(1.0, size + 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight + 1


def of_rows(implementation: Any, generator: Generator) -> Any:
    """Two rows of three numbers."""
    return implementation(torch.randn(2, 3, generator=generator))


def of_three(implementation: Any, generator: Generator) -> Any:
    """Three rows of three numbers."""
    return implementation(torch.randn(3, 3, generator=generator))


def of_numbers(implementation: Any, generator: Generator) -> Any:
    """Five whole numbers."""
    return implementation(torch.randint(1, 9, (5,), generator=generator).tolist())


def of_a_module(implementation: Any, generator: Generator) -> Any:
    """A module for three numbers, and its gradient."""
    module = implementation(3)
    output = module(torch.randn(2, 3, generator=generator))
    output.sum().backward()
    return output, module.weight.grad


def exercise_of(reference: Any, *probes: Any, **options: Any) -> Exercise:
    lab = Lab(99, "place", "Places")
    exercise = lab.exercise(reference.__name__, points=1, reference=reference, **options)
    for probe in probes:
        exercise.probe(probe)
    return exercise


SQUARES = exercise_of(mean_of_squares, of_rows, of_three)
SUMS = exercise_of(sums, of_numbers)
MODULE = exercise_of(Scale, of_a_module)


def trials_of(exercise: Exercise) -> list[Trial]:
    return [
        Trial(probe, seed, observe_trusted(exercise, probe, exercise.reference, seed).value)
        for seed in SEEDS
        for probe in exercise.probes
    ]


def run_cell(source: str, names: dict[str, Any]) -> None:
    """Execute a cell as a notebook does: its text can be read later by its own file name."""
    source = textwrap.dedent(source).strip() + "\n"
    name = f"<cell {next(_cells)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), names)


def place_of(exercise: Exercise, *cells: str, seconds: float = PATIENT) -> Place | None:
    names: dict[str, Any] = {"__name__": "__main__", "torch": torch, "nn": nn}
    for cell in cells:
        run_cell(cell, names)
    return find_place(exercise, names, trials_of(exercise), seconds)


def spot(place: Place | None) -> tuple[int, Kind] | None:
    return (place.line, place.kind) if place else None


def test_the_axis_of_a_mean_is_named_with_its_line() -> None:
    place = place_of(
        SQUARES, "def mean_of_squares(x):\n    squares = x**2\n    return squares.mean(0)"
    )
    assert place == Place(3, Kind.AXIS, "return squares.mean(0)", "mean_of_squares")


def test_a_line_counts_from_the_beginning_of_the_cell() -> None:
    cell = """
    # My second try.
    unused = 1

    @torch.no_grad()
    def mean_of_squares(x):
        return (x**3).mean(dim=-1)
    """
    place = place_of(SQUARES, cell)
    assert place == Place(6, Kind.NUMBER, "return (x**3).mean(dim=-1)", "mean_of_squares")


def test_a_statement_out_of_its_loop_is_found() -> None:
    cell = """
    def sums(values):
        result, total = [], 0
        for value in values:
            total += value
        result.append(total)
        return result
    """
    place = place_of(SUMS, cell)
    assert spot(place) == (5, Kind.INDENTATION)


def test_a_mistake_in_a_method_of_a_class_is_found() -> None:
    cell = """
    class Scale(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.weight = nn.Parameter(torch.arange(1.0, size))

        def forward(self, x):
            return x * self.weight + 1
    """
    place = place_of(MODULE, cell)
    assert place == Place(
        4, Kind.RANGE, "self.weight = nn.Parameter(torch.arange(1.0, size))", "Scale"
    )


def test_a_mistake_may_be_in_a_helper_of_another_cell() -> None:
    helper = "def squared(x):\n    return x * 2\ndef unused(): return squared"
    place = place_of(SQUARES, helper, "def mean_of_squares(x):\n    return squared(x).mean(dim=-1)")
    assert place is not None
    assert (place.line, place.text, place.function) == (2, "return x * 2", "squared")


def test_a_base_class_of_the_learners_own_is_built_again() -> None:
    base = """
    class Base(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.weight = nn.Parameter(torch.arange(1.0, size + 1))
    """
    cell = """
    class Scale(Base):
        def forward(self, x):
            return x * self.weight - 1
    """
    place = place_of(MODULE, base, cell)
    assert place == Place(3, Kind.SIGN, "return x * self.weight - 1", "Scale")


def test_data_of_the_notebook_is_used_as_a_copy() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    run_cell("POWERS = [2]", names)
    cell = """
    def mean_of_squares(x):
        POWERS.append(1)
        return (x**POWERS[0]).mean(dim=0)
    """
    run_cell(cell, names)
    place = find_place(SQUARES, names, trials_of(SQUARES), PATIENT)
    assert spot(place) == (3, Kind.AXIS)
    assert names["POWERS"] == [2]


def test_no_other_statement_of_a_cell_is_executed(capfd: pytest.CaptureFixture[str]) -> None:
    cell = """
    import os
    os.write(1, b"once")
    def mean_of_squares(x):
        print("loud", flush=True)
        return (x**2).mean(dim=0)
    os.write(1, b"once")
    """
    assert place_of(SQUARES, cell)
    assert capfd.readouterr() == ("onceonce", "")


SILENT = {
    "a right answer": "def mean_of_squares(x): return (x**2).mean(dim=-1)",
    "edits at two places would do": """
        def mean_of_squares(x):
            y = x + 1
            z = y + 1
            return ((z - 1) ** 2).mean(-1)
    """,
    "nothing small would do": "def mean_of_squares(x): return torch.zeros(2)",
    "a lambda": "mean_of_squares = lambda x: (x**2).mean(dim=0)",
    "what it uses cannot be copied": """
        import threading
        LOCK = threading.Lock()
        def mean_of_squares(x):
            with LOCK:
                return (x**2).mean(dim=0)
    """,
    "a value": "mean_of_squares = 3",
    "another name": """
        def other(x): return (x**2).mean(dim=0)
        mean_of_squares = other
    """,
    "a function of a function": """
        def make(n):
            def mean_of_squares(x): return (x**n).mean(dim=0)
            return mean_of_squares
        mean_of_squares = make(2)
    """,
    "it ends the process": """
        import os
        def mean_of_squares(x): os._exit(1)
    """,
    "no answer": "pass",
}


@pytest.mark.parametrize("cell", SILENT.values(), ids=SILENT.keys())
def test_silence_where_nothing_certain_can_be_said(cell: str) -> None:
    assert place_of(SQUARES, cell) is None


def test_silence_where_the_source_is_not_to_be_had() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec("def mean_of_squares(x):\n    return (x**2).mean(dim=0)", names)
    assert find_place(SQUARES, names, trials_of(SQUARES), PATIENT) is None


def test_two_edits_within_one_statement_are_one_place() -> None:
    cell = "def mean_of_squares(x):\n    y = x\n    return (x**2 + y**2).mean(-1)"
    place = place_of(SQUARES, cell)
    assert place is not None
    assert place.line == 3


def test_a_call_that_the_exercise_forbids_is_no_way_to_agree() -> None:
    forbidding = exercise_of(mean_of_squares, of_rows, of_three, forbidden=("torch.mean",))
    cell = "def mean_of_squares(x):\n    return (x**2).sum(-1)"
    place = place_of(SQUARES, cell)
    assert spot(place) == (2, Kind.SUMMARY)
    assert place_of(forbidding, cell) is None


def test_an_endless_loop_ends_with_the_budget_and_leaves_no_child() -> None:
    cell = """
    def mean_of_squares(x):
        try:
            while True: pass
        except BaseException:
            mean_of_squares(x)
    """
    before = set(psutil.Process().children())
    assert place_of(SQUARES, cell, seconds=0.5) is None
    assert set(psutil.Process().children()) <= before


def test_a_flood_of_memory_ends_in_the_child() -> None:
    cell = "def mean_of_squares(x):\n    x = torch.zeros(1 << 40)\n    return [0] * (1 << 40)"
    assert place_of(SQUARES, cell, seconds=5) is None


FORGED = [(0, 40, 0), (0, 1, 400), (0, 1, -1), (9, 1, 0), (-1, 0, 0)]


@pytest.mark.parametrize("message", FORGED)
def test_the_childs_message_is_not_believed_beyond_the_cell(
    message: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The child executes a learner's code, and what it says may be anything.
    packed = struct.pack("<iii", *message)
    monkeypatch.setattr(place_module, "computed_apart", lambda *_: packed)
    assert place_of(SQUARES, "def mean_of_squares(x): return x") is None


@pytest.fixture
def threads() -> Iterator[None]:
    """Let PyTorch compute with several threads, forward and backward, as a notebook does."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    x = torch.randn(400, 400, requires_grad=True)
    (x @ x).sum().backward()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_a_child_computes_and_differentiates_beside_a_parent_with_threads() -> None:
    cell = """
    class Scale(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.weight = nn.Parameter(torch.arange(1.0, size + 1))

        def forward(self, x):
            big = torch.randn(300, 300)
            return x * self.weight - 1 + (big @ big).sum() * 0
    """
    place = place_of(MODULE, cell)
    assert spot(place) == (8, Kind.SIGN)


def test_a_search_beside_the_main_thread_finds_the_same() -> None:
    found: list[Place | None] = []
    cell = "def mean_of_squares(x):\n    return (x**2).mean(dim=0)"
    thread = threading.Thread(target=lambda: found.append(place_of(SQUARES, cell)))
    thread.start()
    thread.join()
    assert spot(found[0]) == (2, Kind.AXIS)


def test_the_parents_signals_collector_and_threads_stay_as_they_were() -> None:
    handler, thresholds = signal.getsignal(signal.SIGALRM), gc.get_threshold()
    number = torch.get_num_threads()
    state = torch.get_rng_state()
    assert place_of(SQUARES, "def mean_of_squares(x):\n    return (x**2).mean(dim=0)")
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0
    assert torch.get_num_threads() == number
    assert torch.equal(torch.get_rng_state(), state)


def test_a_system_without_such_children_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert place_of(SQUARES, "def mean_of_squares(x):\n    return (x**2).mean(dim=0)") is None


def test_the_cells_of_ipython_can_be_read_functions_and_classes() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.run_cell("import torch\nfrom torch import nn")
        shell.run_cell("%precision 3\ndef mean_of_squares(x):\n    return (x**2).mean(dim=0)")
        shell.run_cell(
            "class Scale(nn.Module):\n"
            "    def __init__(self, size):\n"
            "        super().__init__()\n"
            "        self.weight = nn.Parameter(torch.arange(1.0, size + 1))\n"
            "    def forward(self, x):\n"
            "        return x * self.weight - 1\n"
        )
        first = find_place(SQUARES, shell.user_ns, trials_of(SQUARES), PATIENT)
        second = find_place(MODULE, shell.user_ns, trials_of(MODULE), PATIENT)
        assert first == Place(3, Kind.AXIS, "return (x**2).mean(dim=0)", "mean_of_squares")
        assert spot(second) == (6, Kind.SIGN)
    finally:
        InteractiveShell.clear_instance()
