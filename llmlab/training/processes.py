"""Real processes: the programs that `simulate` runs, each rank in a process of its own, over PyTorch's gloo.

`run_processes` starts them on this machine, with the variables that torchrun sets. On a cluster torchrun or
SLURM starts them, and `ProcessCommunicator` joins whatever group they are in.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.distributed
from torch import Tensor

from llmlab.errors import CommunicationError
from llmlab.training.communication import Communicator, Program, require_world_size

_DTYPES = (
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
)
_MAX_DIMENSIONS = 14
_COMMAND = "from llmlab.training.processes import work; work()"
_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 30.0
_ERROR_LINE = re.compile(r"^(\[rank\d+\]: )?[\w.]*(Error|Exception)\b.*: ")
_FIRST_LOST = "first-lost"
# Elsewhere a process with PyTorch in it cannot be split in two.
_CAN_FORK = sys.platform == "linux"


@dataclass(frozen=True)
class _Returned:
    value: Any


@dataclass(frozen=True)
class _Raised:
    moment: float
    error: BaseException


class ProcessCommunicator(Communicator):
    """This process's view of the group of `torch.distributed` that it is in.

    Raises:
        CommunicationError: There is no such group; `process_group` joins one.
    """

    def __init__(self) -> None:
        if not torch.distributed.is_initialized():
            raise CommunicationError(
                "This process is in no group; start it with torchrun and join by "
                "`with process_group() as communicator`."
            )
        super().__init__(torch.distributed.get_rank(), torch.distributed.get_world_size())
        # gloo's send waits until the other side receives; ours must not, or a ring would stand still.
        self._senders: dict[int, ThreadPoolExecutor] = {}

    def _send(self, tensor: Tensor, target: int) -> None:
        if target not in self._senders:
            self._senders[target] = ThreadPoolExecutor(1)
        self._senders[target].submit(_transmit, tensor, target)

    def _receive(self, source: int) -> Tensor:
        # What it is comes first, then its numbers.
        header = torch.empty(_MAX_DIMENSIONS + 2, dtype=torch.int64)
        torch.distributed.recv(header, source)
        kind, dimensions, *sizes = header.tolist()
        tensor = torch.empty(sizes[:dimensions], dtype=_DTYPES[kind])
        if tensor.numel():
            torch.distributed.recv(_as_bytes(tensor), source)
        return tensor


def _as_bytes(tensor: Tensor) -> Tensor:
    """View a tensor as what gloo can send whatever it holds."""
    return tensor.reshape(-1).view(torch.uint8)


def _transmit(tensor: Tensor, target: int) -> None:
    sizes = list(tensor.shape) + [0] * (_MAX_DIMENSIONS - tensor.ndim)
    header = torch.tensor([_DTYPES.index(tensor.dtype), tensor.ndim, *sizes])
    torch.distributed.send(header, target)
    if tensor.numel():
        torch.distributed.send(_as_bytes(tensor), target)


@contextmanager
def process_group(**settings: Any) -> Iterator[ProcessCommunicator]:
    """Join the group that torchrun's variables describe (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT).

    Args:
        settings: Given to `torch.distributed.init_process_group`, as `init_method` or `timeout`.

    Yields:
        This process's communicator; the group ends with the block.

    Raises:
        CommunicationError: The variables are missing, or the other processes cannot be reached.
    """
    try:
        torch.distributed.init_process_group("gloo", **settings)
    except (RuntimeError, ValueError) as error:
        raise CommunicationError(
            f"The processes cannot form a group ({_first_line(error)}). Start them with torchrun, "
            "and check that they can open connections to each other."
        ) from error
    try:
        yield ProcessCommunicator()
        # Here every rank has received all that it will: nobody leaves while another still listens.
        torch.distributed.barrier()
    finally:
        torch.distributed.destroy_process_group()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def run_processes(
    program: Program, world_size: int, *arguments: Any, seconds: float = 120.0
) -> list[Any]:
    """Run a program on several processes of this machine, one a rank, and wait for them.

    The program may be defined in a notebook: it is sent to the processes with all that it refers to. Each process
    computes with one thread. Nothing is left behind.

    Args:
        program: Called once in each process, as `program(communicator, *arguments)`.
        world_size: How many processes there are.
        arguments: What each rank is called with besides.
        seconds: After how long they are ended.

    Returns:
        What each rank returned, rank 0 first.

    Raises:
        ConfigurationError: `world_size` is below 1.
        CommunicationError: Processes may not open connections on this machine, one of them ended without a word, or
            they took too long.
        BaseException: Whatever a rank raises first, with a note of where; the others are ended.
    """
    import cloudpickle  # type: ignore[import-untyped]

    require_world_size(world_size)
    require_connections()
    with tempfile.TemporaryDirectory(prefix="llmlab-ranks-") as name:
        folder = Path(name)
        (folder / "program").write_bytes(cloudpickle.dumps((program, arguments)))
        ranks = list(range(world_size))
        teams = [ranks] if _CAN_FORK else [[rank] for rank in ranks]
        starters = [_start(folder, team, world_size) for team in teams]
        try:
            _await(starters, seconds)
        finally:
            for starter in starters:
                _end(starter)
        outcomes = [_outcome(folder, rank) for rank in ranks]
        lost = _lost(folder, outcomes)
    # Those that waited for the first to fail fail after it.
    failures = [outcome for outcome in outcomes if isinstance(outcome, _Raised)]
    if failures:
        raise min(failures, key=lambda failure: failure.moment).error
    if lost:
        raise CommunicationError(lost)
    return [outcome.value for outcome in outcomes if isinstance(outcome, _Returned)]


def torchrun(script: Path, world_size: int, *arguments: str, seconds: float = 180.0) -> str:
    """Run a script on several processes of this machine, as the command `torchrun` does.

    Args:
        script: Started once a rank; it joins the group itself, or leaves that to Lightning.
        world_size: How many processes there are.
        arguments: For the script.
        seconds: After how long it is ended.

    Returns:
        What the processes wrote to their standard output.

    Raises:
        CommunicationError: Processes may not open connections on this machine, one of them failed (the message
            ends with its error), or they took too long.
    """
    require_world_size(world_size)
    require_connections()
    options = ["--standalone", "--local-addr=127.0.0.1", f"--nproc-per-node={world_size}"]
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "torch.distributed.run", *options, str(script), *arguments],
        env=_variables(world_size),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            printed, trouble = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise CommunicationError(
                f"`{script.name}` did not finish on {world_size} processes within {seconds:g} seconds."
            ) from error
        finally:
            # It ends the processes that it started, which are in sessions of their own.
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE_SECONDS)
            _end(process)
    if process.returncode:
        # torchrun's own report follows the traceback of the process that failed.
        errors = [line for line in trouble.splitlines() if _ERROR_LINE.search(line)]
        raise CommunicationError(
            f"`{script.name}` failed on {world_size} processes: {errors[0] if errors else trouble[-300:]}"
        )
    return printed


def require_connections() -> None:
    """Raise `CommunicationError` unless a process may connect to another one on this machine."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection(server.getsockname(), timeout=5),
        ):
            pass
    except OSError as error:
        raise CommunicationError(
            f"Processes may not open connections to each other here ({error.strerror or error}), as in a "
            "sandbox without a network; run this where 127.0.0.1 can be reached."
        ) from error


