"""Attacks through Linux itself: its keyrings, its rarer system calls, what it keeps for those who come after."""

from __future__ import annotations

import textwrap
from pathlib import Path

import nbformat
import pytest

from autograder.sandbox.filter import number
from tests.attacks.harness import Class, Family, Repelled, Submission

FAMILY = Family()
NAME = "llmlab-attack"

# An attack shows 'reached' where Linux obeys, and 'refused' with the error's name where it does not.
CALL = """
import ctypes, errno, os, socket, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def tell(name, result):
    print("refused" if result == -1 else "reached", name, errno.errorcode.get(ctypes.get_errno(), ""))
    return result
def call(name, *arguments):
    ctypes.set_errno(0)
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in (NUMBERS[name], *arguments)]
    return tell(name, libc.syscall(*given))
def attempt(name, action):
    try:
        print("reached", name, action())
    except OSError as error:
        print("refused", name, errno.errorcode.get(error.errno, ""))
"""


def calls(one: Submission, code: str, *names: str) -> None:
    """Let a submission call Linux by the numbers of some calls."""
    numbers = f"NUMBERS = { ({name: number(name) for name in names})!r}"
    one.first("\n".join([numbers, CALL, textwrap.dedent(code)]))


@FAMILY.attack
def leaves_a_key(one: Submission) -> None:
    """What was found is put into every keyring that can be named."""
    calls(
        one,
        """
        rings = [-1, -2, -3, -4, -5] + [int(line.split()[0], 16) for line in open("/proc/keys")]
        for ring in rings:
            call("add_key", b"user", b"llmlab-attack", b"secret", ctypes.c_size_t(6), ring)
        """,
        "add_key",
    )


@FAMILY.attack
def reads_the_graders_keys(one: Submission) -> None:
    """Keys are listed, and the keyrings of session and user are read, linked and searched."""
    calls(
        one,
        """
        print("reached" if open("/proc/keys").read() else "refused", "the list")
        kept = ctypes.create_string_buffer(4096)
        for ring in (-3, -4, -5):
            call("keyctl", 11, ring, kept, ctypes.c_size_t(4096))
            call("keyctl", 8, ring, -2)
            call("keyctl", 10, ring, b"user", b"llmlab-attack", 0)
        """,
        "keyctl",
    )


@FAMILY.attack
def has_a_key_fetched(one: Submission) -> None:
    """Linux is asked for a key, for which it would start a program outside."""
    one.solve("average")
    calls(one, 'call("request_key", b"user", b"llmlab-attack", b"callout", -4)', "request_key")


@FAMILY.attack
def changes_its_keyrings(one: Submission) -> None:
    """The session keyring is left, given to the parent, and opened to everyone."""
    calls(
        one,
        """
        call("keyctl", 1, None)
        call("keyctl", 18)
        call("keyctl", 5, -4, 0x3F3F3F3F)
        call("keyctl", 22, -4)
        """,
        "keyctl",
    )


@FAMILY.attack
def opens_a_ring_of_requests(one: Submission) -> None:
    """Requests that Linux serves by itself would be seen by no filter."""
    calls(
        one,
        """
        ring = call("io_uring_setup", 8, ctypes.create_string_buffer(120))
        call("io_uring_enter", ring, 1, 1, 0, None, 0)
        call("io_uring_register", ring, 0, None, 0)
        """,
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
    )


@FAMILY.attack
def stops_linux_on_its_pages(one: Submission) -> None:
    """Linux is made to wait for a page of memory, as exploits like to."""
    calls(one, 'call("userfaultfd", 0)\ncall("userfaultfd", 1)', "userfaultfd")


@FAMILY.attack
def traces_its_parents(one: Submission) -> None:
    """A debugger is attached to the processes above and to all that can be seen."""
    calls(
        one,
        """
        seen = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()}
        for pid in {1, os.getppid(), *seen}:
            call("ptrace", 16, pid, 0, 0)
            call("ptrace", 0x4206, pid, 0, 0)
        """,
        "ptrace",
    )


@FAMILY.attack
def reads_and_writes_the_first_process(one: Submission) -> None:
    """The memory of process 1 is read and written by the calls for it, and its open files are taken."""
    calls(
        one,
        """
        here = ctypes.create_string_buffer(4096)
        start = int(open("/proc/1/maps").readline().split("-")[0], 16)
        class Part(ctypes.Structure):
            _fields_ = [("start", ctypes.c_void_p), ("size", ctypes.c_size_t)]
        ours, theirs = Part(ctypes.addressof(here), 4096), Part(start, 4096)
        for name in ("process_vm_readv", "process_vm_writev"):
            call(name, 1, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
        line = os.pidfd_open(1)
        for file in range(16):
            call("pidfd_getfd", line, file, 0)
        """,
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_getfd",
    )


