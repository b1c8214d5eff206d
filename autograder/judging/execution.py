"""Runs a notebook in a kernel and judges its exercises from outside that kernel.

Every cell runs as nbclient runs it, but for the check cells: in their place the kernel runs the probes and
hands over evidence, and the judge, in this process, decides. What a check cell says, and what its output
claims, has no influence on the points.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import json
import re
import shutil
import sys
import tempfile
import textwrap
import warnings
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import zmq
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async, run_sync
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.errors import ChangedNotebook, EvidenceError, UnreadableNotebook
from autograder.exercise import Exercise, Lab, register
from autograder.exercise.cells import exercise_of
from autograder.exercise.draws import PUBLIC_SEED
from autograder.exercise.excerpt import excerpt_of
from autograder.exercise.private import read_private
from autograder.judging.diagnosis import of_reference
from autograder.judging.feedback import WIDTH, as_html, as_text, not_yet
from autograder.judging.judge import Verdict, judge
from autograder.probing.evidence import Evidence, Failure
from autograder.probing.observing import SECONDS
from autograder.probing.wire import MAX_BYTES, decode, encode
from autograder.student.edits import Kind
from autograder.student.explaining import SEEDS, is_open, with_place
from autograder.student.publishing import MIME, PLACE_MIME

MAX_CELL_CHARACTERS = 1_000_000
# The name of the error that a check shows whose points a person gives; nbgrader reads 0 from it until then.
HELD = "PointsHeld"
_OUTPUTS = ("stream", "display_data", "update_display_data", "execute_result", "error")
# Seconds that a kernel has to answer after its cell was interrupted.
_PATIENCE = 5
# No message that we have use for is longer: evidence in base64, and a little around it.
_MAX_MESSAGE = 3 * MAX_BYTES // 2
_MAX_WAITING = 64
_MAX_LINE = 100_000
# How a cell is known that draws, and what stands where a figure was not drawn.
_PLOTS, _FIGURE = "plt.", "<Figure size"
NOT_DRAWN = "The lab's own figure; grading does not draw it."
# What all cells of a notebook may write together.
MAX_CHARACTERS = 20_000_000
_DEEPEST = 40
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass
class Stretch:
    """What happened in one stretch of a notebook, from its first cell to its last or to its kernel's end.

    Attributes:
        died_at: The cell that was running when the kernel ended; None if it lived on.
        timeouts: The cells that did not finish in time.
        characters: How much the cells wrote, counting what was not kept.
        unsettled: The exercises whose public probes passed and whose hidden ones could not be tried, since the
            kernel had ended.
    """

    died_at: int | None = None
    timeouts: list[int] = field(default_factory=list)
    characters: int = 0
    unsettled: list[str] = field(default_factory=list)


class JudgingClient(NotebookClient):
    """Runs a notebook in a kernel, and judges its check cells instead of running them.

    At its place in the notebook, a check cell's public probes are run on the answer as it is there. The hidden
    probes are handed over after the last cell: no cell of the student's runs after them, so nothing that is
    kept of a cell's output can hold what they ask, and of what comes back for them only values and the kinds of
    failures are used.

    Args:
        notebook: What to run; its outputs are written into it.
        folder: The folder to run it in.
        seconds: The time limit of each cell.
        seed: Draws the inputs of the public probes.
        hidden_seed: Draws those of the hidden ones; the kernel does not learn it before the last cell has run.
        hidden_sources: The text of each exercise's hidden probes, by its id.
        manager: Starts the kernel; by default one on this machine, as this user.
        only: The ids of the exercises to judge; by default all.
        request: Writes a statement that the kernel runs before it collects evidence, and that may refuse.
        unseen: The text of cells whose figures nobody looks at, since they are the lab's own; they are not drawn.
    """

    def __init__(
        self,
        notebook: NotebookNode,
        folder: Path,
        seconds: int = 120,
        *,
        seed: int = PUBLIC_SEED,
        hidden_seed: int = PUBLIC_SEED,
        hidden_sources: Mapping[str, str] | None = None,
        manager: AsyncKernelManager | None = None,
        only: Collection[str] | None = None,
        request: Callable[[], str] = str,
        unseen: Collection[str] = (),
    ) -> None:
        manager = manager or self._manager()
        for option, value in ((zmq.MAXMSGSIZE, _MAX_MESSAGE), (zmq.RCVHWM, _MAX_WAITING)):
            manager.context.setsockopt(option, value)
        super().__init__(
            notebook,
            manager,
            timeout=seconds,
            allow_errors=True,
            interrupt_on_timeout=True,
            shutdown_kernel="immediate",
            error_on_timeout={
                "ename": "CellTimeoutError",
                "evalue": "",
                "traceback": ["The cell did not finish within its time limit."],
            },
            resources={"metadata": {"path": str(folder)}},
        )
        # No other program uses the manager, so its kernel ends with the run.
        self.owns_km = True
        self.seed, self.hidden_seed = seed, hidden_seed
        self.request, self.unseen = request, unseen
        self.hidden_sources = hidden_sources or {}
        self.only = only
        self.verdicts: list[Verdict] = []
        self.stretch = Stretch()
        self.failures: dict[str, set[str]] = {}
        self.on_last_cell: Callable[[], None] | None = None
        self.on_cell_executed = self._look_for_an_exit
        self._public: dict[int, tuple[Exercise, list[Evidence]]] = {}
        self._kept = self._kept_in_cell = 0
        self._is_cut = False
        self._running = 0
        self._judging = False
        self._draws = True

    def _manager(self) -> AsyncKernelManager:
        """Talk to the kernel over sockets in a private folder, where no other user can listen in."""
        if sys.platform == "win32":
            return AsyncKernelManager()
        folder = tempfile.mkdtemp(prefix="llmlab-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return AsyncKernelManager(transport="ipc", ip=f"{folder}/kernel")

    @property
    def died(self) -> bool:
        """Whether the student's code has ended its kernel."""
        return self.stretch.died_at is not None

    async def async_execute_cell(
        self,
        cell: NotebookNode,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> NotebookNode:
        """Execute a cell, or collect evidence if it is a check; a dead kernel fails what comes after."""
        exercise = exercise_of(cell)
        if exercise is None:
            await self._draw_if_seen(cell, cell_index)
            await self._run(cell, cell_index, execution_count, store_history)
        elif self.only is None or exercise.id in self.only:
            # The notebook may use `globals` as a name of its own.
            names = "__import__('builtins').globals()"
            call = f"publish({names}, {excerpt_of(exercise).to_json()!r}, {self.seed!r})"
            self._public[cell_index] = exercise, await self._evidence(exercise, call, cell_index)
        if cell_index == len(self.nb.cells) - 1:
            if self.on_last_cell:
                self.on_last_cell()
            await self._judge_all()
        return cell

    execute_cell = run_sync(async_execute_cell)

    async def _draw_if_seen(self, cell: NotebookNode, index: int) -> None:
        """Tell the kernel whether to draw a cell's figures: half of the time of a lab's own cells goes into them."""
        wanted = cell.source not in self.unseen
        if wanted != self._draws and cell.cell_type == "code" and (wanted or _PLOTS in cell.source):
            self._draws = wanted
            await self._asked(f"draw_figures({wanted})", index, verified=False)

    async def _run(
        self, cell: NotebookNode, index: int, count: int | None = None, history: bool = True
    ) -> None:
        if self.died:
            return
        self._kept_in_cell, self._is_cut, self._running = 0, False, index
        try:
            await super().async_execute_cell(cell, index, count, history)
        except DeadKernelError:
            self.stretch.died_at = index
            cell.outputs = [_error("DeadKernel", "This cell ended its Python process.")]

    def _look_for_an_exit(
        self, cell_index: int, execute_reply: Mapping[str, Any], **_: object
    ) -> None:
        """Take a kernel that `exit()` asked to end for ended: nobody can rely on the moment that it lives on."""
        payload = execute_reply["content"].get("payload")
        for one in payload if isinstance(payload, list) and not self._judging else ():
            if (
                isinstance(one, dict)
                and one.get("source") == "ask_exit"
                and not one.get("keepkernel")
            ):
                self.stretch.died_at = cell_index

    async def _async_handle_timeout(
        self, timeout: int, cell: NotebookNode | None = None
    ) -> dict[str, Any] | None:
        """Interrupt the cell; a kernel that goes on all the same is ended, or every later cell would wait."""
        reply = await super()._async_handle_timeout(timeout, cell)
        self.stretch.timeouts.append(self._running)
        kernel: Any = self.kc
        manager: Any = self.km
        asked = kernel.kernel_info()
        for _ in range(_PATIENCE):
            with contextlib.suppress(Empty):
                message = await ensure_async(kernel.shell_channel.get_msg(timeout=1))
                if message["parent_header"].get("msg_id") == asked:
                    return reply
        await ensure_async(manager.shutdown_kernel(now=True))
        raise DeadKernelError("The kernel could not be interrupted.")

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Keep a cell's outputs up to a limit, and count the rest."""
        content = msg["content"]
        if self._judging:
            # What runs now knows more than its author may: it must not write into what earlier cells have shown.
            content.pop("transient", None)
            if msg["msg_type"] in ("update_display_data", "clear_output"):
                return None
        if msg["msg_type"] in _OUTPUTS:
            if not _is_output(content):
                note = "… an output that no notebook can hold is left out\n"
                cell.outputs.append(new_output("stream", name="stderr", text=note))
                return None
            size = _size(content)
            self.stretch.characters += size
            self._kept_in_cell += size
            beyond = self._kept_in_cell > MAX_CELL_CHARACTERS
            if (beyond or self._kept > MAX_CHARACTERS) and MIME not in content.get("data", {}):
                if not self._is_cut:
                    self._is_cut = True
                    most, what = (
                        (MAX_CELL_CHARACTERS, "cell")
                        if beyond
                        else (MAX_CHARACTERS, "whole notebook")
                    )
                    note = f"\n… what the {what} wrote after {most:,} characters is left out\n"
                    cell.outputs.append(new_output("stream", name="stdout", text=note))
                return None
            self._kept += size
            if not self._draws and str(content.get("data", {}).get("text/plain")).startswith(
                _FIGURE
            ):
                content["data"] = {"text/plain": NOT_DRAWN}
        elif msg["msg_type"].startswith("comm"):
            # Grading has no use for the state of widgets, which the kernel could make as large as it likes.
            return None
        return super().process_message(msg, cell, cell_index)

    async def _judge_all(self) -> None:
        """Collect the evidence of the hidden probes where the public ones passed, and write the verdicts."""
        for index, (exercise, evidence) in sorted(self._public.items()):
            verdict = judge(exercise, exercise.probes, evidence, self.seed)
            source = self.hidden_sources.get(exercise.id, "")
            hidden = read_private(source).probes
            if verdict.passed and hidden:
                seed = self.hidden_seed
                if self.died:
                    self.stretch.unsettled.append(exercise.id)
                text = excerpt_of(exercise, source).to_json()
                seconds = SECONDS * (1 + len(hidden))
                call = f"publish_hidden({exercise.id!r}, {text!r}, {seed!r}, {seconds!r})"
                evidence = await self._evidence(exercise, call, index)
                if [one.probe for one in evidence] == [""]:
                    # The process in which they were tried came to no end, or to its own.
                    evidence = [dataclasses.replace(evidence[0], probe=p.name) for p in hidden]
                found = [_veiled(one, exercise) for one in evidence]
                seen = judge(exercise, hidden, found, seed)
                verdict = verdict if seen.passed else dataclasses.replace(seen, notes=verdict.notes)
            elif is_open(verdict) and not self.died:
                # The points stand: what comes now is for the feedback alone.
                verdict = await self._placed(verdict, exercise, index)
            self.verdicts.append(verdict)
            self.nb.cells[index].outputs = verdict_outputs(verdict)

    async def _placed(self, verdict: Verdict, exercise: Exercise, index: int) -> Verdict:
        """Ask the kernel where the mistake is, of which it says two whole numbers or nothing."""
        right = [of_reference(exercise, p, seed) for seed in SEEDS for p in exercise.probes]
        try:
            expected = base64.b64encode(encode(right)).decode()
        except EvidenceError:
            return verdict
        text = excerpt_of(exercise).to_json()
        cell = await self._asked(f"publish_place({text!r}, {expected!r}, {list(SEEDS)})", index)
        found = [o.data[PLACE_MIME] for o in cell.outputs if PLACE_MIME in o.get("data", {})]
        kinds = list(Kind)
        match found:
            case [[int(line), int(number)]] if 0 < line <= _MAX_LINE and 0 <= number < len(kinds):
                return with_place(verdict, line, kinds[number])
        return verdict

    async def _evidence(self, exercise: Exercise, call: str, index: int) -> list[Evidence]:
        """Let the kernel run probes, and read what it hands over."""
        evidence = self._read(await self._asked(call, index), exercise)
        kinds = {one.failure.kind for one in evidence if one.failure}
        self.failures.setdefault(exercise.id, set()).update(kinds)
        return evidence

    async def _asked(self, call: str, index: int, verified: bool = True) -> NotebookNode:
        """Run a call of the publishing module in the kernel, and return the cell with what it displayed."""
        module = "__import__('autograder.student.publishing').student.publishing"
        request = self.request() if verified else ""
        cell = nbformat.v4.new_code_cell(f"{request}\n{module}.{call}")
        shown = self.nb.cells[index]
        if not self.died:
            self._judging = True
            await self._run(cell, index, None, False)
            self._judging = False
            # nbclient puts the cell that it ran into the notebook.
            self.nb.cells[index] = shown
        return cell

    def _read(self, cell: NotebookNode, exercise: Exercise) -> list[Evidence]:
        """Read the evidence that a cell handed over, or write down why there is none."""
        reason = "exit"
        found = [output.data[MIME] for output in cell.outputs if MIME in output.get("data", {})]
        if len(found) == 1:
            try:
                return decode(base64.b64decode(found[0], validate=True))
            except (EvidenceError, ValueError, TypeError):
                reason = "no_evidence"
        elif not self.died:
            timed_out = any(o.get("ename") == "CellTimeoutError" for o in cell.outputs)
            reason = "timeout" if timed_out else "no_evidence"
        failure = Failure(reason, "the time limit")
        return [Evidence(probe.name, failure=failure) for probe in exercise.probes]


def derived_seed(secret: int, purpose: str) -> int:
    """Make a seed of a secret one: whoever learns it can tell neither the secret nor one for another purpose."""
    return int.from_bytes(hashlib.sha256(f"{purpose} {secret}".encode()).digest()[:7], "big")


def _is_output(content: dict[str, Any]) -> bool:
    """Say whether a message holds what a notebook's format takes; a kernel can send whatever it likes."""
    data, traceback = content.get("data", {}), content.get("traceback", [])
    texts = [content.get(name, "") for name in ("text", "ename", "evalue")]
    return (
        isinstance(data, dict)
        and all(_is_shown(kind, value) for kind, value in data.items())
        and isinstance(content.get("metadata", {}), dict)
        and content.get("name", "stdout") in ("stdout", "stderr")
        and isinstance(traceback, list)
        and all(isinstance(one, str) for one in [*texts, *traceback])
    )


def _is_shown(kind: str, value: Any) -> bool:
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return True
    parts = value if isinstance(value, list) else [value]
    return all(isinstance(part, str) for part in parts)


def _size(content: dict[str, Any]) -> int:
    parts = [
        content.get("text", ""),
        *content.get("data", {}).values(),
        *content.get("traceback", ()),
    ]
    return sum(len(part) if isinstance(part, str) else len(str(part)) for part in parts)


def _veiled(seen: Evidence, exercise: Exercise) -> Evidence:
    """Keep of what a hidden probe saw what decides points, and no text that the kernel could write.

    A message or a line printed could spell the probe out, and would be in the feedback.
    """
    failure = seen.failure
    if failure:
        known = {
            "forbidden": (*exercise.forbidden, _own_name(exercise)),
            "timeout": (f"{SECONDS:g} seconds",),
            "exit": ("",),
        }
        message = failure.message if failure.message in known.get(failure.kind, ()) else ""
        failure = Failure(failure.kind, message) if failure.kind in known else Failure("raised")
    return Evidence(seen.probe, seen.value, failure)


def _own_name(exercise: Exercise) -> str:
    reference = exercise.reference
    return f"{reference.__module__}.{reference.__qualname__}" if callable(reference) else ""


def _error(name: str, sentence: str) -> NotebookNode:
    return new_output(
        "error", ename=name, evalue=sentence, traceback=textwrap.wrap(f"{name}: {sentence}", WIDTH)
    )


def refusal_outputs(notebook: NotebookNode, reason: str) -> list[list[dict[str, Any]]]:
    """Write the outputs of each cell of a notebook that is not graded: no check in it earns anything."""
    return [
        [_error("NotGraded", reason)]
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
        else []
        for cell in notebook.cells
    ]


def verdict_outputs(verdict: Verdict) -> list[NotebookNode]:
    """Write a verdict as a cell's outputs, in the way that nbgrader reads points from them."""
    shown = {"text/html": as_html(verdict), "text/plain": as_text(verdict)}
    outputs = [new_output("display_data", data=shown)]
    if verdict.held:
        outputs.append(_error(HELD, "A person gives these points."))
    elif not verdict.passed:
        outputs.append(_error("CheckFailed", not_yet([verdict])))
    return outputs


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook file.

    Raises:
        UnreadableNotebook: It does not exist, is empty, is no JSON or no notebook.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableNotebook(f"There is no notebook {path}; look at the name.") from None
    except OSError as error:
        raise UnreadableNotebook(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return parse_notebook(data, str(path))
    except UnreadableNotebook as error:
        raise UnreadableNotebook(
            f"{error} `autograder reset` lays a fresh copy and keeps this one."
        ) from None


def parse_notebook(data: bytes, name: str) -> NotebookNode:
    """Read a notebook from the bytes of its file; the name is for the messages.

    Raises:
        UnreadableNotebook: They are empty, no UTF-8 text, no JSON or no notebook.
    """
    try:
        # Some editors write a byte order mark.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableNotebook(f"{name} is not UTF-8 text.") from None
    if not text.strip():
        raise UnreadableNotebook(f"{name} is empty.")
    try:
        parsed = json.loads(text)
        if _HALF_CHARACTER.search(text):
            parsed = _with_whole_characters(parsed)
        _cut_deep(parsed)
        text = json.dumps(parsed)
        versions = [parsed["nbformat"], parsed.get("nbformat_minor", 0)]
        if any(type(one) is not int for one in versions):
            raise ValueError(versions)
        with warnings.catch_warnings():
            # An older notebook without ids of cells is given some.
            warnings.simplefilter("ignore")
            notebook: NotebookNode = nbformat.reads(text, as_version=4)
            nbformat.validate(notebook)
    except (json.JSONDecodeError, RecursionError):
        raise UnreadableNotebook(f"{name} is no notebook: it is not JSON.") from None
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError):
        raise UnreadableNotebook(f"{name} is JSON, but no notebook.") from None
    return notebook


def _with_whole_characters(parsed: Any) -> Any:
    """Put a question mark in the place of each half of a character, which no file of text can hold."""
    text = json.dumps(parsed, ensure_ascii=False)
    # Two halves that belong together become one character, as JSON means them.
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _cut_deep(parsed: Any) -> None:
    """Empty what is nested deeper than any notebook is; what reads it later goes down by recursion."""
    level = [parsed]
    for _ in range(_DEEPEST):
        containers = [one for one in level if isinstance(one, dict | list)]
        level = [inner for one in containers for inner in _inner(one)]
        if not level:
            return
    for one in level:
        if isinstance(one, dict | list):
            one.clear()


def _inner(container: dict[str, Any] | list[Any]) -> list[Any]:
    return list(container.values()) if isinstance(container, dict) else container


def lab_of(notebook: NotebookNode, path: Path, wanted: str = "") -> Lab:
    """Say which lab a notebook is of, and make sure that each of its checks is there.

    Args:
        notebook: The notebook.
        path: Where it came from, for the messages.
        wanted: The folder's name of the lab that it should be of; any lab will do by default.

    Raises:
        ChangedNotebook: It is of no lab, or a check cell was deleted or renamed.
    """
    marks = notebook.metadata.get("autograder")
    folder = marks.get("lab", "") if isinstance(marks, dict) else ""
    topic = str(folder).partition("_")[2]
    if topic not in register.topics():
        raise ChangedNotebook(
            f"{path} is not the notebook of a lab; check one from your labs' folder."
        )
    lab = register.load(topic)
    if wanted and wanted != lab.folder:
        raise ChangedNotebook(
            f"{path} is the notebook of lab {lab.folder}, not of {wanted}. Move it back, or run "
            f"`autograder reset {wanted}`, which keeps a copy of it."
        )
    checked = [exercise.id for cell in notebook.cells if (exercise := exercise_of(cell))]
    missing = [one for one in lab.points if one not in checked]
    strange = [one for one in checked if one not in lab.points]
    if missing or strange:
        parts = [
            f"the check of {', '.join(missing)} was deleted or renamed" if missing else "",
            f"the check of {', '.join(strange)} is another lab's" if strange else "",
        ]
        raise ChangedNotebook(
            f"In {path}, {'; '.join(filter(None, parts))}. Take the cell back with Undo, or run "
            f"`autograder reset {lab.folder}`, which keeps a copy of yours."
        )
    return lab


def copied_checks(notebook: NotebookNode) -> dict[int, str]:
    """Find the checks that do not count since a copy of them comes later: the exercise's id by the cell's number."""
    found = {n: one.id for n, cell in enumerate(notebook.cells) if (one := exercise_of(cell))}
    last = {exercise_id: number for number, exercise_id in found.items()}
    return {number: one for number, one in found.items() if last[one] != number}


def run_and_judge(
    path: Path, hidden_sources: dict[str, str] | None = None, wanted: str = ""
) -> list[Verdict]:
    """Run a notebook file from top to bottom and judge each of its exercises.

    The file is not changed. `wanted` names the lab that it should be of; any lab will do by default. Of a check that
    was copied, the last one counts, as in grading.

    Raises:
        UnreadableNotebook: It is no notebook.
        ChangedNotebook: Its check cells are not those of its lab.
    """
    notebook = read_notebook(path)
    lab_of(notebook, path, wanted)
    for number in copied_checks(notebook):
        # Without its mark it is a cell like any other, and would only say what the check says.
        notebook.cells[number] = nbformat.v4.new_code_cell()
    client = JudgingClient(notebook, path.parent.resolve(), hidden_sources=hidden_sources)
    client.execute()
    return client.verdicts
