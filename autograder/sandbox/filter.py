"""The system calls that a sandbox forbids: a seccomp filter, made by libseccomp.

Namespaces divide files, processes and networks. Some of Linux they do not divide, such as its keyrings; and some of
it is so large and so seldom needed that most of its holes were found there. The filter takes these away, and leaves
all else: students may write any Python. See seccomp(2), seccomp_rule_add(3) and syscalls(2).
"""

from __future__ import annotations

import errno
import functools
import importlib
import os
from typing import Any

from autograder.sandbox.errors import GO_ON, SandboxUnavailable

# What no namespace divides: a key put there by one submission could be read by the next.
_KEYRINGS = ("keyctl", "add_key", "request_key")
# The memory and the open files of other processes.
_OTHERS = (
    "kcmp",
    "pidfd_getfd",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
)
# Sandboxes in the sandbox, in which a process would be root again and reach more of Linux.
_NAMESPACES = (
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "open_by_handle_at",
    "open_tree",
    "pivot_root",
    "setns",
    "umount",
    "umount2",
    "unshare",
)
# Programs within Linux, and events of the whole machine.
_KERNEL = (
    "bpf",
    "fanotify_init",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "lookup_dcookie",
    "perf_event_open",
    "syslog",
    "userfaultfd",
)
# The machine itself.
_MACHINE = (
    "acct",
    "create_module",
    "delete_module",
    "finit_module",
    "get_kernel_syms",
    "init_module",
    "ioperm",
    "iopl",
    "kexec_file_load",
    "kexec_load",
    "modify_ldt",
    "nfsservctl",
    "query_module",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "swapoff",
    "swapon",
    "uselib",
    "vm86",
    "vm86old",
)
# What programs do without where Linux has it not. All of the machine's processes (io_setup) or of the grader's user
# (inotify, which also tells when others open a file) share a small number of these; and a file without a name or a
# segment of System V is memory of no process, which nobody counts where there are no control groups.
ABSENT = ("inotify_init", "inotify_init1", "io_setup", "memfd_create", "shmget")
FORBIDDEN = _KEYRINGS + _OTHERS + _NAMESPACES + _KERNEL + _MACHINE

# A libseccomp knows the calls of its own time by name. These have one number on all architectures.
_NUMBERS = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
}
# Calls that are younger than this list are not there. No architecture has come so far.
_YOUNGER = range(467, 512)

# What else a process may not ask of clone: namespaces, by CLONE_NEWNS to CLONE_NEWNET in sched.h.
_CLONE_NEW = (1 << 17, 1 << 25, 1 << 26, 1 << 27, 1 << 28, 1 << 29, 1 << 30)
# A write lease on a file of this Python would stop everyone else who opens it, for 45 seconds; fcntl.h.
_F_SETLEASE = 1024
# Linux compares these arguments as 32 bits, whatever stands above them.
_INT = 2**32 - 1
# AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Others are not divided by network namespaces (AF_VSOCK), or are as seldom
# needed as the calls above (AF_ALG).
_FAMILIES, _LAST_FAMILY = (1, 2, 10, 16), 63


def _seccomp() -> Any:
    """Import the library, which looks for libseccomp as it is imported.

    Raises:
        SandboxUnavailable: One of the two is not installed.
    """
    try:
        return importlib.import_module("pyseccomp")
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise SandboxUnavailable(
            f"There is no libseccomp here ({str(error).rstrip('.')}), which keeps students' code from system calls "
            "that reach out of a sandbox; install it (`apt install libseccomp2`, `dnf install libseccomp`) and its "
            f"Python module (`pip install pyseccomp`); {GO_ON}."
        ) from None


def number(call: str) -> int | None:
    """Return a system call's number on this machine, or None where there is no such call.

    Raises:
        SandboxUnavailable: There is no libseccomp, or none that knows the call.
    """
    seccomp = _seccomp()
    found = int(seccomp.resolve_syscall(seccomp.Arch.NATIVE, call))
    if found == -1:
        if call not in _NUMBERS:
            raise SandboxUnavailable(
                f"The libseccomp here is too old to know {call}; install 2.4 or newer; {GO_ON}."
            )
        return _NUMBERS[call]
    # Below -1 stand the calls of other architectures.
    return found if found >= 0 else None


@functools.cache
def program() -> bytes:
    """Make the filter, as the program that Linux runs before each system call.

    Raises:
        SandboxUnavailable: There is no libseccomp, or none that can make it.
    """
    seccomp = _seccomp()
    try:
        rules = _rules(seccomp)
        with os.fdopen(os.memfd_create("filter"), "r+b") as file:
            rules.export_bpf(file)
            file.seek(0)
            return file.read()
    except OSError as error:
        raise SandboxUnavailable(
            f"The libseccomp here cannot make the sandbox's filter ({error}); install 2.4 or newer; {GO_ON}."
        ) from None


def _rules(seccomp: Any) -> Any:
    import termios

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    # A call in the manner of another architecture (32 bits, x32) has other numbers, and would pass by the filter.
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)

    def refuse(call: str | int, code: int, *conditions: Any) -> None:
        found = number(call) if isinstance(call, str) else call
        if found is not None:
            rules.add_rule(seccomp.ERRNO(code), found, *conditions)

    def argument(place: int, value: int, mask: int = _INT) -> Any:
        return seccomp.Arg(place, seccomp.MASKED_EQ, mask, value)

    for call in FORBIDDEN:
        refuse(call, errno.EPERM)
    for absent in (*ABSENT, *_YOUNGER):
        refuse(absent, errno.ENOSYS)
    # Its flags lie in memory, where no filter looks; without it the C library takes clone.
    refuse("clone3", errno.ENOSYS)
    flags = 1 if seccomp.system_arch() == seccomp.Arch.S390X else 0
    for flag in _CLONE_NEW:
        refuse("clone", errno.EPERM, argument(flags, flag, flag))
    # Both put words into a terminal, as if they had been typed.
    for request in (termios.TIOCSTI, termios.TIOCLINUX):
        refuse("ioctl", errno.EPERM, argument(1, request))
    refuse("fcntl", errno.EPERM, argument(1, _F_SETLEASE))
    for family in set(range(_LAST_FAMILY + 1)) - set(_FAMILIES):
        for call in ("socket", "socketpair"):
            refuse(call, errno.EAFNOSUPPORT, argument(0, family))
    return rules