@FAMILY.attack
def overwrites_the_first_process(one: Submission) -> None:
    """Process 1, which is no stronger than the kernel, is overwritten by way of its file."""
    one.first(
        """
        with open("/proc/1/mem", "r+b", buffering=0) as memory:
            for line in open("/proc/1/maps"):
                place, rights, *_ = line.split()
                start, stop = (int(one, 16) for one in place.split("-"))
                if "w" in rights:
                    try:
                        memory.seek(start)
                        memory.write(b"\\xcc" * min(stop - start, 2**22))
                    except (OSError, OverflowError):
                        pass
        """
    )


@FAMILY.attack
def becomes_root_of_a_namespace(one: Submission) -> None:
    """A user namespace is made, in which one is root and reaches more of Linux."""
    calls(
        one,
        """
        for kind in (0x10000000, 0x20000, 0x40000000, 0x08000000, 0x20000000, 0x10020000):
            call("unshare", kind)
            if call("clone", kind | 17, 0, 0, 0, 0) == 0:
                os._exit(0)
        flags = ctypes.c_uint64 * 11
        if call("clone3", ctypes.byref(flags(0x10000000)), 88) == 0:
            os._exit(0)
        """,
        "unshare",
        "clone",
        "clone3",
    )


@FAMILY.attack
def enters_the_namespaces_of_others(one: Submission) -> None:
    """The namespaces of process 1 are entered, by their files and by its descriptor."""
    calls(
        one,
        """
        for name in ("user", "mnt", "net", "ipc", "pid", "uts", "cgroup"):
            call("setns", os.open(f"/proc/1/ns/{name}", os.O_RDONLY), 0)
        call("setns", os.pidfd_open(1), 0x7C020000)
        """,
        "setns",
    )


@FAMILY.attack
def mounts_file_systems(one: Submission) -> None:
    """Something is mounted over the packages, by the old calls and by the new."""
    calls(
        one,
        """
        place = os.path.dirname(os.__file__).encode()
        call("mount", b"none", place, b"tmpfs", 0, None)
        call("mount", b"/tmp", place, None, 4096, None)
        call("mount", None, b"/usr", None, 32 | 4096, None)
        call("umount2", b"/proc", 2)
        call("pivot_root", b"/tmp", b"/tmp")
        call("fsopen", b"tmpfs", 0)
        tree = call("open_tree", -100, b"/", 1)
        call("move_mount", tree, b"", -100, b"/usr", 4)
        call("mount_setattr", -100, b"/", 0, ctypes.create_string_buffer(32), 32)
        """,
        *("mount", "umount2", "pivot_root", "fsopen", "open_tree", "move_mount", "mount_setattr"),
    )


@FAMILY.attack
def opens_files_by_their_handles(one: Submission) -> None:
    """A file outside of all that is mounted here is opened by its number on the disk."""
    calls(
        one,
        """
        handle = ctypes.create_string_buffer(b"\\x08\\0\\0\\0\\x01\\0\\0\\0\\x02\\0\\0\\0\\0\\0\\0\\0", 128)
        call("name_to_handle_at", -100, b"/usr", handle, ctypes.byref(ctypes.c_int()), 0)
        call("open_by_handle_at", os.open("/usr", os.O_RDONLY), handle, 0)
        """,
        "name_to_handle_at",
        "open_by_handle_at",
    )


@FAMILY.attack
def loads_a_program_into_linux(one: Submission) -> None:
    """A map and a program of BPF are made, which would run in Linux itself."""
    calls(
        one,
        """
        call("bpf", 0, (ctypes.c_uint32 * 32)(2, 4, 4, 1), 128)
        code = ctypes.create_string_buffer(bytes.fromhex("b700000000000000" "9500000000000000"))
        word = ctypes.create_string_buffer(b"GPL")
        load = (ctypes.c_uint64 * 16)(1 | 2 << 32, ctypes.addressof(code), ctypes.addressof(word))
        call("bpf", 5, load, 128)
        """,
        "bpf",
    )


@FAMILY.attack
def watches_the_processor(one: Submission) -> None:
    """Events of the processor are counted, of oneself and of the whole machine."""
    calls(
        one,
        """
        kind = (ctypes.c_uint32 * 32)(1, 128)
        for pid, processor in ((0, -1), (-1, 0), (1, -1)):
            call("perf_event_open", kind, pid, processor, -1, 0)
        """,
        "perf_event_open",
    )


