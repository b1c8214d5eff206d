"""Sandboxed kernels for the tests: one to ask many questions, and one for each program that ends badly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

from autograder.sandbox import (
    Limits,
    Report,
    SandboxUnavailable,
    sandbox_works,
    sandboxed_manager,
)
from autograder.sandbox.limits import MEBIBYTE
from tests.labs import ROOT

# What is asked of a sandbox must hold whether its kernel is started by itself or forked from a warmed parent.
_KINDS = {"started": False, "forked": True}
_BOTH = ("test_filter", "test_isolation", "test_limits", "test_provisioner", "test_traces")
_now = {"warm": False}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rsplit(".", 1)[-1] in _BOTH:
        metafunc.fixturenames.insert(0, "kind")
        metafunc.parametrize("kind", _KINDS, scope="module", indirect=True)


@pytest.fixture(scope="module")
def kind(request: Any) -> str:
    """How the kernels of a test are begun."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _kind(request: pytest.FixtureRequest) -> None:
    callspec = getattr(request.node, "callspec", None)
    begin(callspec.params.get("kind", "started") if callspec else "started")


def begin(kind: str) -> None:
    """Choose how the kernels that follow are begun."""
    _now["warm"] = _KINDS[kind]


def text_of(outputs: list[Any]) -> str:
    """Join all that a cell showed: streams, results and the last line of errors."""
    parts = []
    for output in outputs:
        if output["output_type"] == "error":
            parts.append(f"{output['ename']}: {output['evalue']}")
        else:
            parts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "".join(parts)


@dataclass
class Session:
    """A sandboxed kernel that answers questions."""

    manager: Any
    client: Any

    def ask(self, code: str) -> str:
        """Run some code and return what it showed."""
        outputs: list[Any] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("stream", "error", "execute_result"):
                outputs.append({"output_type": message["msg_type"], **message["content"]})

        run_sync(self.client.execute_interactive)(code, output_hook=keep, timeout=60)
        return text_of(outputs)


@contextlib.contextmanager
def session(folder: Path, limits: Limits, warm: bool | None = None) -> Iterator[Session]:
    """Start a kernel in a sandbox, working on a folder, and end it."""
    manager = sandboxed_manager(
        limits, environment={"PYTHONPATH": str(ROOT)}, warm=_now["warm"] if warm is None else warm
    )
    run_sync(manager.start_kernel)(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        run_sync(client.wait_for_ready)(timeout=60)
        yield Session(manager, client)
    finally:
        client.stop_channels()
        run_sync(manager.shutdown_kernel)(now=True)


@dataclass
class Ended:
    """How a notebook fared in a sandbox that has ended."""

    texts: list[str]
    report: Report
    died: bool
    client: Any = field(repr=False)


def run_cells(folder: Path, *codes: str, seconds: int = 30, **limits: int) -> Ended:
    """Run cells in a sandbox of their own."""
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    notebook = nbformat.v4.new_notebook(cells=cells)
    manager = sandboxed_manager(Limits.of(limits), warm=_now["warm"])
    client = NotebookClient(
        notebook,
        manager,
        timeout=seconds,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.owns_km = True
    died = False
    try:
        client.execute()
    except DeadKernelError:
        died = True
    texts = [text_of(cell.outputs) for cell in notebook.cells]
    return Ended(texts, manager.provisioner.report, died, client)


@pytest.fixture(scope="session", autouse=True)
def _bubblewrap() -> None:
    try:
        sandbox_works()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submitted folder, in a course with others."""
    course = tmp_path_factory.mktemp("course")
    for student in ("ada", "grace"):
        folder = course / "submitted" / student / "00_welcome"
        folder.mkdir(parents=True)
        (folder / "notes.txt").write_text(f"notes of {student}")
    (course / "gradebook.db").write_text("canary-gradebook")
    return course / "submitted" / "ada" / "00_welcome"


@pytest.fixture(scope="module")
def kernel(kind: str, submission: Path) -> Iterator[Session]:
    """One kernel in a small sandbox, shared by questions that change nothing."""
    with session(submission, Limits(scratch_bytes=8 * MEBIBYTE), _KINDS[kind]) as shared:
        shared.ask("import ctypes, os, socket, subprocess")
        yield shared
