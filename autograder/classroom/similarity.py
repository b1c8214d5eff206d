"""Finds submissions that are alike beyond what the task itself makes alike, for a person to look at.

Two answers to one exercise are compared by the passages that they share, whatever their variables are called:
copydetect's fingerprints over all k-grams of the code (Schleimer, Wilkerson and Aiken, 'Winnowing', 2003).
Likeness proves nothing. So whatever may come from elsewhere is left out before anything is counted: the code that
the lab gives, the model solution, llmlab's own implementation, and passages that many students share; and so
are answers of which too little is then left to be telling.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

# In characters of the code as it is compared: a name is one character; spaces and comments count nothing.
PASSAGE = 20  # a shorter run of agreement is chance: `return x.view(a, b).transpose(1, 2)` has 24
SHORTEST = 60  # an answer with less of its own, about three lines, is too short to be telling
TELLING = 80  # about five lines: what two students share in all their answers that are alike
LONGEST = (
    20_000  # an answer of more letters is none that was asked for, and would take long to compare
)
SHARE = 0.75  # the part of an answer's own passages that stands in the other's, in both directions

Span = tuple[int, int]


@dataclass(frozen=True)
class AlikeAnswers:
    """Two answers to one exercise that are alike.

    Attributes:
        exercise: The exercise's id.
        codes: Both answers, as they were handed in.
        spans: The passages in each that the other has too: from and up to which letter.
        shares: How much of each answer's own passages that is, from 0 to 1.
        characters: How much it is, in characters of the code as it is compared.
    """

    exercise: str
    codes: tuple[str, str]
    spans: tuple[tuple[Span, ...], tuple[Span, ...]]
    shares: tuple[float, float]
    characters: int


@dataclass(frozen=True)
class Pair:
    """Two students whose answers are alike: a reason to look, and to ask, and no more."""

    students: tuple[str, str]
    answers: tuple[AlikeAnswers, ...]

    @property
    def characters(self) -> int:
        """How much the two share in all."""
        return sum(answer.characters for answer in self.answers)

    @property
    def share(self) -> float:
        """How much of what they have of their own, in the answers that are alike, is shared; from 0 to 1."""
        weighted = sum(min(answer.shares) * answer.characters for answer in self.answers)
        return weighted / self.characters


def common_from(students: int) -> int:
    """Say how many students may share a passage before it counts as common knowledge.

    MOSS takes what more than 10 submissions share for the task's own (its option -m); a small class needs less.
    """
    return min(10, max(3, students // 10))


def alike(
    answers: Mapping[str, Mapping[str, str]], known: Mapping[str, Iterable[str]]
) -> list[Pair]:
    """Find the pairs of students whose answers are alike.

    Args:
        answers: For each student, the code of each exercise's answer cell.
        known: For each exercise, code that students may have from elsewhere: the release, the model solution.

    Returns:
        The pairs, those who share most first.
    """
    limit = common_from(len(answers))
    found: dict[tuple[str, str], list[AlikeAnswers]] = {}
    for exercise in dict.fromkeys(one for theirs in answers.values() for one in theirs):
        codes = {
            name: theirs[exercise]
            for name, theirs in answers.items()
            if len(theirs.get(exercise, "")) <= LONGEST and exercise in theirs
        }
        for names, answer in _alike_answers(exercise, codes, known.get(exercise, ()), limit):
            found.setdefault(names, []).append(answer)
    pairs = [Pair(names, tuple(alike_answers)) for names, alike_answers in found.items()]
    telling = [pair for pair in pairs if pair.characters >= TELLING]
    return sorted(telling, key=lambda pair: (-pair.characters, pair.students))


def _alike_answers(
    exercise: str, codes: Mapping[str, str], known: Iterable[str], limit: int
) -> Iterable[tuple[tuple[str, str], AlikeAnswers]]:
    from copydetect import compare_files  # type: ignore[import-untyped]

    prints = {name: _fingerprint(code) for name, code in codes.items()}
    holders = Counter(passage for one in prints.values() for passage in one.hashes)
    common = {passage for passage, count in holders.items() if count > limit}
    common |= {passage for code in known for passage in _fingerprint(code).hashes}
    owned = {name: one for name, one in prints.items() if _leave_out(one, common) >= SHORTEST}
    for first, second in _sharing(owned):
        ours, theirs = owned[first], owned[second]
        characters, shares, spans = compare_files(ours, theirs)
        if min(shares) >= SHARE:
            yield (
                (first, second),
                AlikeAnswers(
                    exercise,
                    (ours.raw_code, theirs.raw_code),
                    (_spans(spans[0]), _spans(spans[1])),
                    # A passage is counted with the gaps that it bridges, an answer without.
                    (min(1.0, float(shares[0])), min(1.0, float(shares[1]))),
                    int(characters),
                ),
            )


def _fingerprint(code: str) -> Any:
    from copydetect import CodeFingerprint

    # Windows of one keep every k-gram. Larger ones choose by Python's salted hashes, another choice in each process.
    return CodeFingerprint("answer.py", PASSAGE, 1, language="python", fp=io.StringIO(code))


def _leave_out(one: Any, passages: Collection[int]) -> int:
    """Take passages out of a fingerprint, and say how many characters the others cover."""
    from copydetect.utils import get_token_coverage  # type: ignore[import-untyped]

    one.hash_idx = {key: places for key, places in one.hash_idx.items() if key not in passages}
    one.hashes = set(one.hash_idx)
    covered = int(get_token_coverage(one.hash_idx, one.k, len(one.filtered_code)))
    one.token_coverage = covered
    return covered


def _sharing(prints: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List the pairs that share a passage at all: in a large class few of all pairs do."""
    holders: dict[int, list[str]] = {}
    for name in sorted(prints):
        for passage in prints[name].hashes:
            holders.setdefault(passage, []).append(name)
    return sorted({pair for names in holders.values() for pair in combinations(names, 2)})


def _spans(slices: Sequence[Sequence[int]]) -> tuple[Span, ...]:
    """Turn copydetect's rows of starts and ends into spans that neither touch nor overlap."""
    spans: list[Span] = []
    for start, end in sorted(zip(map(int, slices[0]), map(int, slices[1]), strict=True)):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)
