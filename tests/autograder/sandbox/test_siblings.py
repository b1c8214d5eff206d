"""Kernels that are forked from one warmed parent see and touch nothing of each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import Limits
from tests.autograder.sandbox.conftest import Session, session

LOADED = "import torch; from autograder.student import publishing"


@pytest.fixture(scope="module")
def siblings(submission: Path) -> Iterator[tuple[Session, Session]]:
    """Two kernels of one parent, at the same time."""
    with (
        session(submission, Limits(), warm=True) as one,
        session(submission, Limits(), warm=True) as other,
    ):
        for kernel in (one, other):
            kernel.ask("import glob, os, signal, socket, subprocess, sys")
        yield one, other


def test_they_have_one_parent(siblings: tuple[Session, Session]) -> None:
    one, other = (kernel.manager.provisioner._zygote for kernel in siblings)
    assert one is not None
    assert one is other


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "/home/student", "/home/student/work"])
def test_files_of_one_are_not_there_for_the_other(
    place: str, siblings: tuple[Session, Session]
) -> None:
    one, other = siblings
    assert "7" in one.ask(f"open('{place}/secret', 'w').write('private')")
    assert "True" in one.ask(f"print(os.path.exists('{place}/secret'))")
    assert "False" in other.ask(f"print(os.path.exists('{place}/secret'))")


def test_processes_of_one_are_not_there_for_the_other(siblings: tuple[Session, Session]) -> None:
    one, other = siblings
    one.ask("subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)', 'mark'])")
    seen = """
found = [open(path, 'rb').read() for path in glob.glob('/proc/[0-9]*/cmdline')]
print(sum(b'mark' in one for one in found), len(found))
"""
    assert one.ask(seen).split() == ["1", "3"]
    assert other.ask(seen).split() == ["0", "2"]


def test_the_sockets_of_one_cannot_be_reached_from_the_other(
    siblings: tuple[Session, Session],
) -> None:
    one, other = siblings
    folders = [Path(kernel.manager.ip).parents[1] for kernel in siblings]
    assert folders[0].parent == folders[1].parent
    for kernel, own in zip(siblings, folders, strict=True):
        assert kernel.ask(f"print(os.listdir({str(own.parent)!r}))").strip() == f"['{own.name}']"
    one.ask("line = socket.socket(socket.AF_UNIX); line.bind('\\0sibling'); line.listen()")
    one.ask("tcp = socket.create_server(('127.0.0.1', 7777))")
    for address in (
        "socket.AF_UNIX).connect('\\0sibling')",
        "socket.AF_INET).connect(('127.0.0.1', 7777))",
    ):
        assert "ConnectionRefusedError" in other.ask(f"socket.socket({address}")


def test_what_one_has_loaded_or_changed_is_not_changed_for_the_other(
    siblings: tuple[Session, Session],
) -> None:
    one, other = siblings
    one.ask(
        "import torch, autograder.student.publishing; torch.allclose = autograder.student.publishing.publish = print"
    )
    asked = f"{LOADED}; print(torch.allclose is print, publishing.publish is print)"
    assert one.ask(asked).split() == ["True", "True"]
    assert other.ask(asked).split() == ["False", "False"]


def test_random_draws_of_one_are_not_those_of_the_other(siblings: tuple[Session, Session]) -> None:
    draw = "import numpy, random; print(random.random(), numpy.random.rand())"
    drawn = [kernel.ask(draw).split() for kernel in siblings]
    assert all(one != other for one, other in zip(*drawn, strict=True))
