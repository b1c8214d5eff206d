"""What a sandboxed kernel may use, and the report of what it ran into."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from autograder.sandbox.errors import SandboxMisconfigured

MEBIBYTE = 2**20
GIBIBYTE = 2**30

Stop = Literal["memory", "wall time", "processor time", "processes", "sockets"]

SENTENCES: dict[Stop, str] = {
    "memory": "The memory limit of {memory_mib} MiB was reached.",
    "wall time": "The time limit of {wall_seconds} seconds for the whole notebook was reached.",
    "processor time": "The limit of {processor_seconds} seconds of processor time was reached.",
    "processes": "The limit of {processes} processes and threads was reached.",
    "sockets": "The code tampered with the folder of its kernel's sockets.",
}


@dataclass(frozen=True)
class WholeNumbers:
    """Limits that an instructor can set by name, each a whole number above zero.

    A kind of them says whose they are, and which error a wrong one raises.
    """

    whose: ClassVar[str] = "Whatever this is"
    error: ClassVar[type[Exception]] = ValueError

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise self.error(
                    f"{self.whose} has the limit {name} at {value!r}; give a whole number above zero."
                )

    @classmethod
    def of(cls, changes: Mapping[str, Any]) -> Self:
        """Return the default limits with some of them changed.

        Raises:
            Exception: Its own `error`: there is no such limit, or its value cannot be used.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in changes:
            if name not in known:
                raise cls.error(
                    f"{cls.whose} has no limit {name!r}; choose from {', '.join(known)}."
                )
        return cls(**changes)


@dataclass(frozen=True)
class Limits(WholeNumbers):
    """What one kernel, with everything that it starts, may use.

    Attributes:
        wall_seconds: From the kernel's start to its end.
        processor_seconds: User and system time of all of its processes together.
        memory_bytes: Resident memory of all of its processes together.
        processes: Processes and threads; a kernel with torch has about twenty.
        open_files: Open files of one process.
        file_bytes: The size of one file.
        scratch_bytes: What fits into each of the three private folders: the home with the
            working folder, /tmp, and /dev/shm. They live in memory.
    """

    whose = "The sandbox"
    error = SandboxMisconfigured

    wall_seconds: int = 900
    processor_seconds: int = 1800
    memory_bytes: int = 4 * GIBIBYTE
    processes: int = 256
    open_files: int = 1024
    file_bytes: int = 256 * MEBIBYTE
    scratch_bytes: int = 512 * MEBIBYTE

    def sentence(self, stop: Stop) -> str:
        """Say in one sentence which limit ended the kernel."""
        values = dataclasses.asdict(self)
        return SENTENCES[stop].format(memory_mib=self.memory_bytes // MEBIBYTE, **values)


@dataclass(frozen=True)
class Report:
    """How a sandboxed kernel is doing, or how it ended.

    Attributes:
        stop: The limit that ended it, or None.
        sentence: The same for a person; empty when no limit ended it.
        exit_code: Of the sandbox; None while it runs, 128 + the signal if one ended the kernel.
        last_words: The end of what it wrote to its standard output and error, past Jupyter:
            a crash of the interpreter, or why the sandbox did not start. Untrusted text.
    """

    stop: Stop | None = None
    sentence: str = ""
    exit_code: int | None = None
    last_words: str = ""
