"""A PostgreSQL server of one's own, for the tests that must hold for more than SQLite.

It listens on a socket in a folder that only its user may enter, and on no port; it is gone when the tests end.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.users import UID

# Debian keeps the server's programs out of PATH, a folder a version.
_DEBIAN = Path("/usr/lib/postgresql")
_USER = "grader"
# It is a part of the socket's name alone; said, lest PGPORT of whoever runs the tests be taken.
_PORT = 5432


def _programs() -> Path | None:
    """Find the folder of the server's programs, of the newest version that is installed."""
    if on_path := shutil.which("pg_ctl"):
        return Path(on_path).resolve().parent
    found = {
        int(path.parent.parent.name): path.parent
        for path in _DEBIAN.glob("*/bin/pg_ctl")
        if path.parent.parent.name.isdecimal()
    }
    return found[max(found)] if found else None


def reason_not_to() -> str:
    """Say why no server can be started here, and what to install; empty if one can."""
    if not importlib.util.find_spec("psycopg"):
        return 'psycopg is missing; run `pip install "psycopg[binary]"`'
    if _programs() is None:
        return "PostgreSQL's programs are missing; run `apt-get install postgresql`"
    return ""


@dataclass(frozen=True)
class Server:
    """A running server; `folder` holds its data and its socket."""

    folder: Path

    def url(self, database: str) -> str:
        """Write the address of a database as SQLAlchemy reads it."""
        return f"postgresql+psycopg://{_USER}@/{database}?host={self.folder}&port={_PORT}"

    def new_database(self) -> str:
        """Make an empty database, and return its address."""
        import psycopg

        name = f"course_{secrets.token_hex(4)}"
        about = f"host={self.folder} port={_PORT} user={_USER} dbname=postgres"
        with psycopg.connect(about, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """Run a server; as an ordinary user where the tests run as root, since it refuses to run as root."""
    programs = _programs()
    assert programs is not None
    # A socket's whole path has at most 107 bytes, which a temporary folder of pytest's may exceed.
    folder = Path(tempfile.mkdtemp(prefix="llmlab-pg-", dir="/tmp"))
    identity = {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}
    if identity:
        os.chown(folder, UID, UID)

    said = folder / "said"

    def run(program: str, *arguments: str) -> None:
        # The server keeps what it is started with open, and a pipe to it would never end.
        with said.open("ab") as file:
            done = subprocess.run(
                [programs / program, "--pgdata", folder / "data", *arguments],
                cwd=folder,
                env={"LC_ALL": "C.UTF-8", "PATH": f"{programs}:/usr/bin:/bin"},
                stdout=subprocess.DEVNULL,
                stderr=file,
                **identity,  # type: ignore[call-overload]
            )
        assert done.returncode == 0, said.read_text()

    # Nobody else can reach the socket, and what is lost with the machine's power is lost with the tests too.
    options = (
        f"-c port={_PORT} -c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    )
    try:
        run("initdb", f"--username={_USER}", "--auth=trust", "--encoding=UTF8", "--no-sync")
        run("pg_ctl", "start", "--wait", f"--log={folder / 'log'}", f"--options={options}")
        try:
            yield Server(folder)
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
