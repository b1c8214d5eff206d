"""What code in a sandbox can see, reach and change."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.autograder.sandbox.conftest import Session


def attempt(action: str) -> str:
    """Write code that prints the name of the error of an action, or 'done'."""
    return f"try:\n    {action}\nexcept OSError as error:\n    print(type(error).__name__)\nelse:\n    print('done')"


def _python() -> list[Path]:
    """The folders that Python is read from, under all of their names."""
    folders = (sys.prefix, sys.base_prefix)
    return [Path(one) for one in (*folders, *map(os.path.realpath, folders))]


def test_it_works_on_a_copy_of_the_submission(kernel: Session, submission: Path) -> None:
    assert "notes of ada" in kernel.ask("print(open('notes.txt').read())")
    kernel.ask("open('notes.txt', 'w').write('changed'); open('new.txt', 'w').write('new')")
    assert "changed" in kernel.ask("print(open('notes.txt').read())")
    assert (submission / "notes.txt").read_text() == "notes of ada"
    assert [path.name for path in submission.iterdir()] == ["notes.txt"]


def test_other_submissions_and_the_course_are_not_there(kernel: Session, submission: Path) -> None:
    course = submission.parents[2]
    for path in (course / "gradebook.db", course / "submitted" / "grace", submission):
        assert "False" in kernel.ask(f"print(os.path.exists({str(path)!r}))")
    for path in ("../notes.txt", "/submission/../submitted", "/submission/../../gradebook.db"):
        assert "FileNotFoundError" in kernel.ask(attempt(f"open({path!r})"))


def test_no_home_is_there_but_for_the_folders_of_python(kernel: Session) -> None:
    assert kernel.ask("print(os.listdir('/home'))").strip() == "['student']"
    home = Path.home()
    found = kernel.ask(f"print(os.path.isdir({str(home)!r}) and os.listdir({str(home)!r}))")
    shown = {one.relative_to(home).parts[0] for one in _python() if one.is_relative_to(home)}
    assert found.strip() in ("False", str(sorted(shown)))


def test_neither_solutions_nor_this_repository_are_there(kernel: Session) -> None:
    from tests.labs import ROOT

    found = kernel.ask(f"print(sorted(os.listdir({str(ROOT)!r})))")
    # A virtual environment that lies in the checkout is where Python is read from.
    shown = {Path(one).relative_to(ROOT).parts[0] for one in _python() if one.is_relative_to(ROOT)}
    assert found.strip() == str(sorted({"autograder", "llmlab", *shown}))


def test_secrets_of_the_machine_are_not_there(kernel: Session) -> None:
    for path in ("/etc/shadow", "/etc/ssh", "/var/log", "/sys/class", "/run/systemd", "/boot"):
        assert "False" in kernel.ask(f"print(os.path.exists({path!r}))")
    assert kernel.ask("print(open('/etc/passwd').read().count(chr(10)))").strip() == "1"


def test_the_environment_is_fresh(submission: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.autograder.sandbox.conftest import run_cells

    monkeypatch.setenv("GRADER_PASSWORD", "canary-environment")
    everything = """
import glob
seen = b""
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        seen += open(path, "rb").read()
    except OSError:
        pass
