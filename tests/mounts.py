"""Finds a way to mount a disk of a test's own, for the tests that need a full one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

NO_WAY = "nothing can be mounted here, neither as root nor in a namespace of its own"


def namespace(folder: Path) -> list[str] | None:
    """Find a way to mount something that leaves no trace, or None."""
    if not shutil.which("unshare"):
        return None
    for way in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        mount = [*way, "mount", "-t", "tmpfs", "tmpfs", folder]
        if subprocess.run(mount, capture_output=True).returncode == 0:
            return way
    return None
