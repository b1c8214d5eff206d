"""Runs a command as an ordinary user, for the tests that must hold for more than root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.labs import ROOT

UID = 65534


def _opened() -> list[str]:
    """Show what Python is read from, and nothing else, of folders that only root may enter."""
    wanted = {sys.prefix, sys.base_prefix, str(ROOT)}
    empty: dict[str, None] = {}
    shown: list[str] = []
    for folder in sorted(wanted | {os.path.realpath(one) for one in wanted}):
        above = list(reversed(Path(folder).parents))
        closed = [i for i, one in enumerate(above) if not one.stat().st_mode & 0o001]
        if closed:
            empty[str(above[closed[0]])] = None
            for parent in above[closed[0] + 1 :]:
                shown += ["--perms", "0755", "--dir", str(parent)]
            shown += ["--ro-bind", folder, folder]
    return [part for place in empty for part in ("--tmpfs", place)] + shown


@cache
def reason_not_to() -> str:
    """Say why no command can be run as an ordinary user here; empty if it can."""
    if os.geteuid() != 0:
        return "the tests run as an ordinary user already"
    if not shutil.which("bwrap") or not shutil.which("setpriv"):
        return "bubblewrap or setpriv is missing"
    done = subprocess.run(_become([sys.executable, "-c", "import torch"]), capture_output=True)
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    return f"an ordinary user cannot run this Python here: {last}" if done.returncode else ""


def _become(command: list[str]) -> list[str]:
    identity = [f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
    stage = ["bwrap", "--dev-bind", "/", "/", *_opened(), "--cap-add", "ALL", "--die-with-parent"]
    return [*stage, "--", "setpriv", *identity, *command]


def run_tests(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run some of these tests as an ordinary user, in a home of its own."""
    # pytest's own temporary folders are closed to others whenever another pytest begins.
    with tempfile.TemporaryDirectory(prefix="llmlab-ordinary-") as home:
        os.chown(home, UID, UID)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": home,
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
        }
        quiet = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
        command = [sys.executable, "-m", "pytest", *quiet, f"--basetemp={home}/pytest", *arguments]
        return subprocess.run(
            _become(command), cwd=ROOT, env=environment, capture_output=True, text=True
        )
