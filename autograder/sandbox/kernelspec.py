"""The kernel `llmlab-sandbox`: installed for every Jupyter program, or made for one manager.

Installed under a prefix, any nbclient program can name it. `sandboxed_manager` needs nothing installed.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from autograder.sandbox.limits import Limits

KERNEL_NAME = "llmlab-sandbox"
PROVISIONER_NAME = "bubblewrap-provisioner"


def kernelspec(
    limits: Limits | None = None,
    readable: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    warm: bool = False,
    threads: int | None = None,
) -> dict[str, Any]:
    """Write the content of kernel.json.

    Args:
        limits: What a kernel may use; without it, the provisioner's configuration decides.
        readable: Further files and folders that the kernel may read.
        environment: Variables of the kernel's environment.
        warm: Whether kernels are forked from a warmed parent.
        threads: Threads that numerical libraries may use.
    """
    config: dict[str, Any] = {}
    if limits is not None:
        config["limits"] = dataclasses.asdict(limits)
    if readable:
        config["readable"] = [str(Path(path).resolve()) for path in readable]
    if environment:
        config["environment"] = dict(environment)
    if warm:
        config["warm"] = True
    if threads is not None:
        config["threads"] = threads
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return {
        # Home is in memory, and so is the history.
        "argv": [*command, "--HistoryManager.hist_file=:memory:"],
        "display_name": "Python 3 (llmlab sandbox)",
        "language": "python",
        # A signal would meet bubblewrap, and not the kernel.
        "interrupt_mode": "message",
        "metadata": {
            "kernel_provisioner": {"provisioner_name": PROVISIONER_NAME, "config": config}
        },
    }


def install_kernelspec(
    prefix: Path,
    limits: Limits | None = None,
    readable: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Install the kernel `llmlab-sandbox` under a prefix, such as `sys.prefix`.

    A prefix that Jupyter does not search is added to JUPYTER_PATH as prefix/share/jupyter.

    Returns:
        The folder of kernel.json.
    """
    folder = Path(prefix) / "share" / "jupyter" / "kernels" / KERNEL_NAME
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(kernelspec(limits, readable, environment), indent=1) + "\n"
    part = folder / "kernel.json.part"
    part.write_text(text, "utf-8")
    part.replace(folder / "kernel.json")
    return folder


class _OneMore(KernelSpecManager):
    """Knows our kernel besides those installed."""

    ours: dict[str, Any]

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel's description."""
        if kernel_name == KERNEL_NAME:
            return KernelSpec(**self.ours)
        return super().get_kernel_spec(kernel_name)


def sandboxed_manager(
    limits: Limits | None = None,
    readable: Sequence[str | Path] = (),
    environment: Mapping[str, str] | None = None,
    warm: bool = False,
    threads: int | None = None,
) -> AsyncKernelManager:
    """Make a kernel manager whose kernel runs in a sandbox, with nothing installed."""
    known = _OneMore()
    known.ours = kernelspec(limits, readable, environment, warm, threads)
    return AsyncKernelManager(kernel_name=KERNEL_NAME, kernel_spec_manager=known)
