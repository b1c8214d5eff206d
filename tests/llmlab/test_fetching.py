"""The commands `llmlab data` and `llmlab models`, as a person types them."""

import json
import re
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmlab import cli
from llmlab.data import places
from llmlab.data.download import Progress
from llmlab.data.entries import File
from llmlab.data.module import TokenData
from llmlab.data.packing import Pack
from llmlab.data.tales import stories


def run(*words: str) -> str:
    result = CliRunner().invoke(cli.app, [*words])
    assert result.exit_code == 0, result.exception
    return result.stdout


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LLMLAB_DATA", raising=False)
    monkeypatch.setenv("LLMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def test_corpora_and_models_are_listed_with_license_size_and_place() -> None:
    lines = {line.split()[0]: line for line in run("data", "list").splitlines() if line.strip()}
    assert "Apache-2.0" in lines["tales"]
    assert "no end" in lines["tales"]
    assert "with llmlab" in lines["tales"]
    assert "4.9 MB" in lines["gsm8k"]
    assert "to be got" in lines["gsm8k"]
    models = {line.split()[0]: line for line in run("models", "list").splitlines() if line.strip()}
    assert "to be got" in models["gpt2"]
    assert re.search(r" [12]\.\d MB +with llmlab ", models["tales-1m"])


def test_a_classrooms_folder_is_named_in_the_list(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = next(line for line in run("data", "list").splitlines() if line.startswith("gsm8k"))
    assert "in LLMLAB_DATA" in line


def test_a_corpus_is_shown_with_its_first_texts() -> None:
    shown = run("data", "show", "tales", "--count", "2", "--seed", "3")
    assert "license: Apache-2.0" in shown
    for story in islice(stories(3), 2):
        assert story in shown
    assert shown == run("data", "show", "tales", "--count", "2", "--seed", "3")


def test_a_warning_of_the_registry_is_shown(real_data: Path) -> None:
    assert "never for training" in run("data", "show", "crows_pairs", "--count", "1")


def test_getting_what_is_here_checks_it(real_data: Path) -> None:
    told = run("data", "get", "gsm8k")
    assert "license: MIT" in told
    assert "the SHA-256 of 2 files is right" in told
    assert "nothing to download" in run("data", "get", "tales")


def test_getting_downloads_and_says_where_it_is(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def download(url: str, path: Path, file: File, *, progress: Progress) -> None:
        asked.append(url)
        progress(3, 6)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("owl")

    monkeypatch.setattr(places, "download", download)
    monkeypatch.setattr(places, "sha256", lambda path: "")
    monkeypatch.setattr(places, "verify", lambda entry, place: [])
    told = run("models", "get", "gpt2")
    assert "license: MIT" in told
    assert str(nowhere / "cache" / "openai-community" / "gpt2") in told.replace("\n", "")
    assert [url.rsplit("/", 1)[1] for url in asked] == [
        "config.json",
        "model.safetensors",
        "vocab.json",
        "merges.txt",
    ]


def test_a_wrong_name_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["llmlab", "data", "get", "gsmk8"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "llmlab: There is no corpus 'gsmk8' in the registry; did you mean 'gsm8k'?\n"
    )


def test_a_corpus_is_cleaned_and_a_report_is_written(tmp_path: Path) -> None:
    raw, target, report = (tmp_path / name for name in ("raw.txt", "clean.jsonl", "report.json"))
    good = list(islice(stories(1), 5))
    raw.write_text("\n\n".join([*good, good[0].upper(), "Too short."]), encoding="utf-8")
    told = run("data", "clean", str(raw), str(target), "--report", str(report))
    assert "5 of 7 documents are kept" in told
    lines = target.read_text("utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == good
    assert json.loads(report.read_text("utf-8"))["documents_out"] == 5


Told = Callable[..., str]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Give a function that types a command which must fail, and gives the one sentence that it says."""

    def told(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["llmlab", "data", *words])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert left.value.code == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    return told


def test_what_exists_is_not_overwritten_and_what_is_no_text_is_told(
    tmp_path: Path, told: Told
) -> None:
    raw = tmp_path / "raw.txt"
    raw.write_bytes(b"sch\xf6n")
    assert "raw.txt exists, and is not overwritten" in told("clean", str(raw), str(raw))
    assert "is not UTF-8: byte 3" in told("clean", str(raw), str(tmp_path / "clean.jsonl"))


def test_a_file_is_made_ready_for_training(tmp_path: Path) -> None:
    raw, folder = tmp_path / "raw.txt", tmp_path / "ready"
    raw.write_text("\n\n".join(islice(stories(1), 20)), encoding="utf-8")
    options = ("--vocabulary-size", "300", "--hold-out-every", "10")
    said = run("data", "pack", str(raw), str(folder), *options)
    assert "train: 18 documents" in said
    assert "validation: 2 documents" in said
    assert f"--data.folder {folder} --model.config.vocabulary_size 300" in said.replace("\n", " ")
    data = TokenData(folder, length=32, batch_size=4)
    data.setup("fit")
    assert next(iter(data.train_dataloader())).shape == (4, 33)


def test_a_corpus_of_the_registry_is_packed_with_a_tokenizer_that_is_there(tmp_path: Path) -> None:
    run(
        "data",
        "pack",
        "tales",
        str(tmp_path / "first"),
        "--count",
        "50",
        "--vocabulary-size",
        "300",
    )
    tokenizer = str(tmp_path / "first" / "tokenizer.json")
    options = ("--count", "10", "--tokenizer", tokenizer)
    run("data", "pack", "arithmetic", str(tmp_path / "second"), *options)
    copied = tmp_path / "second" / "tokenizer.json"
    assert copied.read_bytes() == Path(tokenizer).read_bytes()
    assert Pack(tmp_path / "second" / "train").manifest.documents == 9


def test_what_cannot_be_packed_is_told(tmp_path: Path, told: Told) -> None:
    assert "has no end; say how many" in told("pack", "tales", str(tmp_path / "new"))
    assert "There is no file tale. " in told("pack", "tale", str(tmp_path / "new"))
    assert "cannot be read" in told("pack", "tale.txt", str(tmp_path / "new"))
    few = ("pack", "tales", str(tmp_path / "new"), "--count", "5")
    assert "no room for the 256 bytes" in told(*few, "--vocabulary-size", "100")
    assert not (tmp_path / "new").exists()
