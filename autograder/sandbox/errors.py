"""Errors of the sandbox: each says what is wrong and what to do."""

from autograder.errors import AutograderError

GO_ON = (
    "grading goes on without a sandbox only with --unsafe-no-sandbox, which runs what students wrote as "
    "you, with your files and your network"
)


class SandboxUnavailable(AutograderError):
    """No sandbox can be started on this machine."""


class SandboxMisconfigured(AutograderError):
    """A setting of the sandbox, or the folder given to it, cannot be used."""
