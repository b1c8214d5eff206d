"""Downloading one file: it goes on where it broke off, and is believed only when its hash is right."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from llmlab.data.entries import File
from llmlab.data.errors import ChecksumError, DownloadError

# Is told how many bytes are there, and how many there will be (None where that is unknown).
Progress = Callable[[int, int | None], None]

ATTEMPTS = 5
SECONDS_BETWEEN = 0.5
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(
    url: str, path: Path, file: File, *, progress: Progress = lambda done, total: None
) -> None:
    """Download a file; what an earlier attempt has left is kept and continued.

    Args:
        url: Where it is.
        path: Where it goes. Until it is complete and checked, it stands in `path` with `.part` added.
        file: Its size and SHA-256, as far as they are known.
        progress: Is called as bytes arrive.

    Raises:
        DownloadError: The server cannot be reached, refuses, or breaks off again and again; what has
            arrived is kept for the next attempt.
        ChecksumError: The file is complete, and is not the one that is meant; it is thrown away.
    """
    import httpx

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    expected = file.sha256
    failures = 0
    while True:
        before = _size(part)
        try:
            expected = _continue(url, part, file.size, progress) or expected
            break
        except (httpx.TransportError, _BrokenOff) as error:
            # Whoever brings something each time is asked again, however often it breaks off.
            failures = 0 if _size(part) > before else failures + 1
            if failures == ATTEMPTS or isinstance(error, httpx.ConnectError):
                raise DownloadError(_unreachable(url, part, error)) from error
            time.sleep(SECONDS_BETWEEN)
        except DownloadError:
            raise
        except OSError as error:
            raise DownloadError(
                f"{path.name} cannot be written to {path.parent}: {error.strerror or error}; free "
                "some space or choose another folder with LLMLAB_CACHE, and get it again; what has "
                "arrived is kept."
            ) from error
    expected = file.sha256 or expected
    found = sha256(part)
    if expected and found != expected:
        part.unlink()
        raise ChecksumError(
            f"{url} has the SHA-256 {found}, and {expected} is expected: the file was damaged on its "
            "way or is another one; it has been deleted. Get it again, and if that does not help, "
            "tell whoever keeps the registry."
        )
    part.replace(path)


class _BrokenOff(Exception):
    """The connection ended before the file did."""


def _continue(url: str, part: Path, size: int | None, progress: Progress) -> str:
    """Fetch what is missing of a file; give the SHA-256 that the server names, if it names one."""
    import httpx

    done = _size(part)
    if size is not None and done == size:
        return ""
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=30) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            # What is here is as long as the file or longer, so it cannot be its beginning.
            part.unlink()
            raise _BrokenOff("the server has less than what was downloaded before")
        if response.is_error:
            raise DownloadError(
                f"{url} cannot be downloaded: the server answers {response.status_code} "
                f"{response.reason_phrase}; try again later, or ask your instructor for the file and "
                "name its folder in LLMLAB_DATA."
            )
        continues = response.status_code == httpx.codes.PARTIAL_CONTENT
        done = done if continues else 0
        length = response.headers.get("Content-Length")
        total = size if size is not None else done + int(length) if length else None
        with part.open("ab" if continues else "wb") as file:
            _receive(response, file, done, total, progress)
        # The hub names the hash of a large file before it sends one on to where the file lies.
        first = (response.history or [response])[0].headers.get("X-Linked-Etag", "")
    if total is not None and _size(part) < total:
        raise _BrokenOff(f"the connection ended after {_size(part)} of {total} bytes")
    named = _SHA256.fullmatch(first)
    return named[1] if named else ""


def _receive(
    response: Any, file: BinaryIO, done: int, total: int | None, progress: Progress
) -> None:
    progress(done, total)
    # As it comes, and not in pieces of a fixed size, so that nothing is lost when it breaks off.
    for chunk in response.iter_raw():
        file.write(chunk)
        done += len(chunk)
        progress(done, total)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _unreachable(url: str, part: Path, error: Exception) -> str:
    host = urlsplit(url).hostname
    why = str(error) or type(error).__name__
    kept = f" The {_size(part)} bytes that have arrived are kept." if _size(part) else ""
    return (
        f"{host} cannot be reached ({why}); connect to the internet and get it again, or name a "
        f"folder that has it in LLMLAB_DATA.{kept}"
    )
