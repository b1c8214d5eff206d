"""The corpora of the registry as rows and as texts, wherever they are found.

A row has the same fields in every tier, so that whoever reads a corpus need not know where it came
from: a classroom's folder keeps MMLU as one CSV file a subject, the hub as one Parquet file a part.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from llmlab.data import arithmetic, instructions, preferences, python_library, tales
from llmlab.data.errors import CorpusError, NotAvailableError
from llmlab.data.places import find, missing
from llmlab.data.reading import Row, read_documents, read_lines, read_rows, read_text
from llmlab.data.registry import corpus


@dataclass(frozen=True)
class _Reader:
    """How one corpus is read.

    Attributes:
        parts: What it is divided into, the usual one first.
        rows: Reads a part from a folder; or draws one from a seed, where llmlab makes the corpus.
        text: Turns a row into the text that a model would learn from.
    """

    parts: tuple[str, ...]
    rows: Callable[[Path | None, str, int], Iterable[Mapping[str, Any]]]
    text: Callable[[Mapping[str, Any]], str]


def parts(name: str) -> tuple[str, ...]:
    """List the parts of a corpus, the one that is read by default first.

    Raises:
        UnknownEntryError: There is no such corpus.
    """
    return _READERS[corpus(name).name].parts


def rows(name: str, part: str | None = None, *, seed: int = 0) -> Iterator[Row]:
    """Read a corpus row by row, in constant memory; those that llmlab draws have no end.

    Args:
        name: A corpus of the registry.
        part: One of its `parts`; by default the first.
        seed: For a corpus that is drawn: the same seed draws the same rows.

    Raises:
        UnknownEntryError: There is no such corpus.
        NotAvailableError: It is not on this machine; the message says how to get it.
        CorpusError: It has no such part, or its file is broken.
    """
    entry = corpus(name)
    reader = _READERS[name]
    part = reader.parts[0] if part is None else part
    if part not in reader.parts:
        raise CorpusError(
            f"The corpus {name!r} has no part {part!r}; it has {', '.join(reader.parts)}."
        )
    place = find(entry)
    if place is None:
        raise NotAvailableError(missing(entry))
    return _plain(reader.rows(place.folder, part, seed))


def _plain(found: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for row in found:
        yield {key: str(value) for key, value in row.items()}


def texts(name: str, part: str | None = None, *, seed: int = 0) -> Iterator[str]:
    """Read a corpus as texts, one a document, as a model would learn from them.

    Args and errors are those of `rows`.
    """
    reader = _READERS[corpus(name).name]
    return (reader.text(row) for row in rows(name, part, seed=seed))


def sample(name: str, count: int, part: str | None = None, *, seed: int = 0) -> list[str]:
    """Give the first few texts of a corpus."""
    return list(islice(texts(name, part, seed=seed), count))


# --- corpora that llmlab makes ----------------------------------------------------------------


def _tales(folder: Path | None, part: str, seed: int) -> Iterator[Row]:
    return ({"text": story} for story in tales.stories(seed))


def _python(folder: Path | None, part: str, seed: int) -> Iterator[Row]:
    read = python_library.source if part == "source" else python_library.documentation
    return ({"text": text} for text in read())


# --- corpora in files -------------------------------------------------------------------------


def _file(folder: Path | None, part: str, suffix: str) -> Path:
    """Find the one file of a part, whether it came from a folder or from the hub."""
    assert folder is not None  # noqa: S101 - what llmlab makes itself has readers of its own
    found = sorted(folder.glob(f"*{part}*{suffix}"))
    if not found:
        raise CorpusError(f"{folder} has no file for the part {part!r}; get the corpus again.")
    return found[0]


def _shakespeare(folder: Path | None, part: str, seed: int) -> Iterator[Row]:
    return ({"text": text} for text in read_documents(_file(folder, "input", ".txt")))


_ARTICLE = re.compile(r" = [^=].* = ")


def _wikitext(folder: Path | None, part: str, seed: int) -> Iterator[Row]:
    assert folder is not None  # noqa: S101 - it is in files
    if any(folder.glob("*.parquet")):
        table = read_rows(_file(folder, part, ".parquet"))
        lines: Iterator[str] = (str(row["text"]).rstrip("\n") for row in table)
    else:
        lines = read_lines(_file(folder, part, ".txt"))
    article: list[str] = []
    for line in lines:
        if _ARTICLE.fullmatch(line) and article:
            yield {"text": "\n".join(article).strip()}
            article = []
        if line.strip() or article:
            article.append(line)
    yield {"text": "\n".join(article).strip()}


def _jsonl_or_parquet(folder: Path | None, part: str, seed: int) -> Iterator[dict[str, Any]]:
    assert folder is not None  # noqa: S101 - it is in files
    suffix = ".parquet" if any(folder.glob("*.parquet")) else ".jsonl"
    return read_rows(_file(folder, part, suffix))


def _mmlu(folder: Path | None, part: str, seed: int) -> Iterator[Row]:
    assert folder is not None  # noqa: S101 - it is in files
    if any(folder.glob("*.parquet")):
        for row in read_rows(_file(folder, part, ".parquet")):
            choices = dict(zip("ABCD", row.pop("choices"), strict=True))
            yield {**row, **choices, "answer": "ABCD"[row["answer"]]}
        return
    names = ("question", "A", "B", "C", "D", "answer")
    for path in sorted((folder / part).glob("*.csv")):
        subject = path.stem.removesuffix(f"_{part}")
        for fields in csv.reader(io.StringIO(read_text(path), newline="")):
            yield {**dict(zip(names, fields, strict=True)), "subject": subject}


def _crows_pairs(folder: Path | None, part: str, seed: int) -> Iterator[dict[str, Any]]:
    assert folder is not None  # noqa: S101 - it is in files
    for row in read_rows(sorted(folder.glob("*.csv"))[0]):
        # The file's first column is a number without a name.
        yield {name: value for name, value in row.items() if name}


def _text(row: Mapping[str, Any]) -> str:
    return str(row["text"])


_READERS = {
    "tales": _Reader(("train",), _tales, _text),
    "arithmetic": _Reader(
        ("train",),
        lambda folder, part, seed: arithmetic.problems(seed),
        lambda row: f"{row['question']}\n{row['answer']}",
    ),
    "instructions": _Reader(
        ("train",),
        lambda folder, part, seed: instructions.tasks(seed),
        lambda row: f"{row['instruction']}\n{row['response']}",
    ),
    "preferences": _Reader(
        ("train",),
        lambda folder, part, seed: preferences.pairs(seed),
        lambda row: f"{row['prompt']}\n{row['chosen']}",
    ),
    "python": _Reader(("documentation", "source"), _python, _text),
    "tiny_shakespeare": _Reader(("train",), _shakespeare, _text),
    "wikitext-2": _Reader(("valid", "test"), _wikitext, _text),
    "gsm8k": _Reader(
        ("train", "test"), _jsonl_or_parquet, lambda row: f"{row['question']}\n{row['answer']}"
    ),
    "humaneval": _Reader(
        ("test",), _jsonl_or_parquet, lambda row: f"{row['prompt']}{row['canonical_solution']}"
    ),
    "mmlu": _Reader(
        ("test", "val", "dev"),
        _mmlu,
        lambda row: "\n".join(
            (
                row["question"],
                *(f"{letter}. {row[letter]}" for letter in "ABCD"),
                f"Answer: {row['answer']}",
            )
        ),
    ),
    "crows_pairs": _Reader(
        ("test",), _crows_pairs, lambda row: f"{row['sent_more']}\n{row['sent_less']}"
    ),
}
