"""The first program in a sandbox: copies the submission, sets the limits, and becomes the kernel.

It runs as a script on the standard library alone, without site-packages, since every sandbox waits for it.
Limits are set here and not outside because the number of processes is counted by user namespace.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import stat
import sys


def is_special(mode: int) -> bool:
    """Say whether it is neither file, folder nor link."""
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def _special(folder: str, names: list[str]) -> list[str]:
    """Name what is neither file, folder nor link; a pipe would block the copy for ever."""
    return [name for name in names if is_special(os.lstat(os.path.join(folder, name)).st_mode)]


def copy_submission(source: str, target: str) -> None:
    """Copy a folder, links as links; what cannot be read is left out."""
    with contextlib.suppress(shutil.Error):
        shutil.copytree(source, target, symlinks=True, ignore=_special, dirs_exist_ok=True)


def set_limits(limits: dict[str, int]) -> None:
    """Set the limits that hold for each process by itself; hard, so that none can be raised."""

    def limit(what: int, value: int, above: int = 0) -> None:
        # A limit that is tighter already stays as it is.
        _, hard = resource.getrlimit(what)
        top = value + above if hard == resource.RLIM_INFINITY else min(value + above, hard)
        resource.setrlimit(what, (min(value, top), top))

    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    limit(resource.RLIMIT_NOFILE, limits["open_files"])
    # The first signal ends a program that does not expect it, the second one any program.
    limit(resource.RLIMIT_CPU, limits["processor_seconds"], above=1)
    # An absurd request fails at once, as MemoryError; what memory is used, the watcher counts.
    limit(resource.RLIMIT_DATA, 2 * limits["memory_bytes"])
    limit(resource.RLIMIT_NPROC, limits["processes"])


def main(settings: str, *command: str) -> None:
    """Make the sandbox ready and become the command."""
    given = json.loads(settings)
    if given["submission"]:
        copy_submission(given["submission"], os.getcwd())
    set_limits(given["limits"])
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
