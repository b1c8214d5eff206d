"""Control groups, versions 1 and 2: the kernel's own limits on memory and processes of a group.

They are used where this process may make groups: as root mostly, or in a delegated subtree of version 2. Where it
may not, the watcher counts by itself, a little later and by polling.
See https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.limits import Limits

_PREFIX = "llmlab-sandbox-"

# Puts itself into each group named before the `--`, then becomes the command after it. Should the machine run
# out of memory all the same, it is the first to go.
_JOIN = """
echo 1000 > /proc/self/oom_score_adj 2> /dev/null
while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done
shift
exec "$@"
"""


@dataclass(frozen=True)
class Group:
    """The control groups of one sandbox; none at all where none can be made."""

    folders: tuple[Path, ...] = ()

    def joined(self, command: list[str]) -> list[str]:
        """Return a command that enters the groups before anything else runs."""
        entries = [str(folder / "cgroup.procs") for folder in self.folders]
        return ["/bin/sh", "-c", _JOIN, "sh", *entries, "--", *command]

    def add(self, pid: int) -> None:
        """Put a process into the groups; what it starts from now on is in them too."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    @property
    def limits_memory(self) -> bool:
        """Whether Linux itself limits the memory of the group."""
        files = ("memory.limit_in_bytes", "memory.max")
        return any((folder / file).exists() for folder in self.folders for file in files)

    def ran_out_of_memory(self) -> bool:
        """Say whether the kernel has ended a process of the group for its memory."""
        return self._count("oom_kill", "memory.oom_control", "memory.events") > 0

    def ran_out_of_processes(self) -> bool:
        """Say whether a new process or thread was refused."""
        return self._count("max", "pids.events") > 0

    def _count(self, key: str, *files: str) -> int:
        for folder in self.folders:
            for file in files:
                with contextlib.suppress(OSError):
                    for line in (folder / file).read_text().splitlines():
                        name, _, value = line.partition(" ")
                        if name == key:
                            return int(value)
        return 0

    def remove(self) -> None:
        """Remove the groups, whose processes have ended."""
        for folder in self.folders:
            for _ in range(20):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.05)  # the kernel still counts a process that has just ended
                else:
                    break


def make_group(limits: Limits) -> Group:
    """Make control groups with these limits, as far as this process may."""
    folders: list[Path] = []
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    for parent, files in _parents():
        folder = parent / name
        values = {
            "memory.limit_in_bytes": limits.memory_bytes,
            "memory.memsw.limit_in_bytes": limits.memory_bytes,
            "memory.max": limits.memory_bytes,
            "memory.swap.max": 0,
            "memory.oom.group": 1,
            "pids.max": limits.processes,
        }
        try:
            folder.mkdir()
            for file, value in values.items():
                if file in files and (folder / file).exists():
                    (folder / file).write_text(str(value))
        except OSError:
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        folders.append(folder)
    return Group(tuple(folders))


_VERSION_1 = {
    "memory": ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    "pids": ("pids.max",),
}
_VERSION_2 = ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max")


@functools.cache
def _parents() -> tuple[tuple[Path, tuple[str, ...]], ...]:
    """Find the folders in which groups can be made and joined, tried once by doing it."""
    found: list[tuple[Path, tuple[str, ...]]] = []
    for controller, files in _VERSION_1.items():
        found += [(own, files) for own in _own_groups(controller) if _usable(own, files[:1])][:1]
    if not found:
        # A group with processes cannot hand limits on to groups in it, but its parent may.
        places = [place for own in _own_groups("") for place in (own, own.parent)]
        found += [(p, _VERSION_2) for p in places if _usable(p, ("memory.max", "pids.max"))][:1]
    for parent, _ in found:
        _sweep(parent)
    return tuple(found)


def _own_groups(controller: str) -> list[Path]:
    """Find the folder of this process's own group; the empty controller is version 2."""
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return []
    paths = [g.split(":", 2)[2] for g in groups if controller in g.split(":", 2)[1].split(",")]
    found = []
    for mount in mounts:
        before, _, after = mount.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, point = before.split(" ")[3:5]
        fits = controller in options.split(",") if controller else kind == "cgroup2"
        if kind.startswith("cgroup") and fits:
            found += [Path(point, os.path.relpath(path, root)) for path in paths]
    return [folder for folder in found if folder.is_dir()]


def _usable(parent: Path, files: tuple[str, ...]) -> bool:
    folder = parent / f"{_PREFIX}{os.getpid()}-try"
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    group = Group((folder,))
    try:
        if not all(os.access(folder / file, os.W_OK) for file in files):
            return False
        trial = subprocess.run(group.joined(["/bin/sh", "-c", ":"]), capture_output=True)  # noqa: S603
        return trial.returncode == 0
    except OSError:
        return False
    finally:
        group.remove()


def _sweep(parent: Path) -> None:
    """Remove the empty groups of graders that were killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
