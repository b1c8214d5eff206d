"""Downloading from a server of our own, which breaks off, lies and refuses as we tell it to."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llmlab.data import download as module
from llmlab.data.download import download
from llmlab.data.entries import File
from llmlab.data.errors import ChecksumError, DownloadError

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; `breaks` says after how many bytes each of the next answers ends."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks: list[int] = []
        self.ranges: list[str | None] = []
        self.status = 200
        self.knows_ranges = True
        self.etag = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if not self.server.knows_ranges:
            asked, start = None, 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        if self.server.etag:
            self.send_header("X-Linked-Etag", f'"{self.server.etag}"')
        self.end_headers()
        end = self.server.breaks.pop(0) if self.server.breaks else len(body)
        self.wfile.write(body[:end])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(module, "SECONDS_BETWEEN", 0)
    one = Server()
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


def test_a_file_comes_whole_and_its_bytes_are_counted(server: Server, tmp_path: Path) -> None:
    counted: list[tuple[int, int | None]] = []
    path = tmp_path / "deep" / "file.bin"
    download(
        server.url,
        path,
        File("file.bin", len(CONTENT), DIGEST),
        progress=lambda *n: counted.append(n),
    )
    assert path.read_bytes() == CONTENT
    assert counted[0] == (0, len(CONTENT))
    assert counted[-1] == (len(CONTENT), len(CONTENT))
    assert [entry.name for entry in path.parent.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_connection_that_breaks_off_is_continued_where_it_broke(
    server: Server, tmp_path: Path, size: int | None
) -> None:
    server.breaks = [1000, 5000]
    download(server.url, tmp_path / "file.bin", File("file.bin", size, DIGEST))
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-", "bytes=6000-"]


def test_what_an_earlier_run_has_left_is_continued(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:777])
    download(server.url, tmp_path / "file.bin", File("file.bin", len(CONTENT), DIGEST))
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.ranges == ["bytes=777-"]


def test_a_server_that_knows_no_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"something else")
    server.knows_ranges = False
    download(server.url, tmp_path / "file.bin", File("file.bin", len(CONTENT), DIGEST))
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT + b"more")
    download(server.url, tmp_path / "file.bin", File("file.bin", len(CONTENT), DIGEST))
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_a_server_that_always_breaks_off_is_given_up_and_what_came_is_kept(
    server: Server, tmp_path: Path
) -> None:
    server.breaks = [1234] + [0] * 50
    with pytest.raises(
        DownloadError, match=r"127\.0\.0\.1 cannot be reached .* 1234 bytes .* kept"
    ):
        download(server.url, tmp_path / "file.bin", File("file.bin", len(CONTENT), DIGEST))
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:1234]
    assert len(server.ranges) == 1 + module.ATTEMPTS


def test_another_file_than_the_registry_knows_is_refused_and_deleted(
    server: Server, tmp_path: Path
) -> None:
    with pytest.raises(ChecksumError, match=f"{DIGEST}, and {'0' * 64} is expected"):
        download(server.url, tmp_path / "file.bin", File("file.bin", None, "0" * 64))
    assert list(tmp_path.iterdir()) == []


def test_the_hash_that_the_hub_names_is_checked_where_the_registry_knows_none(
    server: Server, tmp_path: Path
) -> None:
    server.etag = DIGEST
    download(server.url, tmp_path / "right.bin", File("file.bin"))
    server.etag = "f" * 64
    with pytest.raises(ChecksumError, match="f" * 64):
        download(server.url, tmp_path / "wrong.bin", File("file.bin"))
    assert [path.name for path in tmp_path.iterdir()] == ["right.bin"]


def test_a_refusal_is_told_with_its_number(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DownloadError, match=r"answers 404 Not Found; .* LLMLAB_DATA"):
        download(server.url, tmp_path / "file.bin", File("file.bin"))
    assert len(server.ranges) == 1


def test_offline_is_one_sentence_that_says_what_to_do_instead(
    server: Server, tmp_path: Path
) -> None:
    # A port on which nobody listens.
    url = f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError) as told:
        download(url, tmp_path / "file.bin", File("file.bin"))
    said = str(told.value)
    assert "connect to the internet" in said
    assert "LLMLAB_DATA" in said
    assert "\n" not in said


def test_a_full_disk_is_told_and_what_came_is_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file.bin.part").write_bytes(CONTENT[:10])
    monkeypatch.setattr(module, "_receive", full)
    with pytest.raises(DownloadError, match=r"No space left on device; free some space"):
        download(server.url, tmp_path / "file.bin", File("file.bin"))
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:10]
