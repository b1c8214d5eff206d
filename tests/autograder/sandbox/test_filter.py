"""Which system calls are refused in a sandbox, by which error, and what still works with them refused."""

from __future__ import annotations

import ctypes.util
import platform
import signal
import sys
from collections.abc import Iterator, Sequence

import pytest

from autograder.sandbox import SandboxUnavailable, command, filter, sandbox_works
from autograder.sandbox.filter import ABSENT, FORBIDDEN, number, program
from tests.autograder.sandbox.conftest import Session

CALL = """
import ctypes, errno, fcntl, os, socket, subprocess, sys, termios
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(*[ctypes.c_long(one) for one in (number, *arguments)])
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "done"
"""


@pytest.fixture(scope="module")
def caller(kernel: Session) -> Session:
    """A kernel that can call Linux by numbers."""
    assert kernel.ask(CALL) == ""
    return kernel


def there(names: Sequence[str]) -> list[str]:
    """Leave out the calls of other architectures, which this one has no number for."""
    try:
        return [name for name in names if number(name) is not None]
    except SandboxUnavailable:
        # Without libseccomp there is no sandbox, and every test here says so.
        return list(names)


def here(name: str) -> int:
    """The number of a system call, which this machine has."""
    found = number(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", there(FORBIDDEN))
def test_a_forbidden_call_is_not_permitted(caller: Session, name: str) -> None:
    assert caller.ask(f"print(call({here(name)}, 0, 0, 0, 0, 0, 0))").strip() == "EPERM"


def test_calls_that_any_process_may_make_elsewhere_are_refused_here(caller: Session) -> None:
    # With these arguments Linux itself would say yes, or name another error.
    session, peek, me = -3, 2, "os.getpid()"
    for name, arguments in {
        "keyctl": f"0, {session}, 0",
        "io_uring_setup": "8, 0",
        "kcmp": f"{me}, {me}, 0, 0, 0",
        "process_vm_readv": f"{me}, 0, 0, 0, 0, 0",
        "ptrace": f"{peek}, 2**22 - 1, 0, 0",
        "userfaultfd": "1",
    }.items():
        assert caller.ask(f"print(call({here(name)}, {arguments}))").strip() == "EPERM", name


@pytest.mark.parametrize("name", there(ABSENT))
def test_a_call_for_what_nobody_counts_or_others_need_is_not_there(
    caller: Session, name: str
) -> None:
    assert caller.ask(f"print(call({here(name)}, 8, 0))").strip() == "ENOSYS"


@pytest.mark.parametrize("young", [470, 511])
def test_calls_that_are_younger_than_the_filter_are_not_there(caller: Session, young: int) -> None:
    assert caller.ask(f"print(call({young}, 0, 0, 0))").strip() == "ENOSYS"


def test_clone_makes_no_namespaces_and_clone3_is_not_there(caller: Session) -> None:
    for bit in (17, 25, 26, 27, 28, 29, 30):
        flags = 1 << bit | signal.SIGCHLD
        assert caller.ask(f"print(call({here('clone')}, {flags}, 0))").strip() == "EPERM"
        # Linux ignores what stands above 32 bits, and so has the filter to.
        assert caller.ask(f"print(call({here('clone')}, {1 << 40 | flags}, 0))").strip() == "EPERM"
    assert caller.ask(f"print(call({here('clone3')}, 0, 0))").strip() == "ENOSYS"


@pytest.mark.parametrize("above", [0, 1 << 32])
def test_nothing_is_typed_into_a_terminal(caller: Session, above: int) -> None:
    for request in ("TIOCSTI", "TIOCLINUX"):
        asked = f"print(call({here('ioctl')}, 0, {above} | termios.{request}, 0))"
        assert caller.ask(asked).strip() == "EPERM"
    assert "done" in caller.ask(
        "ours, theirs = os.openpty(); termios.tcgetattr(theirs); print('done')"
    )


def test_nobody_is_kept_from_opening_a_file(caller: Session) -> None:
    lease = "fcntl.fcntl(open(os.__file__), 1024, fcntl.F_RDLCK)"
    assert "PermissionError" in caller.ask(lease)
    assert "done" in caller.ask("fcntl.flock(open('/tmp/lock', 'w'), fcntl.LOCK_EX); print('done')")


@pytest.mark.parametrize("above", [0, 1 << 32])
def test_sockets_are_of_families_that_namespaces_divide(caller: Session, above: int) -> None:
    made = caller.ask(
        f"print([one for one in range(64) if call({here('socket')}, {above} | one, 1, 0) != 'EAFNOSUPPORT'])"
    )
    # A stream of AF_NETLINK is refused by Linux itself, by another error.
    assert made.strip() in ("[1, 2, 10, 16]", "[1, 2, 16]")
    assert "EAFNOSUPPORT" in caller.ask(f"print(call({here('socket')}, 40, 1, 0))")


def died(caller: Session, code: str) -> int:
    """Run code in a process of its own in the sandbox, and return how it ended."""
    run = f"subprocess.run([sys.executable, '-S', '-c', {CALL + code!r}], capture_output=True)"
    return int(caller.ask(f"print({run}.returncode)"))


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason="only x86-64 has three manners of calling"
)
def test_calls_in_the_manner_of_another_architecture_end_the_process(caller: Session) -> None:
    keyctl = here("keyctl")
    assert died(caller, f"call({1 << 30} | {keyctl}, 0, -3, 0)") == -signal.SIGSYS
    by_interrupt = """
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid of 32 bits); int 0x80; ret
start = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_int)(start)())
"""
    # A Linux without the calls of 32 bits ends it by itself.
    assert died(caller, by_interrupt) in (-signal.SIGSYS, -signal.SIGSEGV)


