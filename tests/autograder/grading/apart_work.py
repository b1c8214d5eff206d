"""Work for a child process that comes to no good end; it stands here since a child loads it by its name."""

from __future__ import annotations

import errno
import os
import re
import signal
import time
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from sqlalchemy.exc import OperationalError
from traitlets import Bool

from autograder.errors import UnreadableNotebook


def double(value: Any) -> Any:
    return value * 2


def pid() -> int:
    return os.getpid()


def spin() -> None:
    while True:
        pass


def spin_in_c() -> None:
    """Hold the interpreter's lock for ever, so that no thread of the child's runs."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def sleep() -> None:
    time.sleep(1000)


def eat() -> int:
    return len([bytes(2**20) for _ in range(100_000)])


def keep(size: int, kept: list[bytes] = []) -> None:  # noqa: B006 - it is to stay
    kept.append(bytes(size))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(mark: str) -> str:
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return "alive"
    die()
    return "dead"


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail() -> None:
    raise ValueError("a slip")


def find_no_notebook() -> None:
    raise UnreadableNotebook("It is empty.")


def give_what_cannot_be_copied() -> Any:
    return lambda: None


def fill_the_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def lock_the_database() -> None:
    raise OperationalError("SELECT 1", {}, Exception("database is locked"))


TROUBLE = {
    one.__name__: one
    for one in (spin, spin_in_c, eat, crash, die, fill_the_disk, lock_the_database)
}


class Troubled(Preprocessor):
    """Does what a cell asks for, as `*spin* when read`, at its step: to be read, recorded or shown."""

    enabled = Bool(True).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        about = resources.get("nbgrader", {})
        is_page = resources.get("output_extension") == ".html"
        step = "shown" if is_page else "recorded" if about.get("student") else "read"
        for cell in nb.cells:
            wanted = re.fullmatch(r"[*#] ?(\w+)\*? when (\w+)", cell.source)
            if wanted and wanted[2] == step:
                TROUBLE[wanted[1]]()
        return nb, resources
