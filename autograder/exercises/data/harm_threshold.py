"""`data.harm_threshold`: its probes, and what people get wrong about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator

from autograder.exercise import Switches
from autograder.exercises.data import LAB
from llmlab import data

exercise = LAB.exercise(
    "harm_threshold",
    reference=data.harm_threshold,
    matters="Classifiers of hate speech took tweets in African American English for offensive up to twice as often as "
    "others (Sap et al., 2019); one number for all groups does not show it. Read llmlab/data/harm.py.",
    hints=(
        "Two steps: find the threshold from all documents, then count the errors of each group with it.",
        "The candidates are the scores themselves. For each of them: which share of all harmless documents has a score "
        "at least as high? What remains is to choose the lowest candidate that keeps to the limit.",
        "Collect the candidates whose share is at most the limit and take the minimum, with `math.inf` where there is "
        "none. Then, for each group, divide the harmless documents at or above the threshold by its harmless ones, and "
        "the harmful ones below it by its harmful ones.",
    ),
)

Documents = Sequence[tuple[float, bool, str]]


def told(found: Any) -> Any:
    """Write a threshold and the errors by group as plain data; anything else as it is."""
    if not isinstance(found, (tuple, list)) or len(found) != 2 or not isinstance(found[1], dict):
        return found
    return {"threshold": found[0], "errors by group": found[1]}


def asked(implementation: Any, documents: Documents, limit: float) -> Any:
    """Ask for the threshold of documents, each a score, whether it is harmful, and a group."""
    scores, harmful, groups = ([*column] for column in zip(*documents, strict=True))
    return told(implementation(scores, harmful, groups, limit))


def two_groups(implementation: Any, generator: Generator, groups: Sequence[str]) -> Any:
    """Ask with two groups of different sizes and different errors, in a drawn order, under several limits."""
    shift = int(torch.randint(0, 5, (1,), generator=generator)) / 100
    first = [(0.1, False), (0.2, False), (0.4, False), (0.35, True), (0.8, True), (0.15, False)]
    second = [(0.3, False), (0.7, False), (0.5, True), (0.9, True), (0.45, True)]
    documents = [
        *((score + shift, harmful, groups[0]) for score, harmful in first),
        *((score + shift, harmful, groups[1]) for score, harmful in second),
    ]
    order = torch.randperm(len(documents), generator=generator).tolist()
    shuffled = [documents[i] for i in order]
    return [asked(implementation, shuffled, limit) for limit in (0.2, 0.5, 0.0, 0.4)]


def ties(implementation: Any, generator: Generator, groups: Sequence[str]) -> Any:
    """Ask with documents of one score, and with shares that meet the limit."""
    one, two = (
        int(torch.randint(low, low + 9, (1,), generator=generator)) / 100 for low in (40, 60)
    )
    a, b = groups[:2]
    tied = [(one, False, a), (one, False, b), (one, True, a), (0.1, False, b), (two, True, b)]
    # Documents that agree in everything are as many as they are.
    copied = [*[(one, False, a)] * 2, *[(0.1, False, a)] * 3, *[(0.2, True, a)] * 2, (two, True, a)]
    exact = [(0.1, False, a), (0.2, False, b), (one, False, a), (two, False, b), (0.9, True, b)]
    return [
        asked(implementation, tied, 0.5),
        asked(implementation, tied, 0.7),
        asked(implementation, exact, 0.25),
        asked(implementation, exact, 0.24),
        asked(implementation, copied, 0.4),
    ]


def edges(implementation: Any, generator: Generator, groups: Sequence[str]) -> Any:
    """Ask with a harmless document at the top, scores that are no probabilities, and groups without a kind."""
    most = float(torch.randint(5, 9, (1,), generator=generator))
    a, b, c = groups
    return [
        asked(implementation, [(most, False, a), (0.2, True, a), (0.1, False, b)], 0.0),
        asked(implementation, [(most, False, a), (0.2, True, a), (0.1, False, b)], 0.4),
        asked(
            implementation,
            [(-2.0, False, a), (most, True, b), (-3.0, False, c), (-2.5, True, a)],
            0.5,
        ),
        asked(implementation, [(0.3, False, a), (0.2, True, b), (0.6, True, c)], 1.0),
        asked(implementation, [(0.3, False, a), (0.2, True, b), (most, True, a)], 0.6),
    ]


@exercise.probe
def an_overall_limit(implementation: Any, generator: Generator) -> Any:
    """Two groups of different sizes, in a drawn order, with limits of 0.2, 0.5, 0 and 0.4."""
    return two_groups(implementation, generator, ("news", "forum"))


@exercise.probe
def equal_scores(implementation: Any, generator: Generator) -> Any:
    """Documents with the same score, some of them alike in all, and shares that are just the limit."""
    return ties(implementation, generator, ("news", "forum"))


@exercise.probe
def top_and_bottom(implementation: Any, generator: Generator) -> Any:
    """A harmless document at the top, scores beyond 0 and 1, and groups of harmful or harmless ones only."""
    return edges(implementation, generator, ("news", "forum", "poems"))


_AGAIN = "Reread 'Who pays for a filter'."
_NOT_LOWEST = "It keeps to the limit, but a lower score would keep to it too, and let fewer harmful documents stay."
_NO_INFINITY = (
    "When even the highest score is that of a harmless document, no score keeps to a limit of 0. Then nothing is to be "
    f"removed: the threshold is infinity. {_AGAIN}"
)
_EMPTY = (
    "For a group without harmless documents, or without harmful ones, the share is 0 over 0, and your code gives "
    f"something else than the 0 that is asked for. {_AGAIN}"
)
_PAIRS = (
    "Two shares for each group are asked for: of its harmless documents removed, and of its harmful ones that stay. "
    f"{_AGAIN}"
)


def _chosen(on: Switches, documents: Documents, limit: float) -> float:
    """Choose the threshold, with the faults of choosing."""
    if on("labels_inverted"):
        documents = [(score, not harmful, group) for score, harmful, group in documents]
    harmless = [score for score, harmful, _ in documents if not harmful]
    wrong = [score for score, harmful, _ in documents if harmful]
    count = len(documents) if on("over_all_documents") else len(harmless)

    def share(cut: float) -> float:
        if on("limit_on_misses"):
            return sum(score < cut for score in wrong) / max(1, len(wrong))
        removed = sum(
            score > cut if on("strict_in_search") or on("strict_in_both") else score >= cut
            for score in harmless
        )
        if on("over_the_removed"):
            return removed / max(1, sum(score >= cut for score, _, _ in documents))
        if on("limit_in_documents"):
            return removed
        if on("each_group"):
            own = [(score, group) for score, harmful, group in documents if not harmful]
            names = {group for _, group in own}
            return max(
                sum(score >= cut for score, one in own if one == name)
                / sum(one == name for _, one in own)
                for name in names
            )
        return removed / max(1, count)

    if on("quantile"):
        return torch.tensor(harmless, dtype=torch.float64).quantile(1 - limit).item()
    candidates = {score for score, _, _ in documents}
    if on("harmless_scores_only"):
        candidates = {*harmless}
    if on("harmful_scores_only"):
        candidates = {*wrong}
    if on("hundredths"):
        candidates = {step / 100 for step in range(101)}
    if on("without_the_largest"):
        candidates -= {max(candidates)}
    keeping = [
        cut
        for cut in candidates
        if (share(cut) < limit if on("limit_left_out") else share(cut) <= limit)
    ]
    return _best(on, documents, candidates, keeping)


def _best(
    on: Switches, documents: Documents, candidates: set[float], keeping: list[float]
) -> float:
    """Choose among those that keep to the limit."""
    if not keeping:
        none = {
            "one_for_none": 1.0,
            "zero_for_none": 0.0,
            "minus_infinity_for_none": -math.inf,
            "largest_for_none": max(candidates),
            "none_for_none": None,
        }
        if on("fails_for_none"):
            return min(keeping)
        if on("no_place_for_none"):
            return keeping[0]
        return next((value for name, value in none.items() if on(name)), math.inf)  # type: ignore[return-value]
    if on("highest"):
        return max(keeping)
    if on("last_found"):
        return next(score for score, _, _ in reversed(documents) if score in keeping)
    if on("first_found"):
        return next(score for score, _, _ in documents if score in keeping)
    if on("one_too_low"):
        lower = [cut for cut in candidates if cut < min(keeping)]
        return max(lower, default=min(keeping))
    if on("one_too_high"):
        return sorted(keeping)[min(1, len(keeping) - 1)]
    return min(keeping)


def _errors(on: Switches, documents: Documents, threshold: float) -> dict[str, Any]:
    """Report by group, with the faults of reporting."""

    def removed(score: float) -> bool:
        if on("strict_in_report") or on("strict_in_both"):
            return score > threshold
        return score <= threshold if on("low_scores_removed") else score >= threshold

    def over(count: int, own: Documents, kind: bool) -> Any:
        below = sum(harmful == kind for _, harmful, _ in own)
        if on("over_the_group"):
            below = len(own)
        if on("over_everything"):
            below = len(documents)
        if on("over_all_of_the_kind"):
            below = sum(harmful == kind for _, harmful, _ in documents)
        if on("counts"):
            return count
        if not below:
            empty = {"nan_for_empty": math.nan, "one_for_empty": 1.0, "none_for_empty": None}
            if on("fails_for_empty"):
                return count / below
            return next((value for name, value in empty.items() if on(name)), 0.0)
        return 100 * count / below if on("percent") else count / below

    found: dict[str, Any] = {}
    for group in dict.fromkeys(group for _, _, group in documents):
        own = [one for one in documents if on("same_for_all") or one[2] == group]
        harmless = [removed(score) for score, harmful, _ in own if not harmful]
        wrong = [removed(score) for score, harmful, _ in own if harmful]
        false = over(sum(harmless), own, False)
        missed = over(len(wrong) - sum(wrong), own, True)
        if on("caught_not_missed"):
            missed = over(sum(wrong), own, True)
        if on("harmless_kept"):
            false = over(len(harmless) - sum(harmless), own, False)
        if on("share_of_removed"):
            false = sum(harmless) / max(1, sum(harmless) + sum(wrong))
        found[group] = (missed, false) if on("exchanged") else (false, missed)
        if on("rounded"):
            found[group] = (round(false, 1), round(missed, 1))
        if on("false_alone"):
            found[group] = false
        if on("added"):
            found[group] = false + missed
        if on("groups_left_out") and not (harmless and wrong):
            del found[group]
    return found


@exercise.faults(
    labels_inverted="The threshold is chosen by the harmful documents, as if they were the harmless ones. The limit "
    f"is on harmless documents that are removed. {_AGAIN}",
    over_all_documents="The limit is held against the share of *all* documents. It is on the harmless ones: of those, "
    f"how many go? {_AGAIN}",
    over_the_removed="The limit is held against the share of harmless ones among what is removed. That is another "
    f"measure. It is on the harmless documents: of those, how many go? {_AGAIN}",
    limit_on_misses="The limit is held against the harmful documents that stay. It is on the harmless ones that go. "
    f"{_AGAIN}",
    limit_in_documents=f"The limit is held against a number of documents. It is a share, from 0 to 1. {_AGAIN}",
    each_group="The limit is held against each group, so the threshold becomes higher than it needs to be. It is on "
    f"all harmless documents together; the report shows who pays. {_AGAIN}",
    strict_in_search=f"In the search, a document whose score is the threshold itself counts as one that stays. It is "
    f"removed. {_AGAIN}",
    strict_in_report=f"In the report, a document whose score is the threshold itself counts as one that stays. It is "
    f"removed. {_AGAIN}",
    strict_in_both=f"A document whose score is the threshold itself stays in your code. It is removed. {_AGAIN}",
    harmless_scores_only=f"Only the scores of harmless documents are tried. {_NOT_LOWEST} {_AGAIN}",
    harmful_scores_only="Only the scores of harmful documents are tried. The lowest score that keeps to the limit may "
    f"be that of a harmless one. {_AGAIN}",
    hundredths="Thresholds are tried in steps. The candidates are the scores themselves, which may lie anywhere. "
    f"{_AGAIN}",
    without_the_largest=f"The highest score is never tried. It may be the only one that keeps to the limit. {_AGAIN}",
    limit_left_out=f"A share that is just the limit is refused. At most the limit means that it may be reached. "
    f"{_AGAIN}",
    one_for_none=_NO_INFINITY,
    zero_for_none=_NO_INFINITY,
    minus_infinity_for_none=_NO_INFINITY,
    largest_for_none=_NO_INFINITY,
    none_for_none=_NO_INFINITY,
    fails_for_none=_NO_INFINITY,
    no_place_for_none=_NO_INFINITY,
    highest=f"The highest score that keeps to the limit is taken. {_NOT_LOWEST} {_AGAIN}",
    first_found="The first score in the list that keeps to the limit is taken. The documents come in no order: the "
    f"lowest such score is asked for. {_AGAIN}",
    last_found="The last score in the list that keeps to the limit is taken. The documents come in no order: the "
    f"lowest such score is asked for. {_AGAIN}",
    quantile="The threshold is a quantile of the harmless scores. It can lie between two scores, and the documents "
    f"that it meets exactly are removed as well. The lowest *score* that keeps to the limit is asked for. {_AGAIN}",
    one_too_low="The threshold is the last score that breaks the limit. The next higher one keeps to it. "
    f"{_AGAIN}",
    one_too_high=f"Your threshold is one score too high. {_NOT_LOWEST} {_AGAIN}",
    low_scores_removed="The report removes documents with low scores. The higher a score, the more harmful the "
    f"classifier finds the document. {_AGAIN}",
    over_the_group="In the report, errors are divided by all documents of a group. Each rate has its own kind below "
    f"the line: removed ones over harmless ones, missed ones over harmful ones. {_AGAIN}",
    over_everything="In the report, errors are divided by the number of all documents. Each rate is a share of one "
    f"kind in one group. {_AGAIN}",
    over_all_of_the_kind="In the report, the errors of a group are divided by the documents of that kind in all "
    f"groups. Each rate is a share of the group's own. {_AGAIN}",
    counts=f"The report counts errors. Shares are asked for, so that groups of different sizes can be compared. "
    f"{_AGAIN}",
    percent=f"The report is in percent. Shares from 0 to 1 are asked for. {_AGAIN}",
    rounded=f"The shares in the report are rounded. Return them as they are. {_AGAIN}",
    nan_for_empty=_EMPTY,
    one_for_empty=_EMPTY,
    none_for_empty=_EMPTY,
    fails_for_empty=_EMPTY,
    groups_left_out="Groups without harmless documents, or without harmful ones, are missing from the report. Each "
    f"group has an entry, with 0 where it has none of a kind. {_AGAIN}",
    same_for_all=f"Every group gets the same numbers, those of all documents. Count the group's own. {_AGAIN}",
    caught_not_missed="The second number is the share of harmful documents that are removed. The share that *stays* is "
    f"asked for. {_AGAIN}",
    harmless_kept="The first number is the share of harmless documents that stay. The share that is *removed* is "
    f"asked for. {_AGAIN}",
    share_of_removed="The first number is the share of harmless ones among what is removed. What is asked for is the "
    f"share of the harmless ones that go. {_AGAIN}",
    exchanged="The two numbers of each group are exchanged: first the share of harmless ones removed, then that of "
    f"harmful ones that stay. {_AGAIN}",
    false_alone=f"There is one number for each group. {_PAIRS}",
    added=f"The two errors of each group are added up. {_PAIRS}",
    threshold_alone=f"Your code returns the threshold alone. The errors of each group belong to it. {_AGAIN}",
    errors_alone=f"Your code returns the errors alone. The threshold comes first. {_AGAIN}",
    errors_first=f"Your code returns the errors before the threshold. The threshold comes first. {_AGAIN}",
    list_of_errors="The errors come without the groups' names. A dictionary is asked for, with the groups as keys. "
    f"{_AGAIN}",
)
def cutting(on: Switches) -> Any:
    """Choose a threshold, and report."""

    def harm_threshold(
        scores: Sequence[float], harmful: Sequence[bool], groups: Sequence[str], limit: float
    ) -> Any:
        documents = [*zip(scores, harmful, groups, strict=True)]
        threshold = _chosen(on, documents, limit)
        errors = _errors(on, documents, math.inf if threshold is None else threshold)
        if on("threshold_alone"):
            return threshold
        if on("errors_alone"):
            return errors
        if on("errors_first"):
            return errors, threshold
        return threshold, [*errors.values()] if on("list_of_errors") else errors

    return harm_threshold
