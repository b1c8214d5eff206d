from itertools import islice
from pathlib import Path

import pytest

from llmlab.data import QualityClassifier, language
from llmlab.data.errors import CorpusError
from llmlab.data.raw_pages import pages
from llmlab.data.tales import stories


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    tales = list(islice(stories(1), 400))
    spam = [page.text for page in pages(tales, 2, clean_share=0.0) if page.dirt == "spam"]
    return {"good": tales, "bad": spam}


def test_it_tells_stories_from_spam_that_it_has_not_seen(texts: dict[str, list[str]]) -> None:
    half = len(texts["bad"]) // 2
    classifier = QualityClassifier.train(texts["good"][:200], texts["bad"][:half], seed=0)
    good = [classifier(text) for text in texts["good"][200:]]
    bad = [classifier(text) for text in texts["bad"][half:]]
    assert min(good) > 0.5 > max(bad)
    assert classifier("") == 0


def test_the_same_seed_learns_the_same(texts: dict[str, list[str]], tmp_path: Path) -> None:
    one, two = (
        QualityClassifier.train(texts["good"][:50], texts["bad"][:10], seed=3) for _ in range(2)
    )
    assert (one.weights == two.weights).all()
    one.save(tmp_path / "quality.npz")
    loaded = QualityClassifier.load(tmp_path / "quality.npz")
    assert loaded(texts["good"][60]) == two(texts["good"][60])


def test_one_kind_alone_teaches_nothing() -> None:
    with pytest.raises(CorpusError, match="texts of both kinds"):
        QualityClassifier.train(["a text"], [], seed=0)
    with pytest.raises(CorpusError, match="texts of both kinds"):
        QualityClassifier.train([], ["a text"], seed=0)


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "quality.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(CorpusError, match=r"quality\.npz holds no quality classifier"):
        QualityClassifier.load(path)
    with pytest.raises(CorpusError, match=r"absent\.npz holds no quality classifier"):
        QualityClassifier.load(tmp_path / "absent.npz")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The owl lives in the old tree and waits for the moon to rise.", "en"),
        ("Die Eule wohnt im alten Baum und wartet, bis der Mond aufgeht.", "de"),
        ("La chouette vit dans le vieil arbre et attend le lever de la lune.", "fr"),
        ("フクロウは古い木に住み、月が昇るのを待っている。", "ja"),
    ],
)
def test_languages_are_told_apart(text: str, code: str) -> None:
    found, probability = language(text)
    assert found == code
    assert 0.5 < probability <= 1
