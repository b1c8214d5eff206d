"""Marks a submission while it is written into the gradebook, so that half a grade is never taken for a whole one.

nbgrader writes points cell by cell, and a penalty after them. A grader that is killed in between leaves some of the new
beside some of the old. The mark, a file in the course, outlives it: until the submission is recorded whole, nothing of
ours shows its grade.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from autograder.grading.run import FOLDER, write_whole


def _folder(course: Path, lab: str) -> Path:
    return course / FOLDER / "recording" / lab


@contextlib.contextmanager
def recording(course: Path, lab: str, student: str) -> Iterator[None]:
    """Mark a submission while it is recorded; the mark stays where recording ends otherwise than well."""
    name = os.fsencode(student)
    mark = _folder(course, lab) / hashlib.sha256(name).hexdigest()
    write_whole(mark, name)
    yield
    mark.unlink(missing_ok=True)


def half_recorded(course: Path, lab: str) -> set[str]:
    """Name the students whose submission is being recorded, or was when its grader ended."""
    found = set[str]()
    for mark in _folder(course, lab).glob("[!.]*"):
        # A grader that works meanwhile takes it away.
        with contextlib.suppress(FileNotFoundError):
            found.add(os.fsdecode(mark.read_bytes()))
    return found
