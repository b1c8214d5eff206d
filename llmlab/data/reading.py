"""Reading texts from files, whose bytes may be no text at all.

What is not UTF-8 is refused with its place, and not read as something else: a wrong guess would go
into the model, and nobody would see where it came from.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from llmlab.data.errors import CorpusError

Row = dict[str, str]


def read_text(path: Path, encoding: str = "utf-8-sig") -> str:
    """Read a whole file as text; a byte order mark at its beginning is left out.

    Args:
        path: The file.
        encoding: By default UTF-8.

    Raises:
        CorpusError: It is not in this encoding, or holds nothing but white space.
    """
    with _explained(path, encoding):
        text = path.read_text(encoding)
    if not text.strip():
        raise CorpusError(f"{path} holds no text; name another file, or download it again.")
    return text


def read_lines(path: Path, encoding: str = "utf-8-sig") -> Iterator[str]:
    """Read a file line by line, in constant memory; the ends of the lines are left out.

    Raises:
        CorpusError: It is not in this encoding.
    """
    with _explained(path, encoding), path.open(encoding=encoding) as file:
        for line in file:
            yield line.rstrip("\n")


class _explained:  # noqa: N801 - a context manager reads like a function
    """Turn an error of encoding or of the file system into a sentence of ours."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path, self.encoding = path, encoding

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeDecodeError):
            raise CorpusError(_not_text(self.path, self.encoding)) from error
        if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError):
            raise CorpusError(
                f"{self.path} cannot be read: {error.strerror}; check its name."
            ) from error


def _not_text(path: Path, encoding: str) -> str:
    data = path.read_bytes()
    name = encoding.removesuffix("-sig")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return (
            f"{path} is in UTF-16 and not in UTF-8; convert it: iconv -f utf-16 -t utf-8 IN > OUT"
        )
    try:
        data.decode(name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return (
            f"{path} is not {name.upper()}: byte {error.start} (0x{data[error.start]:02x}, in line "
            f"{line}) begins no character; convert it if you know what it is, as in "
            "`iconv -f windows-1252 -t utf-8 IN > OUT`, or leave it out."
        )
    return f"{path} is not {name.upper()}; convert it or leave it out."


def read_documents(path: Path, field: str = "text") -> Iterator[str]:
    """Read the documents of a file, in constant memory.

    Args:
        path: .jsonl (one object a line), .csv, .parquet, or text, in which empty lines stand between
            documents.
        field: In which field or column the text stands.

    Raises:
        CorpusError: The file is no such file, is not UTF-8, or holds no document.
    """
    if path.suffix in _ROWS:
        texts: Iterable[str] = (_field(path, row, field) for row in read_rows(path))
    else:
        texts = _paragraphs(read_lines(path))
    empty = True
    for text in texts:
        if text.strip():
            empty = False
            yield text
    if empty:
        raise CorpusError(f"{path} holds no text; name another file, or download it again.")


def _field(path: Path, row: dict[str, Any], field: str) -> str:
    if not isinstance(row.get(field), str):
        raise CorpusError(
            f"{path} has a row without text in the field {field!r}; its fields are "
            f"{', '.join(map(str, row)) or 'none'}: name the one that holds the text."
        )
    return str(row[field])


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    kept: list[str] = []
    for line in lines:
        if line.strip():
            kept.append(line)
        elif kept:
            yield "\n".join(kept)
            kept = []
    if kept:
        yield "\n".join(kept)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Read the rows of a .jsonl, .csv or .parquet file, in constant memory.

    Raises:
        CorpusError: The file is of another kind, is broken, or is not UTF-8.
    """
    if path.suffix not in _ROWS:
        raise CorpusError(
            f"{path} is no table; rows are read from files that end in {', '.join(_ROWS)}."
        )
    return _ROWS[path.suffix](path)


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise CorpusError(
                f"Line {number} of {path} is no JSON ({error}); mend it or leave it out."
            ) from error
        if not isinstance(row, dict):
            raise CorpusError(
                f"Line {number} of {path} holds no object with fields; one is needed on each line."
            )
        yield row


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    # A text in quotation marks may go over several lines, whose ends belong to it.
    with _explained(path, "utf-8-sig"), path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(1_000):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise CorpusError(
            f"{path} is no whole Parquet file ({error}); delete it and get it again."
        ) from error


_ROWS: dict[str, Callable[[Path], Iterator[dict[str, Any]]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
