"""Remembers each attempt at an exercise, and shows how far a learner has come.

Attempts are appended to a file of JSON lines, so that a crash in the middle loses one line at most, and
two notebooks can write at once. The file lies in `.llmlab/` of the folder that holds the labs, or
in the user's data folder, or where the environment variable LLMLAB_PROGRESS says.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.errors import KeptSafe, UnreadableProgress
from autograder.judging.judge import Verdict

FOLDER = ".llmlab"


@dataclass(frozen=True)
class Standing:
    """How one exercise stands: attempts so far, whether any passed, hints seen, the last diagnosis."""

    attempts: int = 0
    passed: bool = False
    hints: int = 0
    misconception: str = ""


def progress_file(start: Path | None = None) -> Path:
    """Find the file of attempts that belongs to a folder (by default, the current one)."""
    if named := os.environ.get("LLMLAB_PROGRESS"):
        return Path(named)
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER / "progress.jsonl"
    from platformdirs import user_data_path

    return user_data_path("llmlab", appauthor=False) / "progress.jsonl"


def _append(entry: dict[str, Any]) -> None:
    path = progress_file()
    line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="seconds"), **entry}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            # A line that a crash cut off must not take the next one with it.
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            if file.read(1) not in (b"", b"\n"):
                line = f"\n{line}"
            file.write(line.encode())
    except OSError as error:
        raise KeptSafe(
            f"Your progress could not be saved in {path} ({error.strerror}); the verdict above holds all "
            "the same. Make room or make the folder writable, and check again."
        ) from error


def record(verdict: Verdict) -> None:
    """Append one attempt.

    Raises:
        KeptSafe: The file cannot be written.
    """
    _append(
        {
            "exercise": verdict.exercise,
            "status": verdict.status,
            "points": verdict.points,
            "misconception": verdict.misconception,
        }
    )


def record_hint(exercise_id: str) -> None:
    """Append that a hint was shown.

    Raises:
        KeptSafe: The file cannot be written.
    """
    _append({"exercise": exercise_id, "hint": True})


def standings(path: Path | None = None) -> dict[str, Standing]:
    """Read how each exercise stands, by id; damaged lines are passed over.

    Raises:
        UnreadableProgress: The file is there, and cannot be read.
    """
    result: dict[str, Standing] = {}
    path = path or progress_file()
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return result
    except OSError as error:
        raise UnreadableProgress(
            f"Your progress in {path} cannot be read ({error.strerror}); nothing in it is lost. Make it "
            "a file that you may read, and ask again."
        ) from error
    for line in lines:
        try:
            entry = json.loads(line)
            exercise_id = str(entry["exercise"])
            status = entry.get("status")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        old = result.get(exercise_id, Standing())
        if entry.get("hint"):
            new = Standing(old.attempts, old.passed, old.hints + 1, old.misconception)
        else:
            new = Standing(
                old.attempts + (status != "unwritten"),
                old.passed or status == "passed",
                old.hints,
                str(entry.get("misconception", "")),
            )
        result[exercise_id] = new
    return result