def test_no_process_in_the_sandbox_is_without_the_filter(caller: Session) -> None:
    seen = """
for pid in sorted(one for one in os.listdir("/proc") if one.isdigit()):
    lines = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    print(lines["Seccomp"].strip(), lines["NoNewPrivs"].strip(), int(lines["CapEff"], 16), int(lines["CapBnd"], 16))
"""
    assert set(caller.ask(seen).strip().splitlines()) == {"2 1 0 0"}


WORKING = {
    "threads": """
import threading
done = []
threads = [threading.Thread(target=done.append, args=(one,)) for one in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(sorted(done) == list(range(8)))
""",
    "fork": """
child = os.fork()
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7)
""",
    "subprocess": """
print(subprocess.run("echo $((6 * 7))", shell=True, capture_output=True, text=True).stdout == "42\\n")
""",
    "the shell of a notebook": """
!test -d / && echo True
""",
    "processes that are forked": """
import math, multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(math.sqrt, [1, 4, 9]) == [1, 2, 3])
""",
    "processes that are spawned": """
import math, multiprocessing
with multiprocessing.get_context("spawn").Pool(1) as pool:
    print(pool.map(math.sqrt, [1, 4, 9]) == [1, 2, 3])
""",
    "shared memory": """
from multiprocessing.shared_memory import SharedMemory
memory = SharedMemory(create=True, size=4096)
memory.buf[0] = 7
other = SharedMemory(memory.name)
print(other.buf[0] == 7)
memory.unlink()
""",
    "asyncio with a server": """
import asyncio
async def greet(reader, writer):
    writer.write(b"True")
    writer.close()
server = await asyncio.start_server(greet, "127.0.0.1", 0)
reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
print((await reader.read()).decode())
""",
    "a large matrix": """
import torch
torch.set_num_threads(4)
print(bool((torch.ones(512, 512) @ torch.ones(512, 512) == 512).all()))
""",
    "a loader with workers": """
import torch
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(10.0))
print(sum(float(one.sum()) for (one,) in DataLoader(data, batch_size=3, num_workers=2)) == 45)
""",
    "a profile": """
import torch
with torch.profiler.profile() as profile:
    torch.ones(8).sum()
print(len(profile.key_averages()) > 0)
""",
}


@pytest.mark.parametrize("what", WORKING)
def test_it_still_works(caller: Session, what: str) -> None:
    assert "True" in caller.ask(WORKING[what])


@pytest.fixture
def _nothing_remembered() -> Iterator[None]:
    for one in (program, command._trial):
        one.cache_clear()
    yield
    program.cache_clear()


@pytest.mark.usefixtures("_nothing_remembered")
def test_without_the_python_module_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(SandboxUnavailable, match="pip install pyseccomp") as caught:
        sandbox_works()
    assert "--unsafe-no-sandbox" in str(caught.value)


@pytest.mark.usefixtures("_nothing_remembered")
def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pyseccomp", raising=False)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(SandboxUnavailable, match="apt install libseccomp2"):
        sandbox_works()


class _OfAnotherTime:
    """A libseccomp that knows no call by name."""

    class Arch:
        NATIVE = 0

    @staticmethod
    def resolve_syscall(arch: int, call: str) -> int:
        return -1


def test_calls_that_the_library_does_not_know_are_forbidden_by_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {name: number(name) for name in filter._NUMBERS}
    monkeypatch.setattr(filter, "_seccomp", lambda: _OfAnotherTime)
    assert {name: number(name) for name in known} == known
    with pytest.raises(SandboxUnavailable, match="too old to know keyctl"):
        number("keyctl")


def test_a_filter_that_bubblewrap_cannot_load_is_no_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command._trial.cache_clear()
    monkeypatch.setattr(command, "program", lambda: bytes(8))
    with pytest.raises(SandboxUnavailable, match="cannot start a sandbox here"):
        sandbox_works()
