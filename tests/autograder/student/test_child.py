"""A child process that computes for its parent, within bounds, and is gone afterwards."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time

import psutil
import pytest
import torch

from autograder.student.child import Send, computed_apart


def test_what_a_child_sends_arrives_in_order_and_whole() -> None:
    def compute(send: Send, end: float) -> None:
        for part in range(200):
            send(bytes([part]) * 1_000)

    got = computed_apart(compute, 200_000, 20)
    assert got == b"".join(bytes([part]) * 1_000 for part in range(200))


def test_no_more_is_listened_to_than_was_agreed() -> None:
    assert computed_apart(lambda send, end: send(b"12345678"), 3, 20) == b"123"


def test_what_was_sent_before_a_child_fails_or_ends_is_kept() -> None:
    def failing(send: Send, end: float) -> None:
        send(b"first")
        raise KeyboardInterrupt

    def ending(send: Send, end: float) -> None:
        send(b"first")
        os.kill(os.getpid(), signal.SIGKILL)

    assert computed_apart(failing, 100, 20) == b"first"
    assert computed_apart(ending, 100, 20) == b"first"


def test_a_child_that_comes_to_no_end_is_ended_with_its_budget() -> None:
    def compute(send: Send, end: float) -> None:
        send(str(os.getpid()).encode())
        while True:
            time.sleep(1)

    # Asked by its number: other tests of this process leave children of their own, a sandbox's for one.
    child = int(computed_apart(compute, 100, 1.0))
    assert child != os.getpid()
    assert not psutil.pid_exists(child)


def test_a_child_that_sends_nothing_for_too_long_is_ended_early() -> None:
    assert computed_apart(lambda send, end: time.sleep(60), 1, 60, pause=0.5) == b""


def test_a_child_has_one_thread_and_bounds_and_prints_to_nobody(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def compute(send: Send, end: float) -> None:
        print("out", flush=True)
        print("error", file=sys.stderr, flush=True)
        os.system("echo shell")
        limits = [resource.RLIMIT_CPU, resource.RLIMIT_CORE]
        numbers = [torch.get_num_threads(), *(resource.getrlimit(one)[0] for one in limits)]
        send(bytes(numbers))

    assert computed_apart(compute, 3, 20) == bytes([1, 20, 0])
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the size is read from /proc")
def test_a_child_may_not_take_all_memory() -> None:
    def compute(send: Send, end: float) -> None:
        try:
            torch.ones(1 << 30, dtype=torch.float64)
        except RuntimeError:
            send(b"refused")

    assert computed_apart(compute, 7, 20) == b"refused"


def test_the_end_that_a_child_is_told_lies_before_its_own() -> None:
    def compute(send: Send, end: float) -> None:
        send(b"1" if 0 < end - time.monotonic() < 20 else b"0")

    assert computed_apart(compute, 1, 20) == b"1"


def test_a_system_that_grants_no_more_processes_gives_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    before = len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0
    assert computed_apart(lambda send, end: send(b"1"), 1, 1) == b""
    assert (len(os.listdir("/dev/fd")) if before else 0) == before
