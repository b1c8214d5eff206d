"""What one kernel leaves behind, in its files or in Linux, no other finds: not at the same time, and not after it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import Limits
from tests.autograder.sandbox.conftest import Session, session

NAME = f"llmlab{secrets.token_hex(4)}"
KEY = int(secrets.token_hex(3), 16)
CALL = """
import ctypes, errno, glob, os, re, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(function, *arguments):
    ctypes.set_errno(0)
    result = function(*arguments)
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "done"
"""
MARK = "llmlab-mark-"
CREATE = 0o1666


def _ipc(kind: str, size: str) -> tuple[str, str]:
    return (
        f"print(call(libc.{kind}, {KEY}, {size}{CREATE}))",
        f"print(call(libc.{kind}, {KEY}, {size}0) == 'done')",
    )


# By name: how it is left (the last line shows 'done'), and how it is looked for (it shows whether it is there).
ROADS = {
    "shared memory": (
        f"print(call(libc.shm_open, b'/{NAME}memory', os.O_CREAT | os.O_RDWR, 0o600))",
        f"print(call(libc.shm_open, b'/{NAME}memory', os.O_RDWR, 0) == 'done')",
    ),
    "a semaphore of System V": _ipc("semget", "1, "),
    "a message queue of System V": _ipc("msgget", ""),
    "a message queue of POSIX": (
        f"print(call(libc.mq_open, b'/{NAME}', os.O_CREAT | os.O_RDWR, 0o600, None))",
        f"print(call(libc.mq_open, b'/{NAME}', os.O_RDWR) == 'done')",
    ),
    "a semaphore of POSIX": (
        f"libc.sem_open.restype = ctypes.c_void_p; "
        f"print('done' if libc.sem_open(b'/{NAME}', os.O_CREAT, 0o600, 1) else 'none')",
        f"libc.sem_open.restype = ctypes.c_void_p; print(bool(libc.sem_open(b'/{NAME}', 0)))",
    ),
    "an abstract socket": (
        f"line = socket.socket(socket.AF_UNIX); line.bind('\\0{NAME}'); line.listen(); print('done')",
        f"print('{NAME}' in open('/proc/net/unix').read())",
    ),
    "a server": (
        "server = socket.create_server(('127.0.0.1', 7171)); print('done')",
        "print(socket.socket().connect_ex(('127.0.0.1', 7171)) == 0)",
    ),
    "a name of the machine": (
        f"print(call(libc.sethostname, b'{NAME}', {len(NAME)}) and 'done')",
        f"print(socket.gethostname() == '{NAME}')",
    ),
    "a process": (
        f"import subprocess, sys; "
        f"subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(99)', '{NAME}']); print('done')",
        f"print(any(b'{NAME}' in open(one, 'rb').read() for one in glob.glob('/proc/[1-9]*/cmdline')))",
    ),
    **{
        f"a file in {place}": (
            f"open('{place}/{NAME}', 'w').close(); print('done')",
            f"print(os.path.exists('{place}/{NAME}'))",
        )
        for place in ("/tmp", "/dev/shm", "/home/student", "/home/student/work")
    },
    "words in memory": (
        f"mark = b'{MARK}' + os.urandom(16).hex().encode(); print('done')",
        f"""
found = False
with open("/proc/self/mem", "rb", 0) as memory:
    for line in open("/proc/self/maps"):
        place, rights, *_ = line.split()
        start, stop = (int(one, 16) for one in place.split("-"))
        if rights.startswith("rw") and stop - start < 2**28:
            memory.seek(start)
            found |= bool(re.search(b"{MARK}[0-9a-f]{{32}}", memory.read(stop - start)))
print(found)
""",
    ),
}


@pytest.fixture(scope="module")
def leaver(kind: str, submission: Path) -> Iterator[Session]:
    """A kernel that leaves something on every road."""
    with session(submission, Limits(), kind == "forked") as one:
        assert one.ask(CALL) == ""
        yield one


@pytest.fixture(scope="module")
def beside(kind: str, leaver: Session, submission: Path) -> Iterator[Session]:
    """A kernel that runs at the same time."""
    with session(submission, Limits(), kind == "forked") as other:
        assert other.ask(CALL) == ""
        yield other


@pytest.mark.parametrize("road", ROADS)
def test_nothing_of_one_is_there_for_another_at_the_same_time(
    road: str, leaver: Session, beside: Session
) -> None:
    leave, look = ROADS[road]
    assert leaver.ask(leave).strip() == "done"
    assert leaver.ask(look).strip() == ("False" if road == "a name of the machine" else "True")
    assert beside.ask(look).strip() == "False"


def test_open_files_are_each_ones_own(leaver: Session, beside: Session) -> None:
    listing = """
def target(name):
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except FileNotFoundError:
        return ""  # of the listing itself
print("\\n".join({target(one) for one in os.listdir("/proc/self/fd")}))
"""
    lists = [set(kernel.ask(listing).split("\n")) - {""} for kernel in (leaver, beside)]
    for found in lists:
        # The queue and the memory of before have the name that was given to them.
        ours = ("pipe:", "socket:", "anon_inode:", f"/{NAME}", f"/dev/shm/{NAME}", "/dev/null")
        assert {one for one in found if not one.startswith(ours)} == set()
    common = lists[0] & lists[1]
    assert {one for one in common if one.startswith(("pipe:", "socket:"))} == set()


HOARDS = """
import socket
kept, count = [], 0
try:
    while count < 10_000:
        kept.append(socket.socketpair())
        socket.send_fds(kept[-1][0], [b"x"], [0] * 250)
        count += 250
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def test_descriptors_on_their_way_in_one_keep_no_other_from_starting(
    leaver: Session, submission: Path
) -> None:
    assert leaver.ask(HOARDS).strip() == "ETOOMANYREFS"
    with session(submission, Limits()) as other:
        assert other.ask("print(6 * 7)").strip() == "42"
    leaver.ask("del kept")


def test_no_kernel_takes_all_terminals(kind: str, leaver: Session) -> None:
    # Forked ones have a limit of their own; one that bubblewrap starts meets that on open files.
    limit = {"forked": "No space left", "started": "Too many open files"}[kind]
    assert limit in leaver.ask("kept = []\nwhile len(kept) < 10_000: kept += os.openpty()")
    leaver.ask("for one in kept: os.close(one)\nkept = []")


def test_a_kernel_is_the_first_to_go_when_the_machine_runs_out_of_memory(leaver: Session) -> None:
    assert leaver.ask("print(open('/proc/self/oom_score_adj').read())").strip() == "1000"
    assert "Error" in leaver.ask("open('/proc/self/oom_score_adj', 'w').write('0')")


def test_nothing_is_there_for_one_that_comes_after(submission: Path) -> None:
    with session(submission, Limits()) as one:
        one.ask(CALL)
        left = [one.ask(leave).strip() for leave, _ in ROADS.values()]
    assert left == ["done"] * len(ROADS)
    with session(submission, Limits()) as after:
        after.ask(CALL)
        found = [road for road, (_, look) in ROADS.items() if "True" in after.ask(look)]
    assert found == []
