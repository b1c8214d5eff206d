"""The file of attempts: appended to, never rewritten, and read whatever state it is in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from autograder.errors import KeptSafe, UnreadableProgress
from autograder.judging.judge import Status, Verdict
from autograder.notebook.attempts import Standing, progress_file, record, record_hint, standings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "new" / "progress.jsonl"
    monkeypatch.setenv("LLMLAB_PROGRESS", str(path))
    return path


def verdict(status: Status, misconception: str = "") -> Verdict:
    return Verdict("demo.one", status, 0, 3, "Well.", misconception)


def test_attempts_and_hints_are_counted(file: Path) -> None:
    assert standings() == {}
    for one in (verdict("unwritten"), verdict("wrong", "adds"), verdict("wrong")):
        record(one)
    record_hint("demo.one")
    record_hint("demo.two")
    assert standings() == {"demo.one": Standing(2, False, 1, ""), "demo.two": Standing(hints=1)}


def test_what_was_solved_once_stays_solved(file: Path) -> None:
    record(verdict("passed"))
    record(verdict("wrong", "adds"))
    assert standings()["demo.one"] == Standing(2, True, 0, "adds")


def test_each_attempt_is_one_line_of_json_with_its_time(file: Path) -> None:
    record(verdict("wrong", "adds"))
    record_hint("demo.one")
    first, second = map(json.loads, file.read_text("utf-8").splitlines())
    assert first.pop("time") <= second.pop("time")
    assert first == {
        "exercise": "demo.one",
        "status": "wrong",
        "points": 0,
        "misconception": "adds",
    }
    assert second == {"exercise": "demo.one", "hint": True}


DAMAGED = {
    "no JSON": b"not json",
    "a cut line": b'{"exercise": "demo.on',
    "a list": b"[1, 2]",
    "a number": b"7",
    "text": b'"exercise"',
    "nothing": b"null",
    "no exercise": b'{"status": "passed"}',
    "no UTF-8": b'{"exercise": "\xff\xfe", "status": "pass\xff"}',
    "zeros": b"\x00" * 64,
    "an empty line": b"",
    "deep": b"[" * 5000,
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_line_costs_no_other(file: Path, line: bytes) -> None:
    record(verdict("passed"))
    with file.open("ab") as opened:
        opened.write(line + b"\n")
    before = file.read_bytes()
    record(verdict("wrong"))
    assert standings()["demo.one"] == Standing(2, True)
    assert file.read_bytes().startswith(before)


def test_a_line_that_a_crash_cut_off_does_not_take_the_next_one_with_it(file: Path) -> None:
    record(verdict("passed"))
    with file.open("ab") as opened:
        opened.write(b'{"exercise": "demo.on')
    record_hint("demo.one")
    assert standings()["demo.one"] == Standing(1, True, 1)


def test_a_file_that_cannot_be_read_is_told_and_keeps_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMLAB_PROGRESS", str(tmp_path))
    with pytest.raises(
        UnreadableProgress, match=r"cannot be read \(Is a directory\); nothing in it"
    ):
        standings()
    with pytest.raises(KeptSafe, match=r"could not be saved in .* \(Is a directory\)"):
        record(verdict("passed"))


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("kept")
    monkeypatch.setenv("LLMLAB_PROGRESS", str(tmp_path / "file" / "progress.jsonl"))
    with pytest.raises(KeptSafe, match="the verdict above holds all the same"):
        record_hint("demo.one")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMLAB_PROGRESS", "/dev/full")
    with pytest.raises(KeptSafe, match="No space left on device"):
        record(verdict("passed"))


def test_the_file_lies_where_the_labs_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLMLAB_PROGRESS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    lab = tmp_path / "my-labs" / "05_attention"
    lab.mkdir(parents=True)
    monkeypatch.chdir(lab)
    elsewhere = progress_file()
    assert (tmp_path / "my-labs") not in elsewhere.parents
    (tmp_path / "my-labs" / ".llmlab").mkdir()
    assert progress_file() == tmp_path / "my-labs" / ".llmlab" / "progress.jsonl"
    assert progress_file(tmp_path) == elsewhere
