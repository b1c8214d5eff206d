"""Courses for the tests that grade: each kind is made once a run, since nbgrader takes its time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tests.labs import ROOT

BIN = Path(sys.executable).parent


def nbgrader(course: Path, *arguments: str) -> str:
    """Run a stock nbgrader command in a course, with nothing of whoever runs the tests around it."""
    environment = {
        # alembic must be on PATH.
        "PATH": f"{BIN}:/usr/bin:/bin",
        "HOME": str(course.parent),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        [BIN / "nbgrader", *arguments], cwd=course, env=environment, text=True, capture_output=True
    )
    assert done.returncode == 0, f"nbgrader {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def made_once(name: str, base: Path, make: Callable[[Path], None]) -> Path:
    """Make a folder once a run, however many processes of pytest share it; nobody may change it.

    Args:
        name: The folder's name.
        base: The temporary folder of this process of pytest.
        make: Fills the folder.
    """
    # Processes that share a run have their folders side by side.
    shared = base.parent if base.name.startswith("popen-") else base
    folder, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
