"""A sandboxed kernel is a kernel like any other, and leaves nothing behind."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from autograder.sandbox import KERNEL_NAME, Limits, install_kernelspec, sandboxed_manager
from tests.autograder.sandbox.conftest import run_cells, session, text_of
from tests.labs import ROOT


def alive(marker: str) -> list[int]:
    return [
        one.pid
        for one in psutil.process_iter()
        if any(marker in part for part in _arguments(one)) and one.pid != os.getpid()
    ]


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


DAEMON = """
import os, subprocess, sys
code = "import time; time.sleep(300)"
subprocess.Popen([sys.executable, "-S", "-c", code, "{marker}"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-S", "-c", code, "{marker}"])
    os._exit(0)
"""


def test_processes_that_it_started_end_with_it(submission: Path, tmp_path: Path) -> None:
    marker = f"marker-{tmp_path.name}"
    ended = run_cells(submission, DAEMON.format(marker=marker), "print('lives')")
    assert "lives" in ended.texts[1]
    assert alive(marker) == []


def test_processes_end_when_the_kernel_exits_by_itself(submission: Path, tmp_path: Path) -> None:
    marker = f"marker-{tmp_path.name}"
    ended = run_cells(submission, DAEMON.format(marker=marker), "import os; os._exit(0)")
    assert ended.died
    assert alive(marker) == []


def test_processes_end_when_the_grader_is_killed(
    submission: Path, tmp_path: Path, kind: str
) -> None:
    marker = f"marker-{tmp_path.name}"
    program = f"""
import sys
from pathlib import Path
from tests.autograder.sandbox.conftest import begin, run_cells
begin({kind!r})
run_cells(Path({str(submission)!r}), {DAEMON.format(marker=marker)!r}, "import time; time.sleep(60)")
"""
    grader = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        # The marker stands in the program of the grader too, and in those of two processes in the sandbox.
        wait_until(lambda: len(alive(marker)) == 3)
    finally:
        grader.kill()
        grader.wait()
    wait_until(lambda: not alive(marker))


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_sockets_lie_in_a_folder_that_only_this_user_may_enter_and_go_with_it(
    submission: Path,
) -> None:
    with session(submission, Limits()) as kernel:
        manager = kernel.manager
        folder = Path(manager.ip).parents[1]
        assert manager.transport == "ipc"
        assert not stat.S_IMODE(folder.stat().st_mode) & 0o077
        sockets = list((folder / "sockets").iterdir())
        assert len(sockets) >= 4
        assert all(stat.S_ISSOCK(path.stat().st_mode) for path in sockets)
        # The connection file can be read inside, and not changed.
        change = f"open({manager.connection_file!r}, 'a')"
        assert "Read-only" in kernel.ask(change)
    assert not folder.exists()


def test_a_file_among_the_sockets_ends_the_kernel(submission: Path) -> None:
    plant = """
import ipykernel, os, time
connection = ipykernel.get_connection_file()
os.symlink("/etc/passwd", os.path.join(os.path.dirname(connection), "sockets", "link"))
time.sleep(30)
"""
    ended = run_cells(submission, plant)
    assert ended.died
    assert ended.report.stop == "sockets"


def test_a_hundred_links_under_the_private_folder_are_not_followed(
    submission: Path, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "kept").write_text("kept")
    plant = f"""
import ipykernel, os
connection = ipykernel.get_connection_file()
for number in range(100):
    os.symlink({str(canary)!r}, os.path.join(os.path.dirname(connection), "sockets", str(number)))
os._exit(0)
"""
    ended = run_cells(submission, plant)
    assert ended.died
    assert (canary / "kept").read_text() == "kept"


def test_control_groups_are_removed(submission: Path) -> None:
    before = {path.name for path in Path("/sys/fs/cgroup").glob("*/llmlab-sandbox-*")}
    run_cells(submission, "1")
    after = {path.name for path in Path("/sys/fs/cgroup").glob("*/llmlab-sandbox-*")}
    assert {name for name in after - before if f"-{os.getpid()}-" in name} == set()


def test_plain_nbclient_uses_it_by_name(
    submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_kernelspec(tmp_path, Limits(open_files=333))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    code = "import os, resource; print(os.getcwd(), resource.getrlimit(resource.RLIMIT_NOFILE)[1])"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(
        notebook,
        kernel_name=KERNEL_NAME,
        timeout=60,
        resources={"metadata": {"path": str(submission)}},
    ).execute()
    assert text_of(notebook.cells[0].outputs).strip() == "/home/student/work 333"


def test_it_can_be_restarted_and_starts_afresh(submission: Path) -> None:
    with session(submission, Limits()) as kernel:
        kernel.ask("x = 1; open('left', 'w').write('x')")
        run_sync(kernel.manager.restart_kernel)(now=True)
        run_sync(kernel.client.wait_for_ready)(timeout=60)
        assert "NameError" in kernel.ask("x")
        assert "notes.txt" in kernel.ask("import os; os.listdir()")
        assert "left" not in kernel.ask("os.listdir()")


def test_a_cell_can_be_interrupted(submission: Path) -> None:
    manager = sandboxed_manager()
    cells = [nbformat.v4.new_code_cell(one) for one in ("while True: pass", "print('lives')")]
    client = NotebookClient(
        nbformat.v4.new_notebook(cells=cells),
        manager,
        timeout=2,
        interrupt_on_timeout=True,
        allow_errors=True,
        resources={"metadata": {"path": str(submission)}},
    )
    client.owns_km = True
    client.execute()
    assert "KeyboardInterrupt" in text_of(client.nb.cells[0].outputs)
    assert "lives" in text_of(client.nb.cells[1].outputs)


def test_pipes_and_devices_in_a_submission_do_not_stop_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/shadow")
    (tmp_path / "new\nline").write_text("x")
    closed = tmp_path / "closed"
    closed.write_text("x")
    ended = run_cells(
        tmp_path, "import os; print(sorted(os.listdir())); print(os.path.exists('link'))"
    )
    assert "'link', 'new\\nline'" in ended.texts[0]
    assert "pipe" not in ended.texts[0]
    assert "False" in ended.texts[0]
