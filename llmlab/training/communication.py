"""How ranks talk: a program is written once, runs on every rank, and knows which rank it is.

That style is called SPMD, single program, multiple data (Darema et al., 1988), and `send` and `receive` are
MPI's (1994). `simulate` runs all ranks inside this process, one at a time and always in the same order, so that
a mistake shows itself in the same way each time; `llmlab.training.processes` runs the same program on real
processes.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from llmlab.errors import CommunicationError, ConfigurationError, DeadlockError

Program = Callable[..., Any]


class Communicator(ABC):
    """One rank's view of a group of processes.

    Attributes:
        rank: The number of this process, from 0 to `world_size` - 1.
        world_size: How many processes there are.
        bytes_sent: How many bytes of tensors this rank has sent so far.
        messages_sent: In how many messages.
    """

    def __init__(self, rank: int, world_size: int) -> None:
        self.rank = rank
        self.world_size = world_size
        self.bytes_sent = 0
        self.messages_sent = 0

    def send(self, tensor: Tensor, target: int) -> None:
        """Send a copy of a tensor to another rank, and go on at once, whether it is received or not.

        Raises:
            CommunicationError: There is no such rank, it is this one, or what is sent is no tensor.
        """
        self._require_other(target, "send to")
        if not isinstance(tensor, Tensor):
            raise CommunicationError(
                f"Rank {self.rank} sends a `{type(tensor).__name__}` to rank {target}; only tensors "
                "can be sent: make one with torch.tensor."
            )
        self.bytes_sent += tensor.numel() * tensor.element_size()
        self.messages_sent += 1
        self._send(tensor.detach().clone(memory_format=torch.contiguous_format), target)

    def receive(self, source: int) -> Tensor:
        """Wait for the next tensor from another rank; those from one rank arrive in the order they were sent.

        Raises:
            CommunicationError: There is no such rank, or it is this one.
            DeadlockError: No rank is left that could send it (noticed by `simulate`).
        """
        self._require_other(source, "receive from")
        return self._receive(source)

    def _require_other(self, other: int, verb: str) -> None:
        if not 0 <= other < self.world_size:
            raise CommunicationError(
                f"Rank {self.rank} tries to {verb} rank {other}, and there are only the ranks 0 to "
                f"{self.world_size - 1}; take the remainder by world_size."
            )
        if other == self.rank:
            raise CommunicationError(
                f"Rank {self.rank} tries to {verb} itself; use the tensor as it is."
            )

    @abstractmethod
    def _send(self, tensor: Tensor, target: int) -> None: ...

    @abstractmethod
    def _receive(self, source: int) -> Tensor: ...


class _Abandoned(BaseException):
    """Ends a rank whose group has ended; a BaseException, so that no `except Exception` keeps it."""


class _Group:
    """The mailboxes of simulated ranks, and whose turn it is: one rank runs at a time."""

    def __init__(self, world_size: int) -> None:
        self.world_size = world_size
        self.results: list[Any] = [None] * world_size
        self.error: BaseException | None = None
        self._mailboxes: dict[tuple[int, int], deque[Tensor]] = {}
        self._waiting: dict[int, int] = {}
        self._running = set(range(world_size))
        self._turn = 0
        self._closed = False
        self._changed = threading.Condition()
        self.ended = threading.Event()

    def run(self, program: Program, rank: int, arguments: tuple[Any, ...]) -> None:
        """Run one rank from its first turn to its end."""
        try:
            with self._changed:
                self._await_turn(rank)
            self.results[rank] = program(SimulatedCommunicator(self, rank), *arguments)
        except _Abandoned:
            return
        except BaseException as error:
            # Whoever called `simulate` gets it; a deadlock that follows from it is none.
            self.error = self.error or error
            self.close()
        finally:
            with self._changed:
                self._running.discard(rank)
                self._pass_on(rank)
                if not self._running:
                    self.ended.set()

    def close(self) -> int | None:
        """End all ranks that wait, and give the one that runs, if any does."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._turn if self._turn in self._running else None

    def send(self, tensor: Tensor, source: int, target: int) -> None:
        with self._changed:
            self._mailboxes.setdefault((source, target), deque()).append(tensor)

    def receive(self, source: int, target: int) -> Tensor:
        with self._changed:
            if not self._has_mail(source, target):
                self._waiting[target] = source
                self._pass_on(target)
                self._await_turn(target)
                del self._waiting[target]
            if not self._has_mail(source, target):
                raise DeadlockError(
                    f"Rank {target} waits for a message from rank {source}, and all ranks that could send one "
                    "wait too or have ended: it will never come."
                )
            return self._mailboxes[source, target].popleft()

    def _has_mail(self, source: int, target: int) -> bool:
        return bool(self._mailboxes.get((source, target)))

    def _await_turn(self, rank: int) -> None:
        while self._turn != rank or self._closed:
            if self._closed:
                raise _Abandoned
            self._changed.wait()

    def _pass_on(self, rank: int) -> None:
        """Give the turn to the next rank that can go on; if none can, to one that will say so."""
        order = [(rank + step) % self.world_size for step in range(1, self.world_size + 1)]
        alive = [one for one in order if one in self._running]
        able = [
            one
            for one in alive
            if one not in self._waiting or self._has_mail(self._waiting[one], one)
        ]
        if alive:
            self._turn = able[0] if able else min(alive)
        self._changed.notify_all()


