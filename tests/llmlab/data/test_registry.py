import re

import pytest

from llmlab.data import registry
from llmlab.data.entries import Entry, File, Host, Hub, Kind, Tier
from llmlab.data.errors import UnknownEntryError

ENTRIES = [*registry.CORPORA, *registry.MODELS]


def test_the_registry_has_what_the_course_needs() -> None:
    corpora = {entry.name for entry in registry.CORPORA}
    assert {"tales", "arithmetic", "instructions", "preferences", "python"} <= corpora
    assert {
        "tiny_shakespeare",
        "wikitext-2",
        "gsm8k",
        "humaneval",
        "mmlu",
        "crows_pairs",
    } <= corpora
    assert {"tales-1m", "smollm2-135m-instruct", "gpt2"} <= {e.name for e in registry.MODELS}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_says_its_license_its_source_and_where_it_is(entry: Entry) -> None:
    assert entry.license
    assert entry.source
    assert entry.tiers
    known = registry.CORPORA if entry.kind is Kind.CORPUS else registry.MODELS
    assert entry in known


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_download_is_pinned_by_a_commit_and_hashes_look_like_hashes(entry: Entry) -> None:
    files = [*entry.files]
    if entry.hub is not None:
        assert re.fullmatch("[0-9a-f]{40}", entry.revision)
        files += entry.hub.files
    for file in files:
        assert re.fullmatch("([0-9a-f]{64})?", file.sha256)
        assert file.size is None or file.size > 0


def test_names_are_taken_once() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(names) == len(set(names))


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownEntryError, match=r"no corpus 'gsmk8' .* did you mean 'gsm8k'\?"):
        registry.corpus("gsmk8")
    with pytest.raises(UnknownEntryError, match=r"no model 'xyz' .* there are: tales-1m, "):
        registry.model("xyz")


def test_tiers_come_in_the_order_in_which_they_are_tried() -> None:
    assert registry.corpus("tales").tiers == (Tier.EMBEDDED,)
    assert registry.corpus("gsm8k").tiers == (Tier.LOCAL, Tier.HUB)
    assert registry.model("smollm2-135m-instruct").tiers == tuple(Tier)


def test_a_size_is_known_only_when_that_of_each_file_is() -> None:
    def entry(*sizes: int | None) -> Entry:
        files = tuple(File(str(n), size) for n, size in enumerate(sizes))
        return Entry("x", Kind.CORPUS, "x", "MIT", "x", files=files)

    assert entry(2, 3).size == 5
    assert entry(2, None).size is None
    assert entry().size is None


def test_addresses_name_the_revision_and_a_mirror_can_be_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    file = File("a/b.txt")
    hub = Hub("org/name", "c0ffee", (file,))
    assert hub.url(file) == "https://huggingface.co/datasets/org/name/resolve/c0ffee/a/b.txt"
    github = Hub("org/name", "c0ffee", (file,), Host.GITHUB)
    assert github.url(file) == "https://raw.githubusercontent.com/org/name/c0ffee/a/b.txt"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert hub.url(file) == "https://mirror.example/datasets/org/name/resolve/c0ffee/a/b.txt"
    assert github.url(file).startswith("https://raw.githubusercontent.com/")