import os
print(dict(os.environ), seen)
"""
    ended = run_cells(submission, everything)
    assert "HOME" in ended.texts[0]
    assert "canary-environment" not in ended.texts[0]
    assert str(submission) not in ended.texts[0]


def test_only_its_own_processes_are_to_be_seen(kernel: Session) -> None:
    found = kernel.ask("print(len([one for one in os.listdir('/proc') if one.isdigit()]))")
    assert int(found) <= 4
    assert "ProcessLookupError" in kernel.ask(attempt(f"os.kill({os.getpid()}, 0)"))


def test_the_first_process_shows_no_more_of_the_disk(kernel: Session) -> None:
    assert "True" in kernel.ask("print(os.listdir('/proc/1/root') == os.listdir('/'))")


@pytest.mark.parametrize(
    "place",
    [
        "/",
        "/usr",
        "/usr/bin",
        "/etc",
        "/dev",
        "/submission",
        "/proc/sys/kernel",
        sys.prefix,
        os.path.dirname(os.__file__),
    ],
)
def test_the_machine_is_read_only(kernel: Session, place: str) -> None:
    code = attempt(f"open(os.path.join({place!r}, 'core_pattern'), 'w').write('x')")
    assert "done" not in kernel.ask(code)


def test_the_packages_that_it_imports_are_read_only(kernel: Session) -> None:
    kernel.ask("import importlib.util; path = importlib.util.find_spec('autograder').origin")
    assert "Error" in kernel.ask(attempt("open(path, 'a').close()"))
    assert "Error" in kernel.ask(attempt("os.remove(path)"))


@pytest.mark.parametrize("place", ["/tmp", "/home/student", "/home/student/work", "/dev/shm"])
def test_private_folders_are_writable_up_to_their_size(kernel: Session, place: str) -> None:
    path = os.path.join(place, "big")
    assert "done" in kernel.ask(attempt(f"open({path!r}, 'wb').write(bytes(2**20))"))
    assert "OSError" in kernel.ask(attempt(f"open({path!r}, 'wb').write(bytes(9 * 2**20))"))
    kernel.ask(f"os.remove({path!r})")


def test_temporary_files_do_not_reach_the_machine(kernel: Session, tmp_path: Path) -> None:
    name = f"llmlab-canary-{secrets.token_hex(4)}"
    assert "done" in kernel.ask(attempt(f"open('/tmp/{name}', 'w').write('x')"))
    assert not Path("/tmp", name).exists()
    assert "FileNotFoundError" in kernel.ask(attempt(f"os.listdir({str(tmp_path)!r})"))


def test_it_has_no_privileges_to_mount_or_to_become_another(kernel: Session) -> None:
    for action in ("os.setuid(0)", "os.chroot('/tmp')", "os.mknod('/tmp/disk', 0o60666, 0x800)"):
        assert "Error" in kernel.ask(attempt(action))
    assert "Operation not permitted" in kernel.ask(
        "libc = ctypes.CDLL(None, use_errno=True); "
        "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None); print(os.strerror(ctypes.get_errno()))"
    )
    # No namespace of its own either, in which it would be root and reach more of Linux.
    unshare = "subprocess.run(['unshare', '--user', 'true'], capture_output=True, text=True)"
    assert "not permitted" in kernel.ask(f"print({unshare}.stderr)")


@pytest.fixture
def listeners() -> Iterator[dict[str, object]]:
    """Servers of this machine: TCP, UDP, an abstract socket, and a socket with a path."""
    name = secrets.token_hex(4)
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0llmlab-{name}")
    abstract.listen()
    named = socket.socket(socket.AF_UNIX)
    named.bind(f"/tmp/llmlab-{name}")
    named.listen()
    heard: list[object] = []

    def accept(server: socket.socket) -> None:
        try:
            heard.append(server.accept())
        except OSError:
            return

    servers = (tcp, abstract, named)
    threads = [threading.Thread(target=accept, args=(one,), daemon=True) for one in servers]
    for thread in threads:
        thread.start()
    yield {"name": name, "tcp": tcp.getsockname()[1], "udp": udp, "heard": heard}
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join()
    udp.close()
    Path(f"/tmp/llmlab-{name}").unlink()


def test_there_is_no_network_and_no_socket_of_the_machine(
    kernel: Session, listeners: dict[str, object]
) -> None:
    udp = listeners["udp"]
    assert isinstance(udp, socket.socket)
    port, name = listeners["tcp"], listeners["name"]
    assert kernel.ask("print([name for _, name in socket.if_nameindex()])").strip() == "['lo']"
    assert "ConnectionRefusedError" in kernel.ask(
        attempt(f"socket.create_connection(('127.0.0.1', {port}))")
    )
    assert "OSError" in kernel.ask(
        attempt("socket.create_connection(('192.0.2.1', 80), timeout=5)")
    )
    assert "gaierror" in kernel.ask(attempt("socket.getaddrinfo('example.com', 80)"))
    kernel.ask(
        f"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {udp.getsockname()[1]}))"
    )
    with pytest.raises(BlockingIOError):
        udp.recv(16)
    for address in (f"\0llmlab-{name}", f"/tmp/llmlab-{name}"):
        found = kernel.ask(attempt(f"socket.socket(socket.AF_UNIX).connect({address!r})"))
        assert "ConnectionRefusedError" in found or "FileNotFoundError" in found
    assert listeners["heard"] == []