class SimulatedCommunicator(Communicator):
    """A rank inside this process; `simulate` makes it."""

    def __init__(self, group: _Group, rank: int) -> None:
        super().__init__(rank, group.world_size)
        self._group = group

    def _send(self, tensor: Tensor, target: int) -> None:
        self._group.send(tensor, self.rank, target)

    def _receive(self, source: int) -> Tensor:
        return self._group.receive(source, self.rank)


def require_world_size(world_size: int) -> None:
    """Raise `ConfigurationError` unless there is at least one rank."""
    if world_size < 1:
        raise ConfigurationError(f"world_size is {world_size}; give at least 1.")


def simulate(program: Program, world_size: int, *arguments: Any) -> list[Any]:
    """Run a program on several ranks inside this process.

    The ranks take turns: one runs until it waits for a message that has not been sent, or ends, and then the next
    that can go on. So nothing is faster than on one rank, and everything is repeatable.

    Args:
        program: Called once for each rank, as `program(communicator, *arguments)`.
        world_size: How many ranks there are.
        arguments: What each rank is called with besides.

    Returns:
        What each rank returned, rank 0 first.

    Raises:
        ConfigurationError: `world_size` is below 1.
        DeadlockError: All ranks wait for messages that nobody will send.
        BaseException: Whatever a rank raises; the others are ended.
    """
    require_world_size(world_size)
    group = _Group(world_size)
    # What holds for the caller holds for the ranks, which have threads of their own.
    profile, with_gradients = sys.getprofile(), torch.is_grad_enabled()

    def work(rank: int) -> None:
        sys.setprofile(profile)
        with contextlib.suppress(_Abandoned), torch.set_grad_enabled(with_gradients):
            group.run(program, rank, arguments)

    threads = [
        threading.Thread(target=work, args=(rank,), daemon=True) for rank in range(world_size)
    ]
    for thread in threads:
        thread.start()
    try:
        # In short waits, so that an interruption gets through to whoever waits here.
        while not group.ended.wait(0.05):
            pass
    except BaseException:
        running = group.close()
        if running is not None:
            _abandon(threads[running])
        raise
    for thread in threads:
        thread.join()
    if group.error is not None:
        raise group.error
    return group.results


def _abandon(thread: threading.Thread) -> None:
    """End a thread that computes, perhaps in a loop without an end."""
    assert thread.ident is not None  # noqa: S101 - it was started
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(_Abandoned)
    )
