"""Copies and near copies: the plain functions, the fast ones, and `datasketch` as a witness."""

import random
from itertools import combinations

import datasketch
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.data import (
    PRIME,
    MinHasher,
    candidate_pairs,
    chance_of_meeting,
    content_hash,
    content_words,
    estimated_resemblance,
    hash_functions,
    jaccard,
    minhash_signature,
    near_duplicates,
    near_pairs,
    resemblance,
    shingle_numbers,
    shingles,
    unique_documents,
)
from llmlab.data.minhash import content_number

WORDS = [f"word{n}" for n in range(500)]


def text(seed: int, length: int = 150) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def edited(original: str, edits: int, seed: int) -> str:
    """Change some words, at places that lie apart."""
    words = original.split()
    for place in random.Random(seed).sample(range(0, len(words), 5), edits):
        words[place] = f"edit{seed}"
    return " ".join(words)


# Groups of texts that resemble each other more and less.
EDITS = (0, 1, 2, 4, 8, 16, 32, 64)
CORPUS = [edited(text(group, 400), edits, seed=edits) for group in range(12) for edits in EDITS]


def test_words_are_what_a_reader_takes_for_them() -> None:
    assert content_words("The OWL's tree, (café)!") == ["the", "owl", "s", "tree", "café"]


def test_texts_with_the_same_words_have_the_same_content() -> None:
    assert content_hash("The owl.") == content_hash("  the OWL!\n")
    assert content_hash("The owl.") != content_hash("Owl the.")
    assert content_number("The owl.") == content_number("  the OWL!\n")
    assert content_number("The owl.") != content_number("Owl the.")


def test_the_first_of_equal_documents_stays() -> None:
    assert unique_documents(["a b", "c", "A, b.", "d", "C!", ""]) == [0, 1, 3, 5]


def test_shingles_are_runs_of_words() -> None:
    assert shingles("a b c d", 3) == {("a", "b", "c"), ("b", "c", "d")}
    assert shingles("a b a b a", 2) == {("a", "b"), ("b", "a")}
    assert shingles("a b", 3) == {("a", "b")}


def test_resemblance_is_the_overlap_of_the_shingles() -> None:
    assert jaccard({1, 2, 3}, {2, 3, 4}) == pytest.approx(2 / 4)
    assert resemblance("a b c d", "a b c e", 2) == pytest.approx(2 / 4)
    assert resemblance("a b", "A, b!") == 1
    assert resemblance("a b", "c d") == 0


def test_a_signature_holds_the_smallest_value_of_each_function() -> None:
    numbers = torch.tensor([3, 10, 7])
    multipliers, offsets = torch.tensor([1, PRIME - 1]), torch.tensor([5, 0])
    signature = minhash_signature(numbers, multipliers, offsets)
    assert signature.tolist() == [8, min((PRIME - 1) * n % PRIME for n in (3, 10, 7))]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.text(alphabet="ab c", max_size=2_000))
def test_the_fast_signatures_are_the_plain_ones(drawn: str) -> None:
    hasher = MinHasher()
    plain = minhash_signature(
        torch.tensor(shingle_numbers(drawn)), *hash_functions(112, hasher.seed)
    )
    assert hasher.signature(drawn).tolist() == plain.tolist()


def test_the_remainder_is_right_at_its_edges() -> None:
    hasher = MinHasher(bands=1, rows=4)
    hasher._multipliers[:, 0] = [1, PRIME - 1, PRIME - 1, 1]
    hasher._offsets[:, 0] = [0, PRIME - 1, 0, PRIME - 1]
    number = int(shingle_numbers("owl")[0])
    expected = [
        (a * number + b) % PRIME
        for a, b in ((1, 0), (PRIME - 1, PRIME - 1), (PRIME - 1, 0), (1, PRIME - 1))
    ]
    assert hasher.signature("owl").tolist() == expected


def test_signatures_estimate_resemblance() -> None:
    hasher = MinHasher(bands=128, rows=8)
    signatures = torch.tensor(hasher.signatures(CORPUS[:8]).astype(np.int64))
    for i, j in combinations(range(8), 2):
        true = resemblance(CORPUS[i], CORPUS[j])
        # Four standard deviations of the mean of 1024 draws.
        allowed = 4 * (true * (1 - true) / 1024) ** 0.5 + 1e-9
        estimate = estimated_resemblance(signatures[i], signatures[j])
        assert estimate == pytest.approx(true, abs=allowed)