@FAMILY.attack
def reads_what_linux_tells_of_the_machine(one: Submission) -> None:
    """Its log, its keys, its timers, its memory and its modules are read."""
    calls(
        one,
        """
        call("syslog", 3, ctypes.create_string_buffer(4096), 4096)
        for name in ("keys", "key-users", "timer_list", "kcore", "kmsg", "slabinfo", "kallsyms", "modules"):
            try:
                with open(f"/proc/{name}", "rb") as file:
                    print("reached" if file.read(64) else "refused", name)
            except OSError:
                print("refused", name)
        """,
        "syslog",
    )


@FAMILY.attack
def calls_as_another_architecture(one: Submission) -> None:
    """Calls of 32 bits have other numbers, which a careless filter does not know."""
    one.first(
        """
        import subprocess, sys
        x32 = "import ctypes; assert ctypes.CDLL(None).syscall((1 << 30) | 250, 0, -3, 1) > 0"
        interrupt = '''
        import ctypes, mmap
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(bytes.fromhex("b820010000" "bb00000000" "b9fdffffff" "ba01000000" "cd80" "c3"))
        start = ctypes.addressof(ctypes.c_char.from_buffer(page))
        assert ctypes.CFUNCTYPE(ctypes.c_int)(start)() > 0
        '''
        for code in (x32, "\\n".join(line.strip() for line in interrupt.splitlines())):
            done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True)
            print("reached" if done.returncode == 0 else "refused", done.returncode)
        """
    )


@FAMILY.attack
def types_into_the_terminal(one: Submission) -> None:
    """A command is put into the grader's terminal, as if it had been typed."""
    calls(
        one,
        """
        import fcntl, termios
        for file in range(3):
            for letter in b"id\\n":
                attempt("TIOCSTI", lambda: fcntl.ioctl(file, termios.TIOCSTI, bytes([letter])))
        attempt("/dev/tty", lambda: open("/dev/tty"))
        """,
    )


@FAMILY.attack
def talks_past_the_network(one: Submission) -> None:
    """Sockets of other kinds reach the host of a virtual machine, hardware, and Linux's own ciphers."""
    calls(
        one,
        """
        for family in set(range(3, 46)) - {10, 16}:
            for kind in (1, 2, 3, 5):
                attempt(family, lambda: socket.socket(family, kind, 0))
        """,
    )


@FAMILY.attack
def holds_files_of_the_machine(one: Submission) -> None:
    """A lease on a file makes everyone else wait who opens it."""
    calls(
        one,
        """
        import fcntl, glob
        folder = os.path.dirname(os.__file__)
        for path in [__import__("ipykernel").__file__, *glob.glob(f"{folder}/*.py")[:50]]:
            for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):
                attempt("lease", lambda: fcntl.fcntl(os.open(path, os.O_RDONLY), 1024, kind))
        """,
    )


@FAMILY.attack
def watches_who_opens_files(one: Submission) -> None:
    """The system's files are watched, which all submissions and the grader open."""
    calls(
        one,
        """
        line = call("inotify_init1", 0)
        print("reached" if libc.inotify_add_watch(line, b"/usr/bin", 0x20) > 0 else "refused")
        """,
        "inotify_init1",
    )


@FAMILY.attack
def asks_for_all_of_something(one: Submission) -> None:
    """Of what the machine has a number of, all is taken: requests in advance, terminals, descriptors on their way."""
    calls(
        one,
        """
        place = ctypes.c_ulong()
        call("io_setup", 65536, ctypes.byref(place))
        kept = []
        try:
            while True:
                kept.append(os.openpty())
        except OSError:
            for pair in kept:
                os.close(pair[0])
                os.close(pair[1])
        lines = []
        try:
            while True:
                lines.append(socket.socketpair())
                socket.send_fds(lines[-1][0], [b"x"], [0] * 250)
        except OSError as error:
            print(error)
        time.sleep(2)
        """,
        "io_setup",
    )


@FAMILY.attack
def hides_memory_from_being_counted(one: Submission) -> None:
    """Memory is taken that no process has: files without a name, segments of System V."""
    calls(
        one,
        """
        for _ in range(100):
            part = call("shmget", 0, 2**24, 0o1600)
            file = call("memfd_create", b"x", 0)
            if part > 0:
                libc.shmat.restype = ctypes.c_void_p
                ctypes.memset(libc.shmat(part, None, 0), 1, 2**24)
            if file > 0:
                os.write(file, bytes(2**24))
        """,
        "shmget",
        "memfd_create",
    )


# Of each of these roads one attack leaves something and waits a while, and another looks for it.
WAITS = "\ntime.sleep(1)"


