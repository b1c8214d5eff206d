"""Runs a notebook in a kernel and judges its exercises from outside that kernel.

`Judging` is mixed into an nbclient client. Every cell runs as nbclient runs it, but for the check cells: in their
place the kernel runs the probes and hands over evidence, and the judge, in this process, decides. What a
check cell says, and what its output claims, has no influence on the points.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tempfile
import textwrap
import weakref
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder import exercises
from autograder.authoring import exercise_of
from autograder.errors import ChangedNotebook, EvidenceError, UnreadableNotebook
from autograder.evidence import Evidence, Fault
from autograder.exercise import Exercise, Lab
from autograder.feedback import WIDTH, as_html, as_text
from autograder.judge import Verdict, judge
from autograder.notebook import PUBLIC_SEED
from autograder.remote import MIME, read_hidden
from autograder.wire import decode


class Judging:
    """Mixed in before an nbclient client: judges check cells instead of running them.

    Attributes:
        seed: Draws the probes' inputs; grading sets a secret one.
        hidden_sources: The text of each lab's hidden.py, by topic.
        verdicts: What was decided, in the order of the cells.
        died: Whether the student's code has ended its kernel.
    """

    seed: int = PUBLIC_SEED
    hidden_sources: dict[str, str]
    verdicts: list[Verdict]
    nb: NotebookNode
    died: bool = False

    async def async_execute_cell(
        self,
        cell: NotebookNode,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> NotebookNode:
        """Execute a cell, or judge it if it is a check; a dead kernel fails what comes after."""
        exercise = exercise_of(cell)
        if exercise is None:
            try:
                return await self._run(cell, cell_index, execution_count, store_history)
            except DeadKernelError:
                self.died = True
                cell.outputs = [_error("DeadKernel", "This cell ended its Python process.")]
                return cell
        evidence = await self._evidence(exercise, cell_index)
        probes = [*exercise.probes, *self._hidden(exercise)]
        verdict = judge(exercise, probes, evidence, self.seed)
        self.verdicts.append(verdict)
        cell.outputs = verdict_outputs(verdict)
        # nbclient puts the cell that it ran into the notebook; that one holds the hidden probes.
        self.nb.cells[cell_index] = cell
        return cell

    execute_cell = run_sync(async_execute_cell)

    async def _run(
        self, cell: NotebookNode, index: int, count: int | None = None, history: bool = True
    ) -> NotebookNode:
        if self.died:
            return cell
        run: Any = super().async_execute_cell  # type: ignore[misc]  # of the client mixed with
        done: NotebookNode = await run(cell, index, count, history)
        return done

    def _hidden(self, exercise: Exercise) -> list[Any]:
        topic = exercise.id.partition(".")[0]
        return read_hidden(self.hidden_sources.get(topic, "")).get(exercise.id, [])

    async def _evidence(self, exercise: Exercise, index: int) -> list[Evidence]:
        """Let the kernel run the probes, and read what it hands over."""
        hidden = self.hidden_sources.get(exercise.id.partition(".")[0], "")
        call = f"{exercise.id!r}, {self.seed!r}, {hidden!r}"
        source = f"__import__('autograder.remote').remote.publish(globals(), {call})"
        cell = nbformat.v4.new_code_cell(source)
        reason = "exit"
        if not self.died:
            try:
                await self._run(cell, index, None, False)
            except DeadKernelError:
                self.died = True
        found = [o.data[MIME] for o in cell.outputs if MIME in o.get("data", {})]
        if len(found) == 1:
            try:
                return decode(base64.b64decode(found[0], validate=True))
            except (EvidenceError, ValueError, TypeError):
                reason = "no_evidence"
        elif not self.died:
            timed_out = any(o.get("ename") == "CellTimeoutError" for o in cell.outputs)
            reason = "timeout" if timed_out else "no_evidence"
        fault = Fault(reason, "the time limit")
        return [Evidence(probe.name, fault=fault) for probe in exercise.probes]


def _error(name: str, sentence: str) -> NotebookNode:
    return new_output(
        "error", ename=name, evalue=sentence, traceback=textwrap.wrap(f"{name}: {sentence}", WIDTH)
    )


def verdict_outputs(verdict: Verdict) -> list[NotebookNode]:
    """Write a verdict as a cell's outputs, in the way that nbgrader reads points from them."""
    shown = {"text/html": as_html(verdict), "text/plain": as_text(verdict)}
    outputs = [new_output("display_data", data=shown)]
    if not verdict.passed:
        outputs.append(_error("CheckFailed", verdict.sentence))
    return outputs