def _variables(world_size: int) -> dict[str, str]:
    """Give processes the variables of this one, its places to import from, and one thread each."""
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "WORLD_SIZE": str(world_size),
        # Many ranks share the cores.
        "OMP_NUM_THREADS": "1",
    }
    loopback = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    if loopback:
        # gloo would ask for the machine's own name, which cannot always be looked up.
        variables.setdefault("GLOO_SOCKET_IFNAME", loopback[0])
    return variables


def _start(folder: Path, ranks: list[int], world_size: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", _COMMAND, str(folder), *map(str, ranks)],
        env=_variables(world_size),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _await(starters: list[subprocess.Popen[bytes]], seconds: float) -> None:
    """Wait until all have ended, or one has failed."""
    deadline = time.monotonic() + seconds
    while any(starter.poll() is None for starter in starters):
        if any(starter.poll() for starter in starters):
            return
        if time.monotonic() > deadline:
            raise CommunicationError(
                f"The processes did not finish within {seconds:g} seconds. Does one of them wait for a "
                "message that nobody sends? `simulate` would say which."
            )
        time.sleep(_POLL_SECONDS)


def _end(starter: subprocess.Popen[Any]) -> None:
    """End a process and those that it started, if they still run."""
    if _CAN_FORK:
        with suppress(ProcessLookupError):
            os.killpg(starter.pid, signal.SIGKILL)
    else:
        starter.kill()
    starter.wait()


def _outcome(folder: Path, rank: int) -> _Returned | _Raised | None:
    path = folder / f"outcome-{rank}"
    if not path.exists():
        return None
    outcome: _Returned | _Raised = pickle.loads(path.read_bytes())  # noqa: S301 - our own
    return outcome


def _lost(folder: Path, outcomes: list[_Returned | _Raised | None]) -> str:
    """Say which rank ended without an outcome; empty if none did."""
    if None not in outcomes:
        return ""
    # The one that ended by itself left its number here; the others were ended for it.
    first = folder / _FIRST_LOST
    rank = int(first.read_text()) if first.exists() else outcomes.index(None)
    words = folder / f"words-{rank}"
    lines = words.read_text("utf-8", "replace").strip().splitlines() if words.exists() else []
    last = f"Its last words: {lines[-1]}" if lines else "It left no word."
    return f"Rank {rank} ended before it was done; was there enough memory? {last}"


def work() -> None:
    """Run what `run_processes` left in a folder, as the ranks that the command line names."""
    folder, ranks = Path(sys.argv[1]), [int(one) for one in sys.argv[2:]]
    torch.set_num_threads(1)
    if len(ranks) == 1:
        _be(ranks[0], folder)
    # One process imports what all need, and splits into them.
    parent = os.getppid()
    children: dict[int, int] = {}
    for rank in ranks:
        child = os.fork()
        if not child:
            _be(rank, folder)
        children[child] = rank
    while children:
        ended, status = os.waitpid(-1, os.WNOHANG)
        rank = children.pop(ended, 0)
        if status:
            (folder / _FIRST_LOST).write_text(str(rank))
            sys.exit(1)
        if os.getppid() != parent:
            # Whoever started this is gone, and nobody waits for an outcome.
            os.killpg(0, signal.SIGKILL)
        if not ended:
            time.sleep(_POLL_SECONDS)


def _be(rank: int, folder: Path) -> NoReturn:
    """Be one rank, from joining the group to the end of the process."""
    with (folder / f"words-{rank}").open("wb") as words:
        for stream in (1, 2):
            os.dup2(words.fileno(), stream)
    os.environ["RANK"] = os.environ["LOCAL_RANK"] = str(rank)
    world_size = int(os.environ["WORLD_SIZE"])
    meeting = f"file://{folder / 'meeting'}"
    outcome: _Returned | _Raised | None = None
    try:
        with process_group(init_method=meeting, rank=rank, world_size=world_size) as communicator:
            outcome = _attempt(folder, communicator, rank)
            # Before the group ends, so that nobody who misses this rank is the first to complain.
            _leave(outcome, rank, folder)
            if isinstance(outcome, _Raised):
                os._exit(1)
    except BaseException as error:
        if outcome is None:
            _leave(_Raised(time.monotonic(), error), rank, folder)
        os._exit(1)
    os._exit(0)


def _attempt(folder: Path, communicator: Communicator, rank: int) -> _Returned | _Raised:
    try:
        program, arguments = pickle.loads((folder / "program").read_bytes())  # noqa: S301 - our own
        return _Returned(program(communicator, *arguments))
    except BaseException as error:
        moment = time.monotonic()
        error.add_note(f"On rank {rank}:\n{traceback.format_exc()}")
        return _Raised(moment, error)


def _leave(outcome: _Returned | _Raised, rank: int, folder: Path) -> None:
    """Write an outcome down for the process that waits."""
    import cloudpickle

    try:
        text = cloudpickle.dumps(outcome)
        if isinstance(outcome, _Raised):
            # An error whose class wants more than a text can be written and not read.
            pickle.loads(text)  # noqa: S301 - our own
    except Exception as error:
        thing = "returned" if isinstance(outcome, _Returned) else "raised"
        reason = outcome.error if isinstance(outcome, _Raised) else error
        sentence = f"What rank {rank} {thing} cannot be sent back ({_first_line(reason)})."
        text = pickle.dumps(_Raised(time.monotonic(), CommunicationError(sentence)))
    # Whoever waits must not read half of it.
    part = folder / f"part-{rank}"
    part.write_bytes(text)
    part.replace(folder / f"outcome-{rank}")