def test_documents_that_agree_in_a_whole_band_are_candidates() -> None:
    signatures = torch.tensor([[1, 2, 3, 4], [1, 2, 9, 9], [8, 2, 3, 4], [1, 7, 7, 4]])
    assert candidate_pairs(signatures, 2) == {(0, 1), (0, 2)}
    assert candidate_pairs(signatures, 4) == {(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)}
    assert candidate_pairs(signatures, 1) == set()


def test_the_chance_to_meet_rises_from_nought_to_one() -> None:
    chances = [chance_of_meeting(s / 10) for s in range(11)]
    assert chances[0] == 0
    assert chances[10] == 1
    assert chances == sorted(chances)
    assert chance_of_meeting(0.5, bands=1, rows=1) == 0.5


def test_near_pairs_are_the_candidates_whose_signatures_agree() -> None:
    hasher = MinHasher()
    signatures = hasher.signatures(CORPUS)
    plain = torch.tensor(signatures.astype(np.int64))
    expected = {
        (i, j)
        for i, j in candidate_pairs(plain, hasher.bands)
        if estimated_resemblance(plain[i], plain[j]) >= 0.7
    }
    assert near_pairs(signatures, hasher, 0.7) == expected
    assert 0 < len(expected) < len(candidate_pairs(plain, hasher.bands))


def test_datasketch_finds_the_same_candidates_from_the_same_signatures() -> None:
    hasher = MinHasher()
    signatures = hasher.signatures(CORPUS)
    index = datasketch.MinHashLSH(num_perm=112, params=(hasher.bands, hasher.rows))
    theirs = set()
    for number, signature in enumerate(signatures):
        values = signature.astype(np.uint64)
        sketch = datasketch.MinHash(num_perm=112, hashvalues=values, scheme="legacy")
        theirs |= {(other, number) for other in index.query(sketch)}
        index.insert(number, sketch)
    assert candidate_pairs(torch.tensor(signatures.astype(np.int64)), hasher.bands) == theirs


def test_datasketch_with_its_own_hashes_agrees_on_which_pairs_are_near() -> None:
    hasher = MinHasher(bands=32, rows=8)
    ours = near_pairs(hasher.signatures(CORPUS), hasher, 0.0)
    index = datasketch.MinHashLSH(num_perm=256, params=(32, 8))
    theirs = set()
    for number, document in enumerate(CORPUS):
        sketch = datasketch.MinHash(num_perm=256, seed=1)
        sketch.update_batch([" ".join(shingle).encode() for shingle in shingles(document)])
        theirs |= {(other, number) for other in index.query(sketch)}
        index.insert(number, sketch)
    # Between the two bounds a pair is found by chance, and by each library's own.
    surely = chance_of_meeting(0.85, 32, 8), chance_of_meeting(0.25, 32, 8)
    assert surely[0] > 0.999_9
    assert surely[1] < 0.001
    near = far = 0
    for pair in combinations(range(len(CORPUS)), 2):
        true = resemblance(CORPUS[pair[0]], CORPUS[pair[1]])
        if true > 0.85:
            near += 1
            assert pair in ours
            assert pair in theirs
        elif true < 0.25:
            far += 1
            assert pair not in ours
            assert pair not in theirs
    assert near > 5
    assert far > 500
    assert len(ours & theirs) / len(ours | theirs) > 0.8


def test_each_near_duplicate_is_traced_to_the_first_of_its_group() -> None:
    hasher = MinHasher()
    one, two = text(1, 400), text(2, 400)
    documents = [one, two, edited(one, 3, 1), text(3), edited(two, 3, 1), edited(one, 3, 2), one]
    assert near_duplicates(hasher.signatures(documents), hasher).tolist() == [0, 1, 0, 3, 1, 0, 0]


def test_no_document_and_empty_documents_are_no_trouble() -> None:
    hasher = MinHasher()
    assert near_duplicates(hasher.signatures([]), hasher).tolist() == []
    assert near_duplicates(hasher.signatures(["", "a", "!"]), hasher).tolist() == [0, 1, 0]
