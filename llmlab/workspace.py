"""Lays the labs into a folder where a learner's changes are safe, and opens JupyterLab on it.

A notebook is laid when it is not there yet, or when a newer release exists and the learner never touched the old
one. What was laid is remembered by its hash, so that a changed notebook is never overwritten.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from llmlab.errors import WorkspaceError

MARKER = ".llmlab"
WELCOME = Path("00_welcome") / "welcome.ipynb"

# News would leave the machine, and an instructor's panels would puzzle a learner.
_HIDDEN = {
    "@jupyterlab/apputils-extension:announcements": True,
    "@jupyter/nbgrader:assignment-list": True,
    "@jupyter/nbgrader:course-list": True,
    "@jupyter/nbgrader:create-assignment": True,
    "@jupyter/nbgrader:formgrader": True,
}

# On Windows a program that takes another's place looks ended to whoever started it.
_TAKES_ITS_PLACE = os.name != "nt"


@dataclass
class Laid:
    """What laying the labs did: the notebooks laid, and those whose newer release was held back."""

    new: list[str] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)


def released_labs() -> Path:
    """Find the released labs: at the root of a checkout, or inside an installed package.

    Raises:
        WorkspaceError: The installation has no labs.
    """
    package = Path(__file__).parent
    for folder in (package.parent / "labs", package / "_labs"):
        if folder.is_dir():
            return folder
    raise WorkspaceError("This installation of llmlab has no labs in it; install it again.")


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be read ({error.strerror}); move it away, or make it readable."
        ) from error


def write_safely(path: Path, data: bytes) -> None:
    """Write a file so that at every moment the old or the new content is there, whole.

    Raises:
        WorkspaceError: There is no room, or no permission; the old content is untouched.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise WorkspaceError(
            f"{path} could not be written ({error.strerror}); what was there is untouched. Make room, or "
            "choose a folder that you may write to."
        ) from error


def _remembered(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / MARKER / "laid.json").read_text("utf-8"))
    except (OSError, ValueError):
        # Without a memory every notebook counts as changed: the safe side.
        return {}
    return found if isinstance(found, dict) else {}


def lay_labs(folder: Path) -> Laid:
    """Copy the labs that are missing, or newer and untouched, into the folder.

    Raises:
        WorkspaceError: The folder cannot be written, or there are no labs.
    """
    labs = released_labs()
    remembered, result = _remembered(folder), Laid()
    for source in sorted(path for path in labs.rglob("*") if path.is_file()):
        name = source.relative_to(labs).as_posix()
        if ".ipynb_checkpoints" in name:
            continue
        target = folder / name
        if target.exists():
            if _hash(target) == _hash(source):
                remembered[name] = _hash(source)
                continue
            if remembered.get(name) != _hash(target):
                if remembered.get(name) != _hash(source):
                    result.held_back.append(name)
                continue
        write_safely(target, source.read_bytes())
        remembered[name] = _hash(source)
        result.new.append(name)
    write_safely(folder / MARKER / "laid.json", json.dumps(remembered, indent=1).encode())
    return result


def _free(path: Path) -> Path:
    """Find a name that no file has yet: this one, or this one with a number."""
    numbered = (path.with_stem(f"{path.stem}_{number}") for number in itertools.count(2))
    return next(one for one in itertools.chain([path], numbered) if not one.exists())


def reset_lab(folder: Path, lab: str) -> list[Path]:
    """Lay a lab afresh and keep what was there beside it, under a name with the date.

    Args:
        folder: The folder of labs.
        lab: The name of the lab's folder, as `05_attention`.

    Returns:
        The copies that were kept.

    Raises:
        WorkspaceError: There is no such lab, or the folder cannot be written.
    """
    source = released_labs() / lab
    if not source.is_dir():
        names = ", ".join(sorted(path.name for path in released_labs().iterdir() if path.is_dir()))
        raise WorkspaceError(f"There is no lab `{lab}` to lay; there are: {names}.")
    kept = []
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    remembered = _remembered(folder)
    for file in sorted(path for path in source.rglob("*.ipynb")):
        name = f"{lab}/{file.relative_to(source).as_posix()}"
        target = folder / name
        if target.exists() and _hash(target) != _hash(file):
            copy = _free(target.with_name(f"{target.stem}_{stamp}{target.suffix}"))
            write_safely(copy, target.read_bytes())
            kept.append(copy)
        write_safely(target, file.read_bytes())
        remembered[name] = _hash(file)
    write_safely(folder / MARKER / "laid.json", json.dumps(remembered, indent=1).encode())
    return kept


def open_jupyterlab(folder: Path, browser: bool = True, port: int | None = None) -> int:
    """Run JupyterLab on the welcome notebook until it is stopped; return its exit status.

    Where the system can, this process becomes JupyterLab and does not return: so what stops it stops JupyterLab too,
    and a question that Ctrl-C raises can be answered.

    Raises:
        WorkspaceError: JupyterLab is not installed.
    """
    if not shutil.which("jupyter-lab", path=str(Path(sys.executable).parent)) and not shutil.which(
        "jupyter-lab"
    ):
        raise WorkspaceError("JupyterLab is not installed here; run `pip install jupyterlab`.")
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={folder}"]
    command.append(f"--LabApp.default_url=/lab/tree/{WELCOME.as_posix()}")
    command.append(
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate"
    )
    settings = folder.resolve() / MARKER / "jupyter"
    page = json.dumps({"disabledExtensions": _HIDDEN}, indent=1)
    write_safely(settings / "labconfig" / "page_config.json", page.encode())
    places = filter(None, [str(settings), os.environ.get("JUPYTER_CONFIG_PATH")])
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(places)}
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command.append(f"--port={port}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container everyone is root, and Jupyter would refuse.
        command.append("--allow-root")
    if _TAKES_ITS_PLACE:
        sys.stdout.flush()
        os.execve(sys.executable, command, environment)  # noqa: S606 - our own
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own
