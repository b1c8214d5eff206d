"""Linux's keyrings, which no namespace divides: the grader's own stay out of every sandbox."""

from __future__ import annotations

import ctypes
import errno
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.sandbox import Limits, keyring
from autograder.sandbox.filter import number
from tests.autograder.sandbox.conftest import session

_USER, _SESSION = -4, -3
_READ, _UNLINK, _SEARCH = 11, 9, 10


@dataclass
class Keys:
    """Calls for keys, as the grader may make them."""

    libc: ctypes.CDLL

    def add(self, name: str, content: bytes, ring: int) -> int:
        call = ctypes.c_long(number("add_key") or 0)
        size = ctypes.c_size_t(len(content))
        return int(self.libc.syscall(call, b"user", name.encode(), content, size, ring))

    def control(self, *arguments: object) -> int:
        return int(self.libc.syscall(ctypes.c_long(number("keyctl") or 0), *arguments))


@pytest.fixture(scope="module")
def keys() -> Keys:
    found = Keys(ctypes.CDLL(None, use_errno=True))
    if found.control(0, _USER, 1) == -1 or not Path("/proc/keys").exists():
        pytest.skip("Linux has no keyrings here")
    return found


@pytest.fixture
def left(keys: Keys) -> Iterator[tuple[str, int]]:
    """A key in the grader's own user keyring: its name and its number."""
    name = f"llmlab-{secrets.token_hex(6)}"
    serial = keys.add(name, b"canary-key", _USER)
    assert serial > 0
    yield name, serial
    keys.control(_UNLINK, serial, _USER)


@pytest.mark.parametrize("warm", [False, True])
def test_a_key_of_the_grader_is_neither_seen_nor_read(
    warm: bool, left: tuple[str, int], submission: Path
) -> None:
    name, serial = left
    assert name in Path("/proc/keys").read_text()
    read = f"""
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
content = ctypes.create_string_buffer(64)
print(libc.syscall({number("keyctl")}, {_READ}, {serial}, content, ctypes.c_size_t(64)), content.value)
print(errno.errorcode[ctypes.get_errno()])
"""
    with session(submission, Limits(), warm) as kernel:
        assert kernel.ask(read).split() == ["-1", "b''", "EPERM"]
        for file in ("keys", "key-users"):
            assert kernel.ask(f"print(len(open('/proc/{file}').read()))").strip() == "0"


# Becomes a process with a session keyring of its own and a key in it, and looks for it from another one.
LOOKS = """
import ctypes, subprocess, sys
libc = ctypes.CDLL(None)
add, control, name, before = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode(), sys.argv[4:]
assert libc.syscall(control, 1, None) > 0
assert libc.syscall(add, b"user", name, b"x", ctypes.c_size_t(1), -3) > 0
look = f"import ctypes; print(ctypes.CDLL(None).syscall({control}, 10, -3, b'user', {name!r}, 0) > 0)"
subprocess.run([*before, sys.executable, "-I", "-S", "-c", look], check=True)
"""


@pytest.mark.parametrize("fresh", [False, True])
def test_what_begins_with_a_fresh_keyring_does_not_find_the_one_before(
    fresh: bool, keys: Keys
) -> None:
    control = str(number("keyctl"))
    before = [sys.executable, "-I", "-S", keyring.__file__, control] if fresh else []
    given = [str(number("add_key")), control, secrets.token_hex(6), *before]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LOOKS, *given], capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == (str(not fresh), "")


def _session_keyrings() -> set[str]:
    lines = Path("/proc/keys").read_text().splitlines()
    return {line.split()[0] for line in lines if " _ses" in line and "_uid" not in line}


@pytest.mark.parametrize("warm", [False, True])
def test_every_sandbox_has_a_keyring_of_its_own(warm: bool, keys: Keys, submission: Path) -> None:
    with session(submission, Limits(), warm):
        before = _session_keyrings()
        with session(submission, Limits(), warm):
            assert _session_keyrings() - before


def test_a_linux_without_keyrings_is_no_hindrance() -> None:
    unknown = 500
    keyring.join_fresh(unknown)


def test_a_keyring_that_is_refused_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: object, use_errno: bool) -> object:
        class Libc:
            @staticmethod
            def syscall(*arguments: object) -> int:
                ctypes.set_errno(errno.EDQUOT)
                return -1

        return Libc

    monkeypatch.setattr(ctypes, "CDLL", refused)
    with pytest.raises(OSError, match=r"No fresh keyring for the sandbox: .*quota"):
        keyring.join_fresh(250)
