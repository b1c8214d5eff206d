"""Examines the machine that a notebook runs on: versions, cores, memory, accelerator, free disk."""

from __future__ import annotations

import html
import importlib.metadata
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

GIB = 2**30
_PACKAGES = ("torch", "jupyterlab", "ipywidgets", "nbgrader")
# What the labs were measured with; less works, and some labs will be slow.
ENOUGH_CORES, ENOUGH_MEMORY, ENOUGH_DISK = 2, 4 * GIB, 2 * GIB


@dataclass(frozen=True)
class Finding:
    """One thing found out about the machine, and whether the labs are content with it."""

    name: str
    value: str
    good: bool
    advice: str = ""


@dataclass(frozen=True)
class Environment:
    """All findings; a notebook shows them as a table."""

    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether the labs will run well here."""
        return all(finding.good for finding in self.findings)

    def __str__(self) -> str:
        lines = [
            f"{'✓' if one.good else '!'} {one.name}: {one.value}{' - ' + one.advice if one.advice else ''}"
            for one in self.findings
        ]
        return "\n".join([*lines, self._summary()])

    def __repr__(self) -> str:
        return str(self)

    def _summary(self) -> str:
        if self.ready:
            return "This machine is ready for the labs."
        return "The labs run here, with what the marked lines say."

    def _repr_html_(self) -> str:
        cell = '<td style="text-align:left;padding:1px 12px 1px 0">'
        rows = "".join(
            f"<tr><td>{'✓' if one.good else '!'}</td>{cell}{one.name}</td>"
            f"{cell}{html.escape(one.value)}</td>{cell}{html.escape(one.advice)}</td></tr>"
            for one in self.findings
        )
        return f"<table>{rows}</table><p>{self._summary()}</p>"


def usable_cores() -> int:
    """Count the processor cores that this process may use, which in a container may be fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def accelerator() -> str:
    """Name the accelerator that PyTorch can use, or say that there is none."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name(0)
    if torch.backends.mps.is_available():
        return "Apple GPU (MPS)"
    return "none; every lab runs on the processor"


def examine(folder: Path | None = None) -> Environment:
    """Examine the machine.

    Args:
        folder: Where the free disk space is measured; by default the current folder.
    """
    import psutil

    cores, memory = usable_cores(), psutil.virtual_memory()
    free = shutil.disk_usage(folder or Path.cwd()).free
    findings = [Finding("Python", f"{platform.python_version()} on {platform.system()}", True)]
    for package in _PACKAGES:
        try:
            findings.append(Finding(package, importlib.metadata.version(package), True))
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding(package, "missing", False, f"run `pip install {package}`"))
    findings += [
        Finding(
            "cores",
            str(cores),
            cores >= ENOUGH_CORES,
            "" if cores >= 2 else "training will be slow",
        ),
        Finding(
            "memory",
            f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free",
            memory.available >= ENOUGH_MEMORY,
            "" if memory.available >= ENOUGH_MEMORY else "close other programs before you train",
        ),
        Finding("accelerator", accelerator(), True),
        Finding(
            "disk",
            f"{free / GIB:.1f} GiB free",
            free >= ENOUGH_DISK,
            "" if free >= ENOUGH_DISK else "make room: checkpoints and data need about 2 GiB",
        ),
    ]
    return Environment(tuple(findings))
