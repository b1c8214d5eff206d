"""Each limit ends or refuses what goes over it, and the report says which it was."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from autograder.sandbox import Limits, SandboxMisconfigured
from autograder.sandbox.limits import MEBIBYTE
from tests.autograder.sandbox.conftest import run_cells


def test_wall_time_ends_a_kernel_that_sleeps(submission: Path) -> None:
    ended = run_cells(submission, "import time; time.sleep(60)", wall_seconds=4)
    assert ended.died
    assert ended.report.stop == "wall time"
    assert (
        ended.report.sentence == "The time limit of 4 seconds for the whole notebook was reached."
    )


def test_processor_time_is_counted_over_all_processes(submission: Path) -> None:
    spin = """
import subprocess, sys, time
for _ in range(2):
    subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
time.sleep(60)
"""
    ended = run_cells(submission, spin, processor_seconds=4)
    assert ended.died
    assert ended.report.stop == "processor time"


def test_processor_time_ends_a_loop_that_ignores_signals(submission: Path) -> None:
    stubborn = """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    pass
"""
    ended = run_cells(submission, stubborn, processor_seconds=4)
    assert ended.died
    assert ended.report.stop == "processor time"


def test_memory_is_limited(submission: Path) -> None:
    grow = "kept = []\nwhile True: kept.append(bytearray(b'x') * 2**24)"
    ended = run_cells(submission, grow, memory_bytes=200 * MEBIBYTE)
    # Linux may refuse the request, or the sandbox is ended.
    assert ended.report.stop == "memory" or "MemoryError" in ended.texts[0]
    assert not ended.died or ended.report.stop == "memory"


def test_memory_is_counted_over_all_processes(submission: Path) -> None:
    grow = """
import subprocess, sys, time
code = "kept = bytearray(b'x') * (60 * 2**20); import time; time.sleep(60)"
for _ in range(4):
    subprocess.Popen([sys.executable, "-S", "-c", code])
time.sleep(60)
"""
    ended = run_cells(submission, grow, memory_bytes=200 * MEBIBYTE)
    assert ended.died
    assert ended.report.stop == "memory"


def test_a_file_in_memory_counts_as_memory_or_is_too_large(submission: Path) -> None:
    fill = "open('/dev/shm/big', 'wb').write(bytes(64 * 2**20))"
    ended = run_cells(submission, fill, scratch_bytes=16 * MEBIBYTE)
    assert "No space left" in ended.texts[0]


def test_processes_are_limited(submission: Path) -> None:
    bomb = "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(60)"
    ended = run_cells(submission, bomb, processes=40)
    assert ended.died or "BlockingIOError" in ended.texts[0]
    assert ended.report.stop in ("processes", None)
    if ended.died:
        assert ended.report.stop == "processes"


def test_open_files_are_limited(submission: Path) -> None:
    hoard = "kept = []\nwhile True: kept.append(open('/dev/null'))"
    ended = run_cells(submission, hoard, open_files=100)
    assert "Too many open files" in ended.texts[0]
    assert not ended.died


def test_the_size_of_a_file_is_limited(submission: Path) -> None:
    write = "file = open('/tmp/big', 'wb'); file.write(bytes(3 * 2**20)); file.flush()"
    ended = run_cells(submission, write, "print('lives')", file_bytes=2 * MEBIBYTE)
    assert "File too large" in ended.texts[0]
    assert "lives" in ended.texts[1]


def test_limits_cannot_be_raised_from_inside(submission: Path) -> None:
    code = """
import resource
for name in ("RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_DATA"):
    soft, hard = resource.getrlimit(getattr(resource, name))
    try:
        resource.setrlimit(getattr(resource, name), (hard + 1, hard + 1))
    except ValueError as error:
        print(name, "refused")
"""
    ended = run_cells(submission, code)
    assert ended.texts[0].count("refused") == 5


def test_a_kernel_that_ends_itself_reached_no_limit(submission: Path) -> None:
    words = "import os, sys; os.write(sys.stderr._original_stdstream_copy, b'bye\\x1b[2J')"
    ended = run_cells(submission, f"{words}; os._exit(7)")
    assert ended.died
    assert ended.report.stop is None
    assert ended.report.exit_code == 7
    assert "bye" in ended.report.last_words
    assert "\x1b" not in ended.report.last_words


def test_a_flood_past_jupyter_does_not_block_the_kernel(submission: Path) -> None:
    flood = """
import os, sys
for _ in range(200):
    os.write(sys.stdout._original_stdstream_copy, b"x" * 65536)
print("done")
"""
    ended = run_cells(submission, flood)
    assert "done" in ended.texts[0]
    assert len(ended.report.last_words) == 4096


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "10"])
def test_a_limit_is_a_whole_number_above_zero(value: object) -> None:
    with pytest.raises(SandboxMisconfigured, match="open_files"):
        Limits.of({"open_files": value})


def test_an_unknown_limit_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SandboxMisconfigured, match="choose from wall_seconds"):
        Limits.of({"seconds": 3})


def test_a_submission_that_does_not_fit_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(2 * MEBIBYTE))
    before = time.monotonic()
    with pytest.raises(SandboxMisconfigured, match="larger than a sandbox's private folder"):
        run_cells(tmp_path, "1", scratch_bytes=MEBIBYTE)
    with pytest.raises(SandboxMisconfigured, match="There is no folder"):
        run_cells(tmp_path / "nowhere", "1")
    assert time.monotonic() >= before
