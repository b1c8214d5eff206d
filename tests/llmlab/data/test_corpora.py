"""Reading corpora: those that are drawn, those in a classroom's folder, and those from the hub."""

import json
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from llmlab.data import CorpusError, NotAvailableError, UnknownEntryError, corpora, registry
from llmlab.data.arithmetic import problems
from llmlab.data.instructions import tasks
from llmlab.data.preferences import pairs
from llmlab.data.python_library import documentation, source_files

DRAWN = ("tales", "arithmetic", "instructions", "preferences")


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_is_the_same_for_the_same_seed_and_another_for_another(name: str) -> None:
    one = list(islice(corpora.rows(name, seed=1), 50))
    assert one == list(islice(corpora.rows(name, seed=1), 50))
    assert one != list(islice(corpora.rows(name, seed=2), 50))
    assert len({str(row) for row in one}) > 30


def test_every_corpus_of_the_registry_can_be_read() -> None:
    for entry in registry.CORPORA:
        assert corpora.parts(entry.name)
    assert {entry.name for entry in registry.CORPORA if entry.endless} == {*DRAWN}


def test_results_of_arithmetic_are_right() -> None:
    for problem in islice(problems(3), 300):
        *steps, result = problem["answer"].split("\n")
        for left, sign, right, value in re.findall(
            r"(\d+) ([-+*/]) (\d+) = (\d+)", "\n".join(steps)
        ):
            exact = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__, "/": int.__floordiv__}
            assert exact[sign](int(left), int(right)) == int(value)
        last = re.findall(r"= (\d+)", steps[-1])[-1]
        assert result == f"#### {last}"
        assert int(last) >= 0


def test_answers_to_instructions_are_right_where_they_can_be_worked_out() -> None:
    seen = set()
    for task in islice(tasks(5), 500):
        asked, answer = task["instruction"], task["response"]
        if found := re.fullmatch(r"What is (\d+) plus (\d+)\?", asked):
            assert answer.endswith(f" is {int(found[1]) + int(found[2])}.")
            seen.add("sum")
        elif asked.startswith("Write these words in capital letters: "):
            assert answer == asked.partition(": ")[2].upper()
            seen.add("capitals")
        elif found := re.fullmatch(r'How many letters does "(\w+)" have\?', asked):
            assert f"has {len(found[1])} letters" in answer
            seen.add("letters")
    assert seen == {"sum", "capitals", "letters"}


def test_the_worse_answer_is_another_one_and_says_its_flaw() -> None:
    drawn = list(islice(pairs(7), 300))
    assert all(pair["chosen"] != pair["rejected"] for pair in drawn)
    assert {pair["flaw"] for pair in drawn} == {
        "wrong",
        "rude",
        "evasive",
        "off the point",
        "repetitive",
    }


def test_the_library_of_this_python_is_documented() -> None:
    names = {path.name for path in source_files()}
    assert {"statistics.py", "textwrap.py"} <= names
    assert not any("test" in path.parts for path in source_files())
    assert all(text.strip() for text in islice(documentation(), 20))


def test_an_unknown_corpus_and_an_unknown_part_are_told(real_data: Path) -> None:
    with pytest.raises(UnknownEntryError, match="did you mean 'tales'"):
        corpora.rows("tale")
    with pytest.raises(CorpusError, match="'gsm8k' has no part 'dev'; it has train, test"):
        corpora.rows("gsm8k", "dev")


def test_a_corpus_that_is_not_here_is_told_with_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLMLAB_DATA", raising=False)
    monkeypatch.setenv("LLMLAB_CACHE", str(tmp_path))
    with pytest.raises(NotAvailableError, match=r"'gsm8k' is not on this machine; .*LLMLAB_DATA"):
        corpora.texts("gsm8k")


@pytest.mark.parametrize(
    ("name", "part", "count", "words"),
    [
        ("wikitext-2", "valid", 60, "Homarus gammarus"),
        ("wikitext-2", "test", 62, "Robert"),
        ("gsm8k", "train", 7_473, "Natalia"),
        ("gsm8k", "test", 1_319, "#### 18"),
        ("humaneval", "test", 164, "def has_close_elements"),
        ("mmlu", "dev", 285, "Answer: "),
        ("mmlu", "val", 1_531, "A. "),
        ("mmlu", "test", 14_042, "D. "),
        ("crows_pairs", "test", 1_508, "rope"),
    ],
)
def test_real_corpora_have_as_many_documents_as_they_should(
    real_data: Path, name: str, part: str, count: int, words: str
) -> None:
    found = list(corpora.texts(name, part))
    assert len(found) == count
    assert words in found[0]


def test_shakespeare_is_read_speech_by_speech(real_data: Path) -> None:
    speeches = list(corpora.texts("tiny_shakespeare"))
    assert len(speeches) > 7_000
    assert speeches[0].startswith("First Citizen:\n")


def test_a_row_of_mmlu_has_the_same_fields_from_the_hub(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: Callable[..., Path]
) -> None:
    local = next(corpora.rows("mmlu", "dev"))
    row = {
        "question": local["question"],
        "subject": local["subject"],
        "choices": [local[letter] for letter in "ABCD"],
        "answer": "ABCD".index(local["answer"]),
    }
    for part in ("dev", "validation", "test"):
        put("mmlu", f"{part}-00000-of-00001.parquet", [row])
    assert next(corpora.rows("mmlu", "dev")) == local
    assert next(corpora.rows("mmlu", "val")) == local


def test_articles_of_wikitext_are_the_same_from_the_hub(
    real_data: Path, put: Callable[..., Path]
) -> None:
    local = list(islice(corpora.texts("wikitext-2", "valid"), 2))
    path = real_data / "Salesforce" / "wikitext-2" / "valid.txt"
    lines = [{"text": f"{line}\n"} for line in path.read_text("utf-8").split("\n")[:400]]
    for part in ("validation", "test"):
        put("wikitext-2", f"{part}-00000-of-00001.parquet", lines)
    assert list(islice(corpora.texts("wikitext-2", "valid"), 2)) == local


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Lay files into the cache, as a download would, and forget the classroom's folder."""
    import pyarrow as pa
    import pyarrow.parquet

    def lay(name: str, file: str, rows: list[dict[str, object]]) -> Path:
        monkeypatch.setenv("LLMLAB_CACHE", str(tmp_path))
        monkeypatch.delenv("LLMLAB_DATA", raising=False)
        hub = registry.corpus(name).hub
        assert hub is not None
        path = tmp_path / hub.repository / hub.revision / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            pa.parquet.write_table(pa.Table.from_pylist(rows), path)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return lay
