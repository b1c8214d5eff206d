"""A sandbox for students' code: a Jupyter kernel provisioner over bubblewrap."""

from autograder.sandbox.command import sandbox_works
from autograder.sandbox.errors import SandboxMisconfigured, SandboxUnavailable
from autograder.sandbox.kernelspec import KERNEL_NAME, install_kernelspec, sandboxed_manager
from autograder.sandbox.limits import Limits, Report

__all__ = [
    "KERNEL_NAME",
    "Limits",
    "Report",
    "SandboxMisconfigured",
    "SandboxUnavailable",
    "install_kernelspec",
    "sandbox_works",
    "sandboxed_manager",
]
