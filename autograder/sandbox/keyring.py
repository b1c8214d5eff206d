"""A fresh session keyring before a sandbox starts, so that the grader's own is not inherited.

As a script it joins one and becomes the command after it. It runs on the standard library alone, without
site-packages, since every sandbox waits for it. See keyctl(2) and session-keyring(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_JOIN_SESSION_KEYRING = 1


def join_fresh(keyctl: int) -> None:
    """Leave the session keyring of whoever started this process for a new one without a name.

    Args:
        keyctl: The number of the system call.

    Raises:
        OSError: Linux refuses, such as when this user has too many keys.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(keyctl), ctypes.c_long(_JOIN_SESSION_KEYRING), None) == -1:
        number = ctypes.get_errno()
        # Linux is built without keyrings; or a container forbids them, then to the sandbox as well.
        if number not in (errno.ENOSYS, errno.EPERM):
            raise OSError(number, f"No fresh keyring for the sandbox: {os.strerror(number)}")


def main(keyctl: str, *command: str) -> None:
    """Join a fresh session keyring and become the command."""
    join_fresh(int(keyctl))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(*sys.argv[1:])