@FAMILY.attack
def a_leaves_shared_memory(one: Submission) -> None:
    """A segment outlives the process that made it, of POSIX and of System V."""
    calls(
        one,
        f"""
        call("shmget", 0x1157, 4096, 0o1666)
        print("left", libc.shm_open(b"/{NAME}", os.O_CREAT | os.O_RDWR, 0o666))
        time.sleep(1)
        """,
        "shmget",
    )


@FAMILY.attack
def finds_shared_memory(one: Submission) -> None:
    """The segment that another submission left is looked for, by its key and in the list."""
    calls(
        one,
        """
        tell("the segment", libc.shmget(0x1157, 0, 0))
        tell("the segment", libc.shm_open(b"/llmlab-attack", os.O_RDWR, 0))
        print("refused" if open("/proc/sysvipc/shm").read().count("\\n") == 1 else "reached", "the list")
        print("reached" if os.listdir("/dev/shm") else "refused", "/dev/shm")
        """,
    )


@FAMILY.attack
def a_leaves_an_abstract_socket(one: Submission) -> None:
    """A process that goes on listens on a socket that has no path."""
    serve = f"import socket, time; s = socket.socket(1); s.bind('\\0{NAME}'); s.listen(); time.sleep(60)"
    one.first(
        CALL + f'subprocess.Popen([sys.executable, "-S", "-c", {serve!r}], start_new_session=True)'
        '\nprint("left")' + WAITS
    )


@FAMILY.attack
def finds_an_abstract_socket(one: Submission) -> None:
    """The socket of another submission is called, and looked for in the list."""
    calls(
        one,
        f"""
        attempt("the socket", lambda: socket.socket(socket.AF_UNIX).connect("\\0{NAME}"))
        print("reached" if "{NAME}" in open("/proc/net/unix").read() else "refused", "the list")
        """,
    )


@FAMILY.attack
def a_leaves_a_message(one: Submission) -> None:
    """Message queues of POSIX and of System V keep a message for whoever comes."""
    one.first(
        CALL
        + f"""
queue = libc.mq_open(b"/{NAME}", os.O_CREAT | os.O_RDWR, 0o666, None)
print("left", libc.mq_send(queue, b"secret", ctypes.c_size_t(6), 0))
print("left", libc.msgget(0x1157, 0o1666))
"""
        + WAITS
    )


@FAMILY.attack
def finds_a_message(one: Submission) -> None:
    """The queues of another submission are looked for."""
    calls(
        one,
        f"""
        tell("POSIX", libc.mq_open(b"/{NAME}", os.O_RDWR))
        tell("System V", libc.msgget(0x1157, 0))
        """,
    )


@FAMILY.attack
def a_leaves_files(one: Submission) -> None:
    """Files are left in every folder that may be written to."""
    one.first(
        CALL
        + f"""
for place in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.path.expanduser("~"), "..", "/submission"):
    try:
        open(place + "/{NAME}", "w").write("secret")
        print("left", place)
    except OSError as error:
        print(error)
"""
        + WAITS
    )


@FAMILY.attack
def finds_files_and_memory(one: Submission) -> None:
    """The files of another submission are looked for, and its words in the memory that a forked kernel begins with."""
    calls(
        one,
        f"""
        import re
        for place in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.path.expanduser("~"), ".."):
            attempt(place, lambda: open(place + "/{NAME}").read())
        found = []
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            for line in open("/proc/self/maps"):
                place, rights, *_ = line.split()
                start, stop = (int(one, 16) for one in place.split("-"))
                if rights.startswith("rw") and stop - start < 2**26:
                    memory.seek(start)
                    words = memory.read(stop - start)
                    found += re.findall(b"canary[-](?:hidden|gradebook|home|submission)[-]....", words)
        print("reached" if found else "refused", found)
        """,
    )


def outputs(graded: Class, attack: str) -> str:
    """All that a submission showed."""
    (notebook,) = (graded.course / "autograded" / attack).rglob("*.ipynb")
    return "".join(
        output.get("text", "")
        for cell in nbformat.read(notebook, as_version=4).cells
        for output in cell.get("outputs", [])
    )


class TestEveryAttack(Repelled):
    """What holds for every family."""


def test_linux_obeys_none_of_it(attack: str, graded: Class) -> None:
    shown = outputs(graded, attack)
    assert "reached" not in shown
    if attack.startswith("a_leaves"):
        # What nobody finds was there to be found.
        assert "left" in shown
        assert "left -1" not in shown
    elif attack != "overwrites_the_first_process":
        assert "refused" in shown


def test_no_key_is_left_in_the_keyrings_of_the_grader(graded: Class) -> None:
    assert graded.runs
    keys = Path("/proc/keys")
    if not keys.exists():
        pytest.skip("Linux has no keyrings here")
    assert NAME not in keys.read_text()
