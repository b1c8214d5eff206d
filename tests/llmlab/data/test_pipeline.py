"""The whole pipeline, on pages that say what is wrong with them."""

import json
import warnings
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import datasets
import pytest

from llmlab.data import CorpusError, Page, Report, clean_dataset, clean_stream, default_steps, pages
from llmlab.data.cluster import clean_on_cluster
from llmlab.data.raw_pages import DROP, MEND
from llmlab.data.steps import HTML, PERSONAL, Removed, Step, apply_steps
from llmlab.data.tales import stories

QUESTIONS = [
    "If a train leaves the first town at noon and goes twice as fast as the bus that left the second "
    "town an hour before it, which of the two is nearer to the first town when they meet?"
]


@pytest.fixture(scope="module")
def raw() -> list[Page]:
    return list(pages(islice(stories(1), 400), 1, questions=QUESTIONS))


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def made(raw: list[Page]) -> datasets.Dataset:
    return datasets.Dataset.from_dict({"text": [page.text for page in raw]})


def steps() -> tuple[Step, ...]:
    return default_steps(evaluation=QUESTIONS)


def test_every_kind_of_page_is_made_and_the_same_seed_makes_the_same(raw: list[Page]) -> None:
    assert {page.dirt for page in raw} == {"clean", *MEND, *DROP}
    assert raw == list(pages(islice(stories(1), 400), 1, questions=QUESTIONS))
    assert raw != list(pages(islice(stories(1), 400), 2, questions=QUESTIONS))
    assert all(page.text == page.original for page in raw if page.dirt == "clean")


def test_what_should_go_goes_and_what_should_stay_stays(raw: list[Page]) -> None:
    kept, _ = clean_dataset(made(raw), steps())
    texts = Counter(kept["text"])
    assert max(texts.values()) == 1
    good = {page.original for page in raw if page.dirt == "clean"}
    # A story of another page may by chance be nearly the same, so a few may go with the copies.
    assert len(good & texts.keys()) > 0.98 * len(good)
    marked = apply_steps({"text": [page.text for page in raw]}, steps())
    by = {page.dirt: Counter[str]() for page in raw}
    for page, step in zip(raw, marked["removed_by"], strict=True):
        by[page.dirt][step] += 1
    for dirt in ("clean", *MEND):
        assert set(by[dirt]) == {""}
    for dirt in ("spam", "word list", "foreign language", "too short", "test question"):
        assert "" not in by[dirt]
    assert set(by["test question"]) == {"decontamination"}
    assert set(by["foreign language"]) == {"language"}


def test_pages_are_mended(raw: list[Page]) -> None:
    marked = apply_steps({"text": [page.text for page in raw]}, steps())
    for page, text in zip(raw, marked["text"], strict=True):
        if page.dirt == "boilerplate":
            assert text == page.original
        elif page.dirt == "web page":
            assert page.original in text.replace("\n", " ")
            assert "<" not in text
        elif page.dirt == "wrong encoding":
            assert "â" not in text
        elif page.dirt == "personal data":
            assert text == f"{page.original} Write to [EMAIL] or call [PHONE]."


def test_several_processes_and_a_stream_keep_the_same(raw: list[Page]) -> None:
    one, report = clean_dataset(made(raw), steps())
    with warnings.catch_warnings():
        # Torch has started threads, and what the children do needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        two, second = clean_dataset(made(raw), steps(), num_proc=2)
    assert one["text"][:] == two["text"][:]
    assert str(report) == str(second)
    stream, third = clean_stream(made(raw).to_iterable_dataset(num_shards=2), steps())
    streamed = [row["text"] for row in stream]
    # A stream does not compare what meets in a band, so it may drop a little more.
    assert set(streamed) <= set(one["text"])
    assert len(streamed) > 0.97 * len(one)
    assert third.documents_in == report.documents_in == len(raw)
    assert third.documents_out == len(streamed)


def test_a_cluster_keeps_the_same(raw: list[Page], tmp_path: Path) -> None:
    import distributed

    shards = []
    for number in range(3):
        shard = tmp_path / f"raw{number}.jsonl"
        lines = (json.dumps({"text": page.text}) + "\n" for page in raw[number * 130 :][:130])
        shard.write_text("".join(lines), encoding="utf-8")
        shards.append(shard)
    alone, report = clean_dataset(made(raw[:390]), steps())
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster) as client:
        targets, theirs = clean_on_cluster(client, shards, tmp_path / "clean", steps())
    lines = [line for path in targets for line in path.read_text("utf-8").splitlines()]
    assert [json.loads(line)["text"] for line in lines] == alone["text"][:]
    assert str(theirs) == str(report)


def test_the_report_says_what_went_and_why_with_samples(raw: list[Page], tmp_path: Path) -> None:
    kept, report = clean_dataset(made(raw), steps())
    assert report.documents_in == len(raw)
    assert report.documents_out == len(kept)
    assert report.characters_out == sum(map(len, kept["text"]))
    assert sum(step.removed for step in report.steps) == len(raw) - len(kept)
    for before, after in zip(report.steps, report.steps[1:], strict=False):
        assert after.seen == before.seen - before.removed
    for step in report.steps:
        assert sum(step.reasons.values()) == step.removed
        assert step.samples.keys() == step.reasons.keys()
    language = next(step for step in report.steps if step.name == "language")
    assert language.reasons.keys() == {"language de"}
    assert "Eule" in " ".join(language.samples["language de"]) or language.samples["language de"]
    assert "language de" in report._repr_html_()
    assert report.summary() in str(report)
    report.save(tmp_path / "report.json")
    saved = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert saved["documents_out"] == len(kept)
    assert [step["name"] for step in saved["steps"]] == [step.name for step in report.steps]


def test_samples_in_html_cannot_run() -> None:
    report = Report(["step"])
    report.add(
        {
            "text": ["<script>alert(1)</script>"],
            "length": [25],
            "changed": [[]],
            "removed_by": ["step"],
            "reason": ["<b>"],
        }
    )
    shown = report._repr_html_()
    assert "<script>" not in shown
    assert "<b>" not in shown


def test_an_empty_corpus_and_one_without_text_are_told() -> None:
    with pytest.raises(CorpusError, match="holds no document"):
        clean_dataset(datasets.Dataset.from_dict({"text": []}), steps())
    with pytest.raises(CorpusError, match="no column 'text', but body"):
        clean_dataset(datasets.Dataset.from_dict({"body": ["a"]}), steps())


def test_a_corpus_of_which_nothing_is_left_is_no_trouble() -> None:
    nothing = Step("all", lambda text: Removed("whatever it is"))
    kept, report = clean_dataset(datasets.Dataset.from_dict({"text": ["a", "b"]}), [nothing])
    assert len(kept) == 0
    assert "0 of 2 documents are kept" in report.summary()


def test_a_page_without_main_text_says_so() -> None:
    marked = apply_steps({"text": ["<html><body></body></html>", "a@b.org"]}, [HTML, PERSONAL])
    assert marked["removed_by"] == [HTML.name, ""]
    assert marked["reason"] == ["no main text", ""]
    assert marked["text"][1] == "[EMAIL]"
    assert marked["changed"] == [[], [PERSONAL.name]]
