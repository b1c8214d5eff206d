from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from llmlab.data import CorpusError, read_documents, read_rows, read_text


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    assert read_text(written(tmp_path, "a.txt", "\ufeffschön")) == "schön"


def test_what_is_not_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "one\ntwo\nsch\u00f6n".encode("latin-1"))
    with pytest.raises(CorpusError) as told:
        read_text(path)
    said = str(told.value)
    assert f"{path} is not UTF-8: byte 11 (0xf6, in line 3)" in said
    assert "iconv" in said
    assert "\n" not in said
    with pytest.raises(CorpusError, match=r"byte 11 \(0xf6, in line 3\)"):
        list(read_documents(path))


def test_utf_16_is_known_by_its_mark(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"a\.txt is in UTF-16 .* iconv -f utf-16"):
        read_text(written(tmp_path, "a.txt", "owl".encode("utf-16")))


@pytest.mark.parametrize("content", ["", " \n\t\n", "\ufeff"])
def test_an_empty_corpus_is_told(tmp_path: Path, content: str) -> None:
    path = written(tmp_path, "a.txt", content)
    with pytest.raises(CorpusError, match=r"a\.txt holds no text; name another file"):
        read_text(path)
    with pytest.raises(CorpusError, match=r"a\.txt holds no text; name another file"):
        list(read_documents(path))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"absent\.txt cannot be read: No such file"):
        read_text(tmp_path / "absent.txt")
    with pytest.raises(CorpusError, match="cannot be read: Is a directory"):
        read_text(tmp_path)


def test_empty_lines_stand_between_the_documents_of_a_text(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "\n\none\nand one\n \n\n\ntwo\n")
    assert list(read_documents(path)) == ["one\nand one", "two"]


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_tables_are_read_by_the_field_that_holds_the_text(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        path.write_text('{"body": "one\\ntwo"}\n\n{"body": "three"}\n', encoding="utf-8")
    elif kind == "csv":
        path.write_text('body,more\n"one\ntwo",x\nthree,y\n', encoding="utf-8")
    else:
        pa.parquet.write_table(pa.table({"body": ["one\ntwo", "three"]}), path)
    assert list(read_documents(path, "body")) == ["one\ntwo", "three"]
    with pytest.raises(
        CorpusError, match="row without text in the field 'text'; its fields are body"
    ):
        list(read_documents(path))


def test_a_broken_line_is_told_with_its_number(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '{"text": "a"}\n{"text": \n')
    with pytest.raises(CorpusError, match=r"Line 2 of .*a\.jsonl is no JSON"):
        list(read_rows(path))
    with pytest.raises(CorpusError, match=r"Line 1 of .*b\.jsonl holds no object"):
        list(read_rows(written(tmp_path, "b.jsonl", "[1, 2]\n")))


def test_a_parquet_file_that_is_cut_short_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pa.parquet.write_table(pa.table({"text": ["owl"] * 100}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match=r"a\.parquet is no whole Parquet file"):
        list(read_rows(path))


def test_a_file_that_is_no_table_has_no_rows(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"is no table; rows are read from files that end in \.jsonl"
    ):
        read_rows(written(tmp_path, "a.txt", "owl"))
