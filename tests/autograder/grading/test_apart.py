"""Work that would need hours or gigabytes ends at its limit, says which, and what comes next is done all the same."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.errors import Abandoned, AutograderError, GradingError, TooCostly
from autograder.grading.apart import Apart, Budget
from tests.autograder.grading import apart_work as work
from tests.autograder.grading.test_killed import wait_until
from tests.labs import ROOT

MIB = 2**20
# Far beyond every limit here, for a machine that has much else to do.
AT_MOST = 120


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart(Budget(processor_seconds=2, wall_seconds=60, memory_bytes=256 * MIB)) as one:
        yield one


def test_what_a_function_returns_comes_back(apart: Apart) -> None:
    assert apart.do(work.double, {"a": 1}["a"]) == 2
    assert apart.do(work.double, value="ab") == "abab"


def test_one_child_does_many_pieces_of_work_and_is_not_this_process(apart: Apart) -> None:
    first = apart.do(work.pid)
    assert first != os.getpid()
    assert {apart.do(work.pid) for _ in range(5)} == {first}


ENDS: dict[Callable[[], Any], tuple[type[AutograderError], str]] = {
    work.spin: (TooCostly, "took more than 2 seconds of processor time"),
    work.spin_in_c: (TooCostly, "took more than 2 seconds of processor time"),
    work.eat: (TooCostly, "took more than 256 MiB of memory"),
    work.crash: (TooCostly, "brought down the process that did it (SIGSEGV)"),
    work.die: (Abandoned, "was ended by the system, twice"),
    work.fail: (GradingError, "ValueError: a slip"),
    work.find_no_notebook: (AutograderError, "It is empty."),
    work.give_what_cannot_be_copied: (GradingError, "lambda"),
}


@pytest.mark.parametrize("function", ENDS, ids=lambda one: one.__name__)
def test_work_that_ends_badly_says_why_and_the_next_is_done(
    function: Callable[[], Any], apart: Apart
) -> None:
    kind, sentence = ENDS[function]
    began = time.monotonic()
    with pytest.raises(kind) as raised:
        apart.do(function)
    assert sentence in str(raised.value)
    assert time.monotonic() - began < AT_MOST
    assert apart.do(work.double, 4) == 8


def test_what_does_not_answer_is_ended_and_is_no_fault_of_the_work() -> None:
    with Apart(Budget(wall_seconds=3)) as apart:
        with pytest.raises(Abandoned, match="no end in 3 seconds"):
            apart.do(work.sleep)
        assert apart.do(work.double, 4) == 8


def test_a_child_that_somebody_ended_costs_nothing(apart: Apart, tmp_path: Path) -> None:
    assert apart.do(work.die_once, str(tmp_path / "mark")) == "alive"
    os.kill(apart.do(work.pid), signal.SIGKILL)
    assert apart.do(work.double, 4) == 8


def test_a_child_killed_in_the_middle_of_a_long_answer_costs_nothing() -> None:
    text, stop = "x" * (64 * MIB), threading.Event()

    def hunt() -> None:
        while not stop.wait(0.3):
            child = apart._child
            if child and child.process.pid and kills:
                kills.pop()
                child.process.kill()

    with Apart() as apart:
        for _ in range(3):
            kills = [1]
            hunter = threading.Thread(target=hunt)
            hunter.start()
            try:
                assert len(apart.do(work.double, text)) == 2 * len(text)
            finally:
                stop.set()
                hunter.join()
                stop.clear()


def test_memory_that_earlier_work_left_taken_is_not_laid_to_the_next(apart: Apart) -> None:
    for _ in range(4):
        apart.do(work.keep, 100 * MIB)


def test_processor_time_is_counted_for_each_piece_of_work(apart: Apart) -> None:
    before = apart.do(work.pid)
    for _ in range(4):
        apart.do(burn, 0.8)
    assert apart.do(work.pid) == before


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_what_cannot_be_sent_is_said_and_the_next_is_done(apart: Apart) -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)):
        apart.do(work.double, lambda: None)
    assert apart.do(work.double, 4) == 8


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seconds": 1}, "choose from processor_seconds, wall_seconds, memory_bytes"),
        ({"wall_seconds": 0}, "a whole number above zero"),
        ({"wall_seconds": True}, "a whole number above zero"),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(GradingError, match=sentence):
        Budget.of(changes)


def test_nothing_is_left_of_it_when_the_process_that_asked_is_killed() -> None:
    code = """
from autograder.grading.apart import Apart
from tests.autograder.grading import apart_work
if __name__ == "__main__":
    apart = Apart()
    print(apart.do(apart_work.pid), flush=True)
    apart.do(apart_work.sleep)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    asking = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert asking.stdout
    child = int(asking.stdout.readline())
    left = {*psutil.Process(asking.pid).children(recursive=True), psutil.Process(child)}
    asking.kill()
    asking.communicate()
    wait_until(lambda: not any(one.is_running() for one in left))