class JudgingClient(Judging, NotebookClient):
    """Runs a notebook file of the learner's own in a local kernel, and judges it."""

    def __init__(self, notebook: NotebookNode, folder: Path, seconds: int = 120) -> None:
        super().__init__(
            notebook,
            self._manager(),
            timeout=seconds,
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout={
                "ename": "CellTimeoutError",
                "evalue": "",
                "traceback": ["The cell did not finish within its time limit."],
            },
            resources={"metadata": {"path": str(folder)}},
        )
        # We made the manager, so its kernel ends with the run.
        self.owns_km = True
        self.hidden_sources = {}
        self.verdicts = []

    def _manager(self) -> AsyncKernelManager:
        """Talk to the kernel over sockets in a private folder, where no other user can listen in."""
        if sys.platform == "win32":
            return AsyncKernelManager()
        folder = tempfile.mkdtemp(prefix="llmlab-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return AsyncKernelManager(transport="ipc", ip=f"{folder}/kernel")


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook file.

    Raises:
        UnreadableNotebook: It does not exist, is empty, is no JSON or no notebook.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise UnreadableNotebook(f"There is no notebook {path}; look at the name.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UnreadableNotebook(f"{path} cannot be read: {reason}.") from None
    if not text.strip():
        raise UnreadableNotebook(
            f"{path} is empty; `autograder reset` lays a fresh copy and keeps this one."
        )
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except (nbformat.reader.NotJSONError, json.JSONDecodeError, RecursionError):
        raise UnreadableNotebook(
            f"{path} is no notebook: it is not JSON. `autograder reset` lays a fresh copy and keeps this one."
        ) from None
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError):
        raise UnreadableNotebook(
            f"{path} is JSON, but no notebook; `autograder reset` lays a fresh copy and keeps this one."
        ) from None
    result: NotebookNode = notebook
    return result


def lab_of(notebook: NotebookNode, path: Path, wanted: str = "") -> Lab:
    """Say which lab a notebook is of, and make sure that each of its checks is there once.

    Args:
        notebook: The notebook.
        path: Where it came from, for the messages.
        wanted: The folder's name of the lab that it should be of; any lab will do by default.

    Raises:
        ChangedNotebook: It is of no lab, or a check cell was deleted, duplicated or renamed.
    """
    marks = notebook.metadata.get("autograder")
    folder = marks.get("lab", "") if isinstance(marks, dict) else ""
    topic = str(folder).partition("_")[2]
    if topic not in exercises.topics():
        raise ChangedNotebook(
            f"{path} is not the notebook of a lab; check one from your labs' folder."
        )
    lab = exercises.load(topic)
    if wanted and wanted != lab.folder:
        raise ChangedNotebook(
            f"{path} is the notebook of lab {lab.folder}, not of {wanted}. Move it back, or run "
            f"`autograder reset {wanted}`, which keeps a copy of it."
        )
    checked = [exercise.id for cell in notebook.cells if (exercise := exercise_of(cell))]
    missing = [one.id for one in lab if one.id not in checked]
    twice = sorted({one for one in checked if checked.count(one) > 1})
    strange = [one for one in checked if one not in lab.exercises]
    if missing or twice or strange:
        parts = [
            f"the check of {', '.join(missing)} was deleted or renamed" if missing else "",
            f"the check of {', '.join(twice)} stands more than once" if twice else "",
            f"the check of {', '.join(strange)} is another lab's" if strange else "",
        ]
        raise ChangedNotebook(
            f"In {path}, {'; '.join(filter(None, parts))}. Take the cell back with Undo, or run "
            f"`autograder reset {lab.folder}`, which keeps a copy of yours."
        )
    return lab


def run_and_judge(
    path: Path, hidden_sources: dict[str, str] | None = None, wanted: str = ""
) -> list[Verdict]:
    """Run a notebook file from top to bottom and judge each of its exercises.

    The file is not changed. `wanted` names the lab that it should be of; any lab will do by default.

    Raises:
        UnreadableNotebook: It is no notebook.
        ChangedNotebook: Its check cells are not those of its lab.
    """
    notebook = read_notebook(path)
    lab_of(notebook, path, wanted)
    client = JudgingClient(notebook, path.parent.resolve())
    client.hidden_sources = hidden_sources or {}
    client.execute()
    return client.verdicts
