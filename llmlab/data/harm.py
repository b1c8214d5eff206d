"""Where a filter of harmful content cuts, and whom it costs.

A classifier gives each document a score, and a threshold makes a filter of it. The errors of such filters fall on some
people more than on others: classifiers of hate speech took tweets in African American English for offensive up to twice
as often (Sap et al., 2019, *The Risk of Racial Bias in Hate Speech Detection*), and C4's list of bad words removed
documents in minority dialects several times as often (Dodge et al., 2021, *Documenting Large Webtext Corpora*). That
both rates of errors be equal for all groups is one of several measures of fairness (Hardt et al., 2016, *Equality of
Opportunity in Supervised Learning*).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence


def harm_threshold(
    scores: Sequence[float], harmful: Sequence[bool], groups: Sequence[str], limit: float
) -> tuple[float, dict[str, tuple[float, float]]]:
    """Choose where a classifier of harmful content cuts, and report its errors by group.

    A document is removed when its score is at least the threshold.

    Args:
        scores: How harmful the classifier finds each document; larger is worse.
        harmful: Whether people found it harmful.
        groups: What each document belongs to: a dialect, a topic, a source.
        limit: The largest share of all harmless documents that may be removed, from 0 to 1.

    Returns:
        The threshold: the lowest score that keeps to the limit, infinity where none does. And for each group the share
        of its harmless documents that are removed (the false-positive rate), and the share of its harmful ones that
        stay (the miss rate); 0 where a group has none of the kind.

    Raises:
        ValueError: The three are not of one length.
    """
    documents = list(zip(scores, harmful, groups, strict=True))
    harmless = sorted(score for score, is_harmful, _ in documents if not is_harmful)

    def share_removed(threshold: float) -> float:
        return (len(harmless) - bisect_left(harmless, threshold)) / max(1, len(harmless))

    # The share falls as the threshold rises, so the first that keeps to the limit is the lowest.
    rising = sorted({*scores})
    place = bisect_left(rising, True, key=lambda score: share_removed(score) <= limit)
    threshold = rising[place] if place < len(rising) else math.inf
    errors = {}
    for group in dict.fromkeys(groups):
        own = [(score, is_harmful) for score, is_harmful, other in documents if other == group]
        removed = [score >= threshold for score, is_harmful in own if not is_harmful]
        missed = [score < threshold for score, is_harmful in own if is_harmful]
        errors[group] = (_share(removed), _share(missed))
    return threshold, errors


def _share(marks: Sequence[bool]) -> float:
    return sum(marks) / len(marks) if marks else 0.0
